//! Measured processes.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::cli::Baseline;
use crate::{clock, loopback, usage};

/// For a process to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    said: PathBuf,
    /// Where hooks go; `None` for a worker.
    pub(crate) public: Option<SocketAddr>,
    /// Its own listener.
    pub(crate) admin: Option<SocketAddr>,
}

impl Process {
    /// Starts a command whose words go to a file; returns when it listens.
    async fn start(command: &mut Command, said: PathBuf) -> anyhow::Result<Self> {
        let log = File::create(&said)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).env_clear();
        let child = command.spawn().with_context(|| format!("{:?}", command.get_program()))?;
        let mut process = Self { child, said, public: None, admin: None };
        let begun = clock::now();
        while clock::now() - begun < PATIENCE {
            let log = std::fs::read_to_string(&process.said)?;
            if let Some(line) = log.lines().find(|line| line.contains(r#""message":"listening""#)) {
                let line: Value = serde_json::from_str(line)?;
                let at = |name: &str| -> anyhow::Result<Option<SocketAddr>> {
                    let Some(text) = line[name].as_str() else { return Ok(None) };
                    text.parse().ok().map(loopback::only).transpose()
                };
                (process.public, process.admin) = (at("public")?, at("admin")?);
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                bail!("it ended before it listened ({status}):\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("it does not listen; see {}", process.said.display())
    }

    /// `ringback serve` with a configuration in a directory.
    pub(crate) async fn service(
        binary: &Path,
        dir: &Path,
        name: &str,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.current_dir(dir).arg("--config").arg(format!("{name}.toml")).arg("serve").args(arguments);
        Self::start(&mut command, dir.join(format!("{name}.log"))).await
    }

    /// A baseline, which is this binary again.
    pub(crate) async fn baseline(kind: Baseline, provider: &str, dir: &Path) -> anyhow::Result<Self> {
        let name = match kind {
            Baseline::Bare => "bare",
            Baseline::PassThrough => "pass-through",
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["baseline", name, provider]);
        Self::start(&mut command, dir.join(format!("{name}.log"))).await
    }

    /// CPU time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        usage::cpu(self.child.id())
    }

    /// The most memory so far, in MiB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        usage::peak_memory(self.child.id())
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let begun = clock::now();
        while self.child.try_wait()?.is_none() {
            if clock::now() - begun > PATIENCE {
                bail!("it does not stop; see {}", self.said.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
