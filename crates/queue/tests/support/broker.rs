//! A RabbitMQ of a test's own, to be killed, stopped, alarmed and emptied.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use otp::{Clock as _, SystemClock};

const BIN: &str = "/usr/lib/rabbitmq/bin";
/// To start, or to start again.
const PATIENCE: Duration = Duration::from_secs(90);

/// One node. Killed and deleted when dropped.
pub(crate) struct Broker {
    dir: tempfile::TempDir,
    port: u16,
    dist: u16,
    epmd: u16,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

impl Broker {
    /// Prepared, not started.
    pub(crate) fn new() -> Self {
        assert!(
            Path::new(BIN).join("rabbitmq-server").exists(),
            "RabbitMQ is not installed: {BIN}/rabbitmq-server is not there, and this test starts a broker of its own"
        );
        let dir = tempfile::tempdir().unwrap();
        let broker = Self { dir, port: free_port(), dist: free_port(), epmd: free_port() };
        for sub in ["home", "mnesia", "log"] {
            std::fs::create_dir(broker.path(sub)).unwrap();
        }
        std::fs::write(broker.path("enabled_plugins"), "[].").unwrap();
        std::fs::write(
            broker.path("rabbitmq.conf"),
            format!("listeners.tcp.default = 127.0.0.1:{}\n", broker.port),
        )
        .unwrap();
        if root() {
            let chown =
                Command::new("chown").args(["-R", "rabbitmq"]).arg(broker.dir.path()).status().unwrap();
            assert!(chown.success(), "the private RabbitMQ's directory cannot be given to the user rabbitmq");
        }
        broker
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    fn command(&self, program: &str) -> Command {
        let program = Path::new(BIN).join(program);
        // Neither server nor tools run as root.
        let mut command = if root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "rabbitmq", "--preserve-environment", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .current_dir(self.dir.path())
            .env("HOME", self.path("home"))
            .env("RABBITMQ_NODENAME", format!("ringback-test-{}@localhost", self.port))
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.dist.to_string())
            .env("ERL_EPMD_PORT", self.epmd.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.path("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.path("log"))
            .env("RABBITMQ_PID_FILE", self.path("pid"))
            .env("RABBITMQ_CONFIG_FILE", self.path("rabbitmq"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.path("enabled_plugins"))
            .stdin(Stdio::null());
        command
    }

    /// Starts it and waits until it takes connections.
    #[expect(clippy::zombie_processes, reason = "it ends with the test, whose process waits for nobody")]
    pub(crate) async fn start(&self) {
        let log = std::fs::File::create(self.path("out")).unwrap();
        let error = log.try_clone().unwrap();
        let started = self.command("rabbitmq-server").stdout(log).stderr(error).spawn();
        let mut server = started.expect("the private RabbitMQ cannot be started");
        let begin = SystemClock.monotonic();
        while !self.speaks() {
            let out = || std::fs::read_to_string(self.path("out")).unwrap_or_default();
            assert!(server.try_wait().unwrap().is_none(), "the private RabbitMQ ended at once: {}", out());
            assert!(begin.elapsed() < PATIENCE, "the private RabbitMQ did not start: {}", out());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether something answers AMQP's greeting.
    fn speaks(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0; 1];
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(b"AMQP\0\0\x09\x01").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer == [1]
    }

    pub(crate) fn ctl(&self, arguments: &[&str]) {
        let output = self.command("rabbitmqctl").args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "rabbitmqctl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn pid(&self) -> Option<String> {
        std::fs::read_to_string(self.path("pid")).ok().map(|pid| pid.trim().to_owned())
    }

    /// `KILL`, `STOP` or `CONT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().expect("the private RabbitMQ has a pid");
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        assert!(sent.success(), "kill -{signal} {pid}");
    }

    /// Kills it as a power cut would, and waits until it is gone.
    pub(crate) async fn kill(&self) {
        self.signal("KILL");
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The next start writes its own.
        let _ = std::fs::remove_file(self.path("pid"));
        // The name is given up by the name server when it notices.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    /// Makes a killed one forget everything.
    pub(crate) fn empty(&self) {
        std::fs::remove_dir_all(self.path("mnesia")).unwrap();
        std::fs::create_dir(self.path("mnesia")).unwrap();
        if root() {
            let chown = Command::new("chown").arg("rabbitmq").arg(self.path("mnesia")).status().unwrap();
            assert!(chown.success(), "the private RabbitMQ's directory cannot be given to the user rabbitmq");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
        // The Erlang name server on this node's own port.
        let _ = Command::new("epmd")
            .args(["-port", &self.epmd.to_string(), "-kill"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
