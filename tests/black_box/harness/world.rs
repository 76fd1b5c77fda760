//! Everything a test needs.

use std::path::{Path, PathBuf};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use sim::{Channel, LoginOutcome, OktaOrg, Options, Sim, User};
use tempfile::TempDir;

use super::books;
use super::cli::{Said, ringback};
use lab::{PATIENCE, Reply, Row, SECRET, Server, Settings, client, until};

/// For the books of a new world.
const BOOKS: std::time::Duration = std::time::Duration::from_secs(10);

/// Simulators, a directory and the running binary.
pub(crate) struct World {
    // The process first: it is gone before what it talks to.
    pub(crate) server: Server,
    pub(crate) sim: Sim,
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) place: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A world with settings of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let okta = OktaOrg {
            hook_secret: settings.secrets.last().unwrap().clone(),
            hook_header: settings.header.clone(),
            ..OktaOrg::default()
        };
        let sim = Sim::start(Options { okta, ..Options::default() }).await.unwrap();
        let place = lab::os::scratch("world-");
        let server = serve(&settings, &sim, place.path()).await;
        if settings.ledger == Settings::default().ledger {
            // Where the disk is busy, codes are taken before there are books to look at.
            let there = async || (!server.lines("the books answer").is_empty()).then_some(());
            let _ = tokio::time::timeout(BOOKS, until("there are books", there)).await;
        }
        let world = Self { server, sim, settings, client: client(), place };
        world.introduce();
        world
    }

    /// Tells the simulated Okta where its hooks are.
    fn introduce(&self) {
        self.sim.okta().point_at(&self.url("/okta/main/telephony"), &self.url("/okta/main/events"));
    }

    /// Starts the binary again, after its end, with the settings as they are now.
    pub(crate) async fn start_again(&mut self) {
        self.server = serve(&self.settings, &self.sim, self.place.path()).await;
        self.client = client();
        self.introduce();
    }

    /// `kill -9`, and a start.
    pub(crate) async fn crash(&mut self) {
        self.server.kill();
        self.start_again().await;
    }

    /// SIGTERM, a clean end, and a start.
    pub(crate) async fn restart(&mut self) {
        self.server.terminate();
        assert!(self.server.ended().await.success());
        self.start_again().await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.public)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A request with the right secret.
    pub(crate) fn signed(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).header(&self.settings.header, SECRET)
    }

    /// Calls the telephony hook; the answer is 200.
    pub(crate) async fn hook(&self, body: &Value) -> Reply {
        let reply = Reply::to(self.signed(Method::POST, "/okta/main/telephony").json(body)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    }

    /// Calls the telephony hook with any bytes.
    pub(crate) async fn hook_bytes(&self, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.signed(Method::POST, "/okta/main/telephony");
        Reply::to(request.header("content-type", "application/json").body(body)).await
    }

    /// Delivers events in an envelope; the answer is 200 with nothing in it.
    pub(crate) async fn deliver(&self, body: &Value) {
        let reply = Reply::to(self.signed(Method::POST, "/okta/main/events").json(body)).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""), "{reply:?}");
    }

    /// Delivers any bytes to the event hook.
    pub(crate) async fn deliver_bytes(&self, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.signed(Method::POST, "/okta/main/events");
        Reply::to(request.header("content-type", "application/json").body(body)).await
    }

    /// Adds a user to the simulated org.
    pub(crate) fn user(&self, name: &str) -> User {
        let user = lab::user(name);
        self.sim.okta().add_user(user.clone());
        user
    }

    /// A user signs in, asks for a code, and Okta takes it as sent.
    pub(crate) async fn login(&self, user: &User, channel: Channel) -> LoginOutcome {
        let login = self.sim.okta().login(&user.id, channel).await.unwrap();
        assert!(login.is_sent(), "{login:?}");
        login
    }

    /// A user types the code, and Okta delivers what happened.
    pub(crate) async fn type_in(&self, user: &User, code: &str) {
        self.sim.okta().enter_code(&user.id, code).await.unwrap();
        let delivered = self.sim.okta().flush_events().await.unwrap();
        assert!(delivered.is_received(), "{delivered:?}");
        assert_eq!(delivered.body, "");
    }

    /// What a query on the ledger says now.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        books::rows(&self.path("data/ledger.db"), sql).await
    }

    /// What a query on the ledger says once it is as wanted.
    pub(crate) async fn rows_when(&self, sql: &str, wanted: impl Fn(&[Row]) -> bool) -> Vec<Row> {
        let begun = std::time::Instant::now();
        loop {
            let rows = self.rows(sql).await;
            if wanted(&rows) {
                return rows;
            }
            assert!(begun.elapsed() < PATIENCE, "{sql} never came out right; now: {rows:#?}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The one row of a query, once there is exactly one and its column `name` is `value`.
    pub(crate) async fn row_when(&self, sql: &str, name: &str, value: &str) -> Row {
        let rows = self.rows_when(sql, |rows| rows.len() == 1 && &rows[0][name] == value).await;
        rows[0].clone()
    }

    /// The transaction of a hook, once it is settled and answered.
    pub(crate) async fn transaction(&self, event_id: &str) -> Row {
        let sql = format!("SELECT * FROM otp_transactions WHERE okta_event_id = '{event_id}'");
        let settled = |rows: &[Row]| rows.len() == 1 && &rows[0]["status"] != "received";
        self.rows_when(&sql, settled).await[0].clone()
    }

    /// The calls to providers for a transaction, in order.
    pub(crate) async fn attempts(&self, transaction: &Row) -> Vec<Row> {
        self.rows(&format!(
            "SELECT * FROM send_attempts WHERE transaction_id = '{}' ORDER BY n",
            &transaction["id"]
        ))
        .await
    }

    /// An event, once it is in this state.
    pub(crate) async fn event_when(&self, uuid: &str, state: &str) -> Row {
        self.row_when(&format!("SELECT * FROM okta_events WHERE uuid = '{uuid}'"), "state", state).await
    }

    /// Waits until everything that is on disk is in the books.
    pub(crate) async fn drained(&self) {
        until("everything is in the books", async || {
            let ready: Value = serde_json::from_str(&self.admin("/readyz").await.text).unwrap();
            (ready["ledger"]["pending"] == 0).then_some(())
        })
        .await;
    }

    pub(crate) fn admin_url(&self) -> String {
        format!("http://{}", self.server.admin)
    }

    /// Asks the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> Reply {
        Reply::to(self.client.get(format!("http://{}{path}", self.server.admin))).await
    }

    /// Runs a command with this world's settings.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Said {
        let config = self.path("ringback.toml");
        let arguments: Vec<&str> =
            ["--config", config.to_str().unwrap()].iter().chain(arguments).copied().collect();
        ringback(self.place.path(), &arguments, &[]).await
    }
}

async fn serve(settings: &Settings, sim: &Sim, dir: &Path) -> Server {
    let config = dir.join("ringback.toml");
    std::fs::write(&config, settings.toml(sim)).unwrap();
    Server::start(dir, &config, settings).await
}
