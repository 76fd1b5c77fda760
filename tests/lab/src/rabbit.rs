//! A RabbitMQ of one's own, which may be treated badly.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command as BlockingCommand, Stdio};
use std::time::Duration;

use lapin::{Connection, ConnectionProperties};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::os::{self, Account, account, descendants, free_port, signal};
use crate::wait::until_within;

const BIN: &str = "/usr/lib/rabbitmq/bin";
/// Its start takes about ten seconds on a busy machine.
const START: Duration = Duration::from_secs(90);

/// A node with directories, ports and a name of its own. Dropped, it is killed and removed.
pub struct PrivateRabbit {
    child: Option<Child>,
    /// The port mapper: ours, because Erlang would start one that outlives everybody.
    epmd: Child,
    port: u16,
    environment: Vec<(String, String)>,
    account: Option<Account>,
    place: TempDir,
}

impl PrivateRabbit {
    /// Starts one.
    pub async fn start() -> Self {
        assert!(
            PathBuf::from(BIN).join("rabbitmq-server").exists(),
            "no RabbitMQ at {BIN}: ./tests/run installs it"
        );
        let account = account("rabbitmq");
        let place = os::scratch("lab-rabbitmq-");
        let dir = place.path();
        std::fs::set_permissions(dir, PermissionsExt::from_mode(0o755)).unwrap();
        for name in ["home", "mnesia", "log"] {
            std::fs::create_dir(dir.join(name)).unwrap();
        }
        let (port, epmd_port) = (free_port(), free_port());
        std::fs::write(dir.join("plugins"), "[].\n").unwrap();
        let config =
            format!("listeners.tcp.default = 127.0.0.1:{port}\nvm_memory_high_watermark.absolute = 4GB\n");
        std::fs::write(dir.join("rabbitmq.conf"), config).unwrap();
        os::give(dir, account);
        let at = |name: &str| dir.join(name).to_str().unwrap().to_owned();
        let environment = [
            ("HOME", at("home")),
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("RABBITMQ_NODENAME", format!("lab{port}@localhost")),
            ("RABBITMQ_NODE_PORT", port.to_string()),
            ("RABBITMQ_DIST_PORT", free_port().to_string()),
            ("ERL_EPMD_PORT", epmd_port.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_MNESIA_BASE", at("mnesia")),
            ("RABBITMQ_LOG_BASE", at("log")),
            ("RABBITMQ_PID_FILE", at("pid")),
            ("RABBITMQ_CONFIG_FILE", at("rabbitmq")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins")),
        ];
        let environment: Vec<_> =
            environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut epmd = BlockingCommand::new("epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &epmd_port.to_string()]);
        let epmd = spawn(epmd, account);
        let mut node = Self { child: None, epmd, port, environment, account, place };
        node.start_again().await;
        node
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The URL of its virtual host.
    pub fn url(&self) -> String {
        url_at(self.addr())
    }

    /// Where its files are.
    pub fn data(&self) -> PathBuf {
        self.place.path().join("mnesia")
    }

    /// Starts it after its end, with what it had.
    pub async fn start_again(&mut self) {
        self.launch();
        self.wait_until_up().await;
    }

    /// Starts it and does not wait for it.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "it is running");
        let mut command = self.command("rabbitmq-server");
        let out = std::fs::File::create(self.place.path().join("out")).unwrap();
        command.stdout(out.try_clone().unwrap()).stderr(out);
        self.child = Some(spawn(command, self.account));
    }

    /// Returns once it takes connections.
    pub async fn wait_until_up(&mut self) {
        let url = self.url();
        until_within(START, "RabbitMQ answers", async || {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "RabbitMQ ended: {ended:?}\n{}", self.log());
            let connection = connect(&url).await?;
            let _ = connection.close(200, "".into()).await;
            Some(())
        })
        .await;
    }

    /// `kill -9` of every process it has.
    pub async fn kill9(&mut self) {
        os::kill_all(self.pid()).await;
        self.child.take().unwrap().wait().await.unwrap();
    }

    /// Every process it has stands still.
    pub fn freeze(&self) {
        descendants(self.pid()).into_iter().for_each(|pid| signal(pid, "STOP"));
    }

    /// And goes on.
    pub fn thaw(&self) {
        descendants(self.pid()).into_iter().for_each(|pid| signal(pid, "CONT"));
    }

    /// The broker ends and its node stays; or comes back.
    pub async fn app(&self, up: bool) {
        self.control(&[if up { "start_app" } else { "stop_app" }]).await;
    }

    /// Publishers are held back as if memory were short.
    pub async fn memory_alarm(&self, on: bool) {
        let mark = if on { ["0.000001"] } else { ["0.6"] };
        self.control(&[&["set_vm_memory_high_watermark"], &mark[..]].concat()).await;
    }

    /// Publishers are held back as if the disk were full.
    pub async fn disk_alarm(&self, on: bool) {
        self.control(&["set_disk_free_limit", if on { "100000GB" } else { "1MB" }]).await;
    }

    /// Forgets everything: a broker that was built anew.
    pub async fn wipe(&mut self) {
        if self.child.is_some() {
            self.kill9().await;
        }
        std::fs::remove_dir_all(self.data()).unwrap();
        std::fs::create_dir(self.data()).unwrap();
        os::give(&self.data(), self.account);
        self.start_again().await;
    }

    /// Runs `rabbitmqctl`, which has to succeed; gives what it says.
    pub async fn control(&self, arguments: &[&str]) -> String {
        let mut command = self.command("rabbitmqctl");
        command.args(["-q"]).args(arguments);
        let said = Command::from(command).kill_on_drop(true).output();
        let said = timeout(Duration::from_secs(60), said).await.expect("rabbitmqctl never ends").unwrap();
        assert!(said.status.success(), "rabbitmqctl {arguments:?}: {said:?}\n{}", self.log());
        String::from_utf8(said.stdout).unwrap()
    }

    /// Whether there is a process.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// What it said when it started.
    pub fn log(&self) -> String {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let logs = std::fs::read_dir(self.place.path().join("log")).into_iter().flatten();
        let logs = logs.filter_map(|entry| Some(read(entry.ok()?.path())));
        let text = logs.fold(read(self.place.path().join("out")), |all, log| all + &log);
        let tail = text.len().saturating_sub(20_000);
        text.get(tail..).unwrap_or(&text).to_owned()
    }

    fn command(&self, program: &str) -> BlockingCommand {
        let mut command = BlockingCommand::new(PathBuf::from(BIN).join(program));
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(self.place.path());
        command.stdin(Stdio::null());
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap()
    }
}

impl Drop for PrivateRabbit {
    fn drop(&mut self) {
        // The node is a child of a shell; what the shell has started goes with it.
        if let Some(pid) = self.child.as_ref().and_then(Child::id) {
            descendants(pid).into_iter().chain([pid]).for_each(|pid| signal(pid, "KILL"));
        }
        if let Some(pid) = self.epmd.id() {
            signal(pid, "KILL");
        }
    }
}

fn spawn(mut command: BlockingCommand, account: Option<Account>) -> Child {
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    Command::from(command).kill_on_drop(true).spawn().unwrap()
}

/// A connection, if there is somebody.
pub async fn connect(url: &str) -> Option<Connection> {
    let connecting = Connection::connect(url, ConnectionProperties::default());
    timeout(Duration::from_secs(5), connecting).await.ok()?.ok()
}

/// The URL of the default virtual host behind an address.
pub fn url_at(addr: SocketAddr) -> String {
    format!("amqp://guest:guest@{addr}/%2f")
}
