//! `ringback serve`, running.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::os::signal;
use crate::settings::Settings;
use crate::wait::until;

/// A process that listens. Dropped, it is killed; and when a test has failed, its log is printed.
pub struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    deaf: Arc<AtomicBool>,
    /// Where Okta calls; port 0 for a worker.
    pub public: SocketAddr,
    /// Health, readiness, metrics.
    pub admin: SocketAddr,
}

impl Server {
    /// Starts the binary in `dir`; returns once it listens.
    pub async fn start(dir: &Path, config: &Path, settings: &Settings) -> Self {
        let mut server = Self::launch(dir, config, settings);
        server.listening().await;
        server
    }

    /// Starts the binary in `dir`; it may end before it listens.
    pub fn launch(dir: &Path, config: &Path, settings: &Settings) -> Self {
        let mut child = command(settings)
            .current_dir(dir)
            .arg("--config")
            .arg(config)
            .arg("serve")
            .args(settings.role.iter().flat_map(|role| ["--role", role]))
            .env_clear()
            .envs(settings.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let deaf = Arc::new(AtomicBool::new(false));
        let file = settings.log_file.as_ref().map(|name| dir.join(name));
        collect(child.stderr.take().unwrap(), log.clone(), deaf.clone(), file);
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { child, log, deaf, public: unknown, admin: unknown }
    }

    /// Returns once it listens.
    pub async fn listening(&mut self) {
        let found = until("the server listens", async || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended before it listened: {status}\n{}", self.log());
            }
            self.addresses()
        })
        .await;
        (self.public, self.admin) = found;
    }

    /// Returns once it listens or has ended; whether it listens.
    pub async fn listens_or_ends(&mut self) -> bool {
        let found = until("the server listens or ends", async || {
            if self.child.try_wait().unwrap().is_some() {
                return Some(None);
            }
            self.addresses().map(Some)
        })
        .await;
        if let Some((public, admin)) = found {
            (self.public, self.admin) = (public, admin);
        }
        found.is_some()
    }

    fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("\"message\":\"listening\""))?;
        let line: Value = serde_json::from_str(line).ok()?;
        let address = |name: &str| line[name].as_str().and_then(|text| text.parse().ok());
        // A worker has nothing that Okta calls.
        Some((address("public").unwrap_or(self.public), address("admin")?))
    }

    /// Everything it wrote to standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The lines of its log with this message.
    pub fn lines(&self, message: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }

    /// Leaves standard error open, and what is written there lying about.
    pub fn stop_reading(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }

    /// No warning, no farewell.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        signal(self.child.id(), "TERM");
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        until("the server ends", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(20_000);
            let tail = (tail..log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(log.len());
            eprintln!("--- log of the server ---\n{}", &log[tail..]);
        }
    }
}

/// The binary under test: the test runner has built it beside the tests.
pub fn binary() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let dir = me.parent().unwrap();
    let dir = if dir.ends_with("deps") { dir.parent().unwrap() } else { dir };
    dir.join("ringback")
}

/// The crash points that the binary itself lists.
pub fn crash_points() -> Vec<String> {
    let said = Command::new(binary()).arg("crash-points").output().unwrap();
    assert!(said.status.success(), "{said:?}: build it as ./tests/run does, with ringback/crash-points");
    let names: Vec<_> = String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect();
    assert!(names.len() > 12, "{names:?}");
    names
}

fn command(settings: &Settings) -> Command {
    if settings.limits.is_none() && settings.runner.is_none() {
        return Command::new(binary());
    }
    let limits = settings.limits.as_deref().unwrap_or("true");
    let runner = settings.runner.as_deref().unwrap_or_default();
    let mut command = Command::new("/bin/sh");
    // The process takes the shell's place, so it is the one that is killed.
    command.args(["-c", &format!("{limits} && exec {runner} \"$0\" \"$@\"")]).arg(binary());
    command
}

fn collect(
    from: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    deaf: Arc<AtomicBool>,
    file: Option<PathBuf>,
) {
    let mut file = file.map(|path| OpenOptions::new().create(true).append(true).open(path).unwrap());
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            log.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            if let Some(file) = &mut file {
                file.write_all(&line).unwrap();
            }
            line.clear();
            while deaf.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(100));
            }
        }
    });
}
