//! The service, as it would be deployed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::books::Books;
use crate::cli::{Cli, Profile};
use crate::connection::Connection;
use crate::process::Process;
use crate::provider::Provider;
use crate::{clock, config};

/// For the books to catch up.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running deployment, on files of its own.
pub(crate) struct Deployment {
    /// By name, the one that takes hooks first.
    pub(crate) processes: Vec<(&'static str, Process)>,
    pub(crate) books: Books,
    /// When it listened.
    pub(crate) since: Instant,
    /// Where its files are.
    pub(crate) dir: TempDir,
}

impl Deployment {
    pub(crate) async fn start(
        profile: Profile,
        cli: &Cli,
        provider: &Provider,
        backup: Option<&Provider>,
    ) -> anyhow::Result<Self> {
        let binary = match &cli.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("ringback"),
        };
        ensure!(binary.exists(), "{} is missing: cargo build --release -p ringback", binary.display());
        let mut dir = TempDir::new()?;
        dir.disable_cleanup(cli.keep);
        let books = Books::make(profile, &dir, cli).await?;
        let roles: &[(&'static str, &[&str])] = match profile {
            Profile::Production => &[("ingress", &["--role", "ingress"]), ("worker", &["--role", "worker"])],
            Profile::Embedded | Profile::Both => &[("ringback", &[])],
        };
        for (name, _) in roles {
            let backup = backup.map(Provider::url);
            config::write(dir.path(), name, profile, &provider.url(), backup.as_deref(), &books.url(), cli)?;
        }
        migrate(&binary, dir.path(), roles[0].0)?;
        let mut processes = Vec::new();
        for (name, arguments) in roles {
            processes.push((*name, Process::service(&binary, dir.path(), name, arguments).await?));
        }
        Ok(Self { processes, books, since: clock::now(), dir })
    }

    /// Where Okta calls.
    pub(crate) fn public(&self) -> anyhow::Result<SocketAddr> {
        self.processes[0].1.public.context("the service does not say where it listens")
    }

    /// CPU time of all its processes.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.processes.iter().map(|(_, process)| process.cpu()).sum()
    }

    /// Waits until everything that is on disk is in the books, and no event waits.
    pub(crate) async fn caught_up(&self) -> anyhow::Result<()> {
        let begun = clock::now();
        for (_, process) in &self.processes {
            let Some(admin) = process.admin else { continue };
            while !is_caught_up(admin).await? {
                if clock::now() - begun > PATIENCE {
                    bail!("the books do not catch up");
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(())
    }

    /// How the first provider's breaker stands.
    pub(crate) async fn breaker(&self) -> anyhow::Result<String> {
        let admin =
            self.processes[0].1.admin.context("the service does not say where its admin listener is")?;
        let ready = readyz(admin).await?;
        let state = ready["providers"]["breakers"][0]["state"].as_str();
        Ok(state.context("no breaker in /readyz")?.to_owned())
    }

    /// Stops it and removes what it wrote.
    pub(crate) async fn end(self) -> anyhow::Result<PathBuf> {
        for (_, process) in self.processes {
            process.stop().await?;
        }
        self.books.remove().await?;
        Ok(self.dir.path().to_owned())
    }
}

async fn readyz(admin: SocketAddr) -> anyhow::Result<Value> {
    let mut connection = Connection::open(admin).await?;
    let request = "GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    Ok(connection.ask(request.as_bytes(), |_, body| serde_json::from_slice(body)).await??)
}

async fn is_caught_up(admin: SocketAddr) -> anyhow::Result<bool> {
    let ready = readyz(admin).await?;
    let waiting = |part: &str| ready[part]["pending"].as_u64().unwrap_or(0);
    Ok(waiting("ledger") == 0 && waiting("queue") == 0)
}

fn migrate(binary: &Path, dir: &Path, name: &str) -> anyhow::Result<()> {
    let mut command = Command::new(binary);
    let output = command.current_dir(dir).args(["--config", &format!("{name}.toml"), "migrate"]).output()?;
    ensure!(output.status.success(), "migrate: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
