//! `ringback serve`, running.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::settings::Settings;
use super::wait::until;

/// A process that listens. Dropped, it is killed; and when a test has failed, its log is printed.
pub(crate) struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    deaf: Arc<AtomicBool>,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Server {
    /// Starts the binary in `dir`; returns once it listens.
    pub(crate) async fn start(dir: &Path, config: &Path, settings: &Settings) -> Self {
        let mut child = command(settings)
            .current_dir(dir)
            .arg("--config")
            .arg(config)
            .arg("serve")
            .env_clear()
            .envs(settings.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let deaf = Arc::new(AtomicBool::new(false));
        collect(child.stderr.take().unwrap(), log.clone(), deaf.clone());
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, log, deaf, public: unknown, admin: unknown };
        (server.public, server.admin) = until("the server listens", async || server.addresses()).await;
        server
    }

    fn addresses(&mut self) -> Option<(SocketAddr, SocketAddr)> {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("it ended before it listened: {status}\n{}", self.log());
        }
        let log = self.log();
        let line = log.lines().find(|line| line.contains("\"message\":\"listening\""))?;
        let line: Value = serde_json::from_str(line).ok()?;
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        Some((address("public"), address("admin")))
    }

    /// Everything it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The lines of its log with this message.
    pub(crate) fn lines(&self, message: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }

    /// Leaves standard error open, and what is written there lying about.
    pub(crate) fn stop_reading(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }

    /// No warning, no farewell.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
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

fn command(settings: &Settings) -> Command {
    let binary = env!("CARGO_BIN_EXE_ringback");
    let Some(limits) = &settings.limits else { return Command::new(binary) };
    let mut command = Command::new("/bin/sh");
    // The process takes the shell's place, so it is the one that is killed.
    command.args(["-c", &format!("{limits} && exec \"$0\" \"$@\""), binary]);
    command
}

fn collect(from: impl Read + Send + 'static, log: Arc<Mutex<String>>, deaf: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            log.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
            while deaf.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(100));
            }
        }
    });
}
