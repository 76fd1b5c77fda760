//! A Postgres of one's own, which may be treated badly.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command as BlockingCommand, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::books::{self, Row};
use crate::os::{self, Account, account, descendants, free_port, signal};
use crate::wait::until;

/// How a server is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended in order (57P01).
    Fast,
    /// Everything is dropped; the next start recovers.
    Immediate,
}

/// A server with a directory and a port of its own. Dropped, it is ended and removed.
pub struct PrivatePostgres {
    child: Option<Child>,
    port: u16,
    settings: Vec<(String, String)>,
    data: PathBuf,
    mounted: bool,
    account: Option<Account>,
    place: TempDir,
}

impl PrivatePostgres {
    /// Starts one as it comes.
    pub async fn start() -> Self {
        Self::with(&[], None).await
    }

    /// Starts one with settings of its own, on a file system of so many MiB if that is wanted.
    pub async fn with(settings: &[(&str, &str)], disk_mib: Option<u32>) -> Self {
        let account = account("postgres");
        let template = template(account);
        let place = os::scratch("lab-postgres-");
        std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let data = place.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if let Some(size) = disk_mib {
            let size = format!("size={size}m");
            os::run(BlockingCommand::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&data));
        }
        os::run(BlockingCommand::new("cp").arg("-a").arg(template.join(".")).arg(&data));
        std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).unwrap();
        os::give(place.path(), account);
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (port, settings) = (free_port(), settings.collect());
        let mut server =
            Self { child: None, port, settings, data, mounted: disk_mib.is_some(), account, place };
        server.start_again().await;
        server
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        url_at(self.addr())
    }

    /// Where its files are.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Starts it after its end, on the same data and port.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it is running");
        self.launch();
        let options = self.options();
        until("Postgres answers", async || {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "Postgres ended: {ended:?}\n{}", self.log());
            options.connect().await.ok()
        })
        .await;
    }

    /// Starts it and does not wait for it: a full disk may keep it from coming up.
    pub fn launch(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = BlockingCommand::new(postgres_bin().join("postgres"));
        command.arg("-D").arg(&self.data).args(["-p", &self.port.to_string()]);
        command.arg("-k").arg(self.place.path());
        let ours = [("listen_addresses", "127.0.0.1"), ("shared_buffers", "32MB")];
        let settings = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in ours.into_iter().chain(settings) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).current_dir("/");
        self.child = Some(Command::from(command).kill_on_drop(true).spawn().unwrap());
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self, how: Stop) {
        let name = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
        };
        signal(self.pid(), name);
        self.child.take().unwrap().wait().await.unwrap();
    }

    /// `kill -9` of every process it has.
    pub async fn kill9(&mut self) {
        os::kill_all(self.pid()).await;
        self.child.take().unwrap().wait().await.unwrap();
    }

    /// Every process it has stands still.
    pub fn freeze(&self) {
        signal(self.pid(), "STOP");
        descendants(self.pid()).into_iter().for_each(|pid| signal(pid, "STOP"));
    }

    /// And goes on.
    pub fn thaw(&self) {
        descendants(self.pid()).into_iter().for_each(|pid| signal(pid, "CONT"));
        signal(self.pid(), "CONT");
    }

    /// Starts it again if it has given up by itself.
    pub async fn revive(&mut self) {
        if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
            self.child = None;
            self.start_again().await;
        }
    }

    /// Whether there is a process.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Changes a setting of all sessions from now on.
    pub async fn set(&self, name: &str, value: &str) {
        self.execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await;
        self.execute("SELECT pg_reload_conf()").await;
    }

    /// A session of its own.
    pub async fn session(&self) -> PgConnection {
        self.options().connect().await.unwrap()
    }

    /// Runs statements.
    pub async fn execute(&self, sql: &str) {
        let mut session = self.session().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut session).await.unwrap();
        session.close().await.unwrap();
    }

    /// What a query says now.
    pub async fn rows(&self, sql: &str) -> Vec<Row> {
        books::rows(&self.url(), sql).await.unwrap()
    }

    /// Everything it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.place.path().join("log")
    }

    fn options(&self) -> PgConnectOptions {
        self.url().parse().unwrap()
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap()
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child
            && let Some(pid) = child.id()
        {
            // It may stand still.
            descendants(pid).into_iter().chain([pid]).for_each(|pid| signal(pid, "CONT"));
            signal(pid, "QUIT");
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(3) && matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        if self.mounted {
            // Lazily: a process may still be on its way out.
            let _ = BlockingCommand::new("umount").arg("-l").arg(&self.data).status();
        }
    }
}

/// The URL of the database behind an address.
pub fn url_at(addr: SocketAddr) -> String {
    format!("postgres://postgres@{addr}/postgres")
}

/// A fresh data directory, made once and copied from then on.
fn template(account: Option<Account>) -> PathBuf {
    let bin = postgres_bin();
    let version = bin.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let user = account.map_or_else(String::new, |account| format!("-{}", account.uid));
    let ready = std::env::temp_dir().join(format!("ringback-lab-postgres-{version}{user}"));
    if ready.join("PG_VERSION").exists() {
        return ready;
    }
    let draft = tempfile::Builder::new().prefix("lab-initdb-").tempdir().unwrap();
    std::fs::set_permissions(draft.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let data = draft.path().join("data");
    std::fs::create_dir(&data).unwrap();
    os::give(&data, account);
    let mut command = BlockingCommand::new(bin.join("initdb"));
    command.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "--no-sync"]).current_dir("/");
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    os::run(&mut command);
    // Whoever else made one at the same time has won, and theirs is as good.
    if std::fs::rename(&data, &ready).is_err() {
        assert!(ready.join("PG_VERSION").exists(), "no template at {}", ready.display());
    }
    ready
}

fn postgres_bin() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let newest = versions
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("postgres").exists())
        .max_by_key(|bin| bin.parent().unwrap().file_name().unwrap().to_str().unwrap().parse::<u32>().ok());
    newest.unwrap_or_else(|| panic!("no Postgres under /usr/lib/postgresql: ./tests/run installs it"))
}
