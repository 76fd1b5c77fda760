//! Everything that a production set-up has, on one machine, with a wire that can be cut between any two.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use sim::{Channel, LoginOutcome, OktaOrg, Options, Sim, User};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::balancer::Balancer;
use crate::books::{Row, rows};
use crate::client::{Reply, SECRET, client};
use crate::invariants::{self, Violation};
use crate::load::{Load, Pace};
use crate::os;
use crate::postgres::{self, PrivatePostgres};
use crate::process::Server;
use crate::proxy::FaultProxy;
use crate::rabbit::{self, PrivateRabbit};
use crate::scan::Secrets;
use crate::settings::Settings;
use crate::truth::{self, Witness};
use crate::wait::{PATIENCE, until};

/// 32 bytes that every process of a bench has in common.
const KEY: &str = "bGFiLWxhYi1sYWItbGFiLWxhYi1sYWItbGFiLWxhYi0=";
/// Queues behind the prefix.
const QUEUES: [&str; 6] =
    ["events", "events.dead", "events.delay.2s", "events.delay.5s", "events.delay.15s", "events.delay.60s"];
/// After any outage (P11).
pub const RECOVERY: Duration = Duration::from_secs(60);

/// A process with a name, which may be there or not.
pub struct Node {
    /// `ingress-1`, `worker-2`; its journal is called so too.
    pub name: String,
    /// What it is started with next.
    pub settings: Settings,
    server: Option<Server>,
    armed: bool,
    dir: PathBuf,
}

impl Node {
    /// Starts it; returns once it listens.
    pub async fn start(&mut self, sim: &Sim) {
        self.launch(sim);
        self.server.as_mut().unwrap().listening().await;
    }

    /// Starts it; it may end before it listens.
    pub fn launch(&mut self, sim: &Sim) {
        let config = self.dir.join(format!("{}.toml", self.name));
        std::fs::write(&config, self.settings.toml(sim)).unwrap();
        self.armed = !self.settings.environment.is_empty();
        self.server = Some(Server::launch(&self.dir, &config, &self.settings));
    }

    /// The process.
    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap_or_else(|| panic!("{} is not running", self.name))
    }

    /// The process, to be treated badly.
    pub fn server_mut(&mut self) -> &mut Server {
        self.server.as_mut().unwrap_or_else(|| panic!("{} is not running", self.name))
    }

    /// Whether it runs. A process that a crash point has ended does not.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.has_ended().is_none())
    }

    /// Whether it was started with something of its own in its environment: a crash point.
    pub fn is_armed(&self) -> bool {
        self.armed
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill();
        }
    }

    /// SIGTERM, and a clean end.
    pub async fn stop(&mut self) {
        if let Some(server) = &self.server {
            server.terminate();
        }
        self.ended().await;
    }

    /// Waits for the clean end that it was asked for.
    async fn ended(&mut self) {
        if let Some(mut server) = self.server.take() {
            let status = server.ended().await;
            assert!(status.success(), "{}: {status}\n{}", self.name, server.log());
        }
    }

    /// Where its journal is.
    pub fn journal(&self) -> PathBuf {
        self.dir.join(&self.settings.journal)
    }

    /// What it says about itself.
    pub async fn readiness(&self, client: &Client) -> Option<Value> {
        let request = client.get(format!("http://{}/readyz", self.server().admin));
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }
}

/// Simulators, servers, wires, and processes in front of a balancer.
pub struct Bench {
    // The processes first: they are gone before what they talk to.
    /// What is tested.
    pub nodes: Vec<Node>,
    /// Where the simulated Okta calls.
    pub balancer: Balancer,
    /// Between the processes and Postgres.
    pub to_postgres: FaultProxy,
    /// Between the processes and RabbitMQ.
    pub to_rabbit: FaultProxy,
    /// Between the processes and the simulated Verify.
    pub to_verify: FaultProxy,
    /// Between the processes and the simulated Okta's API.
    pub to_okta: FaultProxy,
    /// Okta, Verify and the phones; never killed.
    pub sim: Sim,
    /// What else is known.
    pub witness: Witness,
    /// The books.
    pub postgres: PrivatePostgres,
    /// The broker, where the test has one of its own.
    pub rabbit: Option<PrivateRabbit>,
    /// What all names at the broker begin with.
    pub prefix: String,
    /// Calls as Okta makes them.
    pub client: Client,
    /// Everything on disk.
    pub place: TempDir,
    broker: String,
}

impl Bench {
    /// With the broker that all tests share, which only the wire to it keeps away.
    pub async fn start() -> Self {
        let url = std::env::var("RINGBACK_TEST_AMQP_URL").unwrap_or_else(|_| {
            panic!("RINGBACK_TEST_AMQP_URL is not set: ./tests/run starts what the tests need")
        });
        Self::assemble(None, PrivatePostgres::start().await, url).await
    }

    /// With a broker of its own.
    pub async fn with_rabbit() -> Self {
        let (rabbit, postgres) = tokio::join!(PrivateRabbit::start(), PrivatePostgres::start());
        let url = rabbit.url();
        Self::assemble(Some(rabbit), postgres, url).await
    }

    /// The shared broker, and another Postgres.
    pub async fn with_postgres(postgres: PrivatePostgres) -> Self {
        let url = std::env::var("RINGBACK_TEST_AMQP_URL").unwrap();
        Self::assemble(None, postgres, url).await
    }

    async fn assemble(rabbit: Option<PrivateRabbit>, postgres: PrivatePostgres, broker: String) -> Self {
        let place = os::scratch("lab-");
        let okta = OktaOrg { hook_secret: SECRET.to_owned(), ..OktaOrg::default() };
        let ledger = Some(place.path().join("simulators.jsonl"));
        let sim = Sim::start(Options { okta, ledger, ..Options::default() }).await.unwrap();
        let balancer = Balancer::start().await;
        let base = format!("{}/okta/main", balancer.url());
        sim.okta().point_at(&format!("{base}/telephony"), &format!("{base}/events"));
        let at = broker.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
        let at = if at.contains(':') { at } else { format!("{at}:5672") };
        let broker_addr = tokio::net::lookup_host(at).await.unwrap().next().unwrap();
        Self {
            nodes: Vec::new(),
            balancer,
            to_postgres: FaultProxy::before(postgres.addr()).await,
            to_rabbit: FaultProxy::before(broker_addr).await,
            to_verify: FaultProxy::before(sim.addr()).await,
            to_okta: FaultProxy::before(sim.addr()).await,
            sim,
            witness: Witness::open(&place.path().join("bench.jsonl")),
            postgres,
            rabbit,
            prefix: format!("lab-{}", place.path().file_name().unwrap().to_str().unwrap().replace('.', "")),
            client: client(),
            place,
            broker,
        }
    }

    /// Settings of a process of this bench.
    pub fn settings(&self, role: &'static str, name: &str) -> Settings {
        Settings {
            role: Some(role),
            journal: format!("volume/{name}"),
            ledger: postgres::url_at(self.to_postgres.addr()),
            queue: Some(self.through(self.to_rabbit.addr())),
            queue_more: format!("prefix = '{}'", self.prefix),
            privacy_key: Some(KEY.to_owned()),
            okta_url: Some(self.to_okta.url()),
            provider_url: Some(self.to_verify.url()),
            log_file: Some(format!("{name}.log")),
            ..Settings::default()
        }
    }

    /// The broker's URL with another address in it.
    fn through(&self, addr: SocketAddr) -> String {
        let (scheme, rest) = self.broker.split_once("://").unwrap();
        let (who, path) = rest.split_once('/').unwrap_or((rest, "%2f"));
        let who = who.rsplit_once('@').map_or("guest:guest", |(who, _)| who);
        format!("{scheme}://{who}@{addr}/{path}")
    }

    /// Adds a process without starting it.
    pub fn add(&mut self, role: &'static str, change: impl FnOnce(&mut Settings)) -> usize {
        let n = self.nodes.iter().filter(|node| node.settings.role == Some(role)).count() + 1;
        let name = format!("{role}-{n}");
        let mut settings = self.settings(role, &name);
        change(&mut settings);
        self.nodes.push(Node {
            name,
            settings,
            server: None,
            armed: false,
            dir: self.place.path().to_owned(),
        });
        self.nodes.len() - 1
    }

    /// Starts a process and leads to it.
    pub async fn up(&mut self, n: usize) {
        let Self { nodes, sim, .. } = self;
        nodes[n].start(sim).await;
        self.lead();
    }

    /// Starts a process that may end at once; leads to it if it does not.
    pub async fn try_up(&mut self, n: usize) {
        let Self { nodes, sim, .. } = self;
        nodes[n].launch(sim);
        if nodes[n].server_mut().listens_or_ends().await {
            self.lead();
        }
    }

    /// Starts a process that has ended.
    pub async fn revive(&mut self, n: usize) {
        if !self.nodes[n].is_running() {
            self.up(n).await;
        }
    }

    /// SIGTERM as in a rolling restart: the balancer sees that a process is leaving and leads elsewhere while it still listens.
    pub async fn leave(&mut self, n: usize) {
        self.nodes[n].server().terminate();
        tokio::time::sleep(self.nodes[n].settings.leaving / 2).await;
        let gone = self.nodes[n].server().public;
        let others = self.nodes.iter().filter_map(|node| Some(node.server.as_ref()?.public));
        self.balancer.lead_to(others.filter(|addr| addr.port() != 0 && *addr != gone).collect());
        self.nodes[n].ended().await;
    }

    /// Starts so many of each; the ingress processes come first.
    pub async fn run(&mut self, ingress: usize, workers: usize) {
        for role in std::iter::repeat_n("ingress", ingress).chain(std::iter::repeat_n("worker", workers)) {
            let n = self.add(role, |_| {});
            self.up(n).await;
        }
    }

    /// The balancer leads to every ingress process that has an address, whether it is alive or not.
    pub fn lead(&self) {
        let listening = self.nodes.iter().filter_map(|node| Some(node.server.as_ref()?.public));
        self.balancer.lead_to(listening.filter(|addr| addr.port() != 0).collect());
    }

    /// A request with the right secret, through the balancer.
    pub fn signed(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.balancer.url())).header("authorization", SECRET)
    }

    /// Delivers events in an envelope; the answer is 200.
    pub async fn deliver(&self, events: &[Value]) {
        self.witness.events(events);
        let delivered = self.sim.okta().deliver(events.to_vec()).await;
        assert!(delivered.is_received(), "{delivered:?}");
    }

    /// Adds a user to the simulated org.
    pub fn user(&self, name: &str) -> User {
        let user = crate::people::user(name);
        self.sim.okta().add_user(user.clone());
        user
    }

    /// A user signs in, asks for a code, and Okta takes it as sent.
    pub async fn login(&self, user: &User) -> LoginOutcome {
        let login = self.sim.okta().login(&user.id, Channel::Sms).await.unwrap();
        assert!(login.is_sent(), "{login:?}");
        assert!(login.hook.elapsed < Duration::from_millis(2800), "{login:?}");
        login
    }

    /// A user types the code, and Okta delivers what happened.
    pub async fn type_in(&self, user: &User, code: &str) {
        self.sim.okta().enter_code(&user.id, code).await.unwrap();
        self.deliver(&self.sim.okta().take_events()).await;
    }

    /// A user signs in, from the code to the approval.
    pub async fn whole_login(&self) -> LoginOutcome {
        let user = self.user("ana");
        let login = self.login(&user).await;
        self.type_in(&user, login.code()).await;
        self.approved(&login).await;
        login
    }

    /// Waits until Verify knows that the code was entered.
    pub async fn approved(&self, login: &LoginOutcome) {
        until("it is approved", async || self.sim.twilio().approved(&login.request.phone).then_some(()))
            .await;
    }

    /// Load on both hooks.
    pub fn load(&self, pace: Pace) -> Load {
        Load::start(self.sim.okta(), self.sim.handset(), &self.witness, pace)
    }

    /// What a query on the books says now.
    pub async fn rows(&self, sql: &str) -> Vec<Row> {
        self.postgres.rows(sql).await
    }

    /// The one value of a query now.
    pub async fn value(&self, sql: &str) -> String {
        let rows = self.rows(&format!("SELECT ({sql}) AS value")).await;
        rows[0]["value"].to_owned()
    }

    /// What a query on the books says once it is as wanted. The books may be away or not made yet.
    pub async fn rows_when(&self, sql: &str, wanted: impl Fn(&[Row]) -> bool) -> Vec<Row> {
        let begun = std::time::Instant::now();
        loop {
            let found = rows(&self.postgres.url(), sql).await;
            match found {
                Ok(rows) if wanted(&rows) => return rows,
                other => {
                    assert!(begun.elapsed() < PATIENCE, "{sql} never came out right; now: {other:#?}");
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The transaction of a hook, once it is settled.
    pub async fn transaction(&self, event_id: &str) -> Row {
        let sql = format!(
            "SELECT * FROM otp_transactions WHERE okta_event_id = '{event_id}' AND duplicate_of IS NULL"
        );
        self.rows_when(&sql, |rows| rows.len() == 1 && &rows[0]["status"] != "received").await[0].clone()
    }

    /// An event, once it is in this state.
    pub async fn event_when(&self, uuid: &str, state: &str) -> Row {
        let sql = format!("SELECT * FROM okta_events WHERE uuid = '{uuid}'");
        self.rows_when(&sql, |rows| rows.len() == 1 && &rows[0]["state"] == state).await[0].clone()
    }

    /// What a process says about itself.
    pub async fn readiness(&self, n: usize) -> Value {
        until("it says how it is", async || self.nodes[n].readiness(&self.client).await).await
    }

    /// Asks a process's admin listener.
    pub async fn admin(&self, n: usize, path: &str) -> Reply {
        Reply::to(self.client.get(format!("http://{}{path}", self.nodes[n].server().admin))).await
    }

    /// How many messages wait in each queue; nothing if the broker does not say so in time.
    pub async fn depths(&self) -> Option<Vec<(String, u32)>> {
        timeout(Duration::from_secs(5), self.look_into_queues()).await.ok()?
    }

    async fn look_into_queues(&self) -> Option<Vec<(String, u32)>> {
        let connection = rabbit::connect(&self.broker).await?;
        let mut depths = Vec::new();
        for name in QUEUES {
            // A queue that is not there closes its channel.
            let channel = connection.create_channel().await.ok()?;
            let name = format!("{}.{name}", self.prefix);
            let look = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            if let Ok(queue) = channel.queue_declare(name.as_str().into(), look, FieldTable::default()).await
            {
                depths.push((name, queue.message_count()));
            }
        }
        let _ = connection.close(200, "".into()).await;
        Some(depths)
    }

    /// A connection to the broker, past the wire that can be cut.
    pub async fn broker(&self) -> lapin::Connection {
        rabbit::connect(&self.broker).await.unwrap_or_else(|| panic!("no broker at {}", self.broker))
    }

    /// Waits, as long as P11 allows, until nothing is left to be done; then asks every invariant.
    pub async fn verify(&mut self) {
        self.verify_but(&[]).await;
    }

    /// The same, with exceptions that the test explains.
    pub async fn verify_but(&mut self, exceptions: &[&str]) {
        self.settle().await;
        let mut violations = self.check().await;
        violations.retain(|violation| !exceptions.contains(&violation.invariant.as_str()));
        assert!(violations.is_empty(), "what happened and the books do not agree: {violations:#?}");
    }

    /// Waits until nothing is left to be done.
    pub async fn settle(&mut self) {
        if !self.settles_within(RECOVERY).await {
            let left = self.left_over().await;
            assert!(left.is_empty(), "left to be done after {RECOVERY:?}: {left:#?}");
        }
    }

    /// Waits until nothing is left to be done, for so long; whether that came true.
    pub async fn settles_within(&mut self, patience: Duration) -> bool {
        let begun = std::time::Instant::now();
        while !self.left_over().await.is_empty() {
            if begun.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        true
    }

    /// What is still under way, as facts.
    pub async fn left_over(&mut self) -> Vec<Value> {
        let mut left = Vec::new();
        let mut note = |who: &str, what: &str, pending: i64| {
            if pending != 0 {
                left.push(json!({ "who": who, "what": what, "pending": pending }));
            }
        };
        let mut journals = Vec::new();
        for node in &mut self.nodes {
            if !node.is_running() {
                continue;
            }
            journals.push(node.journal());
            match node.readiness(&self.client).await {
                Some(ready) => {
                    for part in ["ledger", "queue"] {
                        note(&node.name, part, ready[part]["pending"].as_i64().unwrap_or(0));
                    }
                }
                None => note(&node.name, "readiness", 1),
            }
        }
        for journal in left_behind(&self.place.path().join("volume"), &journals) {
            note(&journal, "journal left behind", 1);
        }
        let open = [
            ("transactions", "SELECT count(*) AS n FROM otp_transactions WHERE status = 'received'"),
            ("attempts", "SELECT count(*) AS n FROM send_attempts WHERE outcome IS NULL"),
            ("events", "SELECT count(*) AS n FROM okta_events WHERE state = 'queued'"),
        ];
        for (what, sql) in open {
            let open = rows(&self.postgres.url(), sql).await.map_or(1, |rows| rows[0]["n"].parse().unwrap());
            note("books", what, open);
        }
        // The broker is asked last, and only where everybody else is done: it has other things to do.
        if left.is_empty() {
            let depths = self.depths().await.unwrap_or_else(|| vec![("the broker".to_owned(), 1)]);
            let waiting = depths.into_iter().filter(|(queue, depth)| *depth > 0 && !queue.ends_with(".dead"));
            left.extend(waiting.map(|(who, n)| json!({ "who": who, "what": "messages", "pending": n })));
        }
        left
    }

    /// Puts what happened beside the books and asks every invariant.
    pub async fn check(&mut self) -> Vec<Violation> {
        assert_eq!(self.sim.ledger_failures(), 0, "the simulators' ledger is no witness");
        for left in self.left_over().await {
            self.witness.record("left_over", &left);
        }
        let secrets = self.secrets();
        let places = [
            self.place.path().join("volume"),
            self.postgres.data().join("pg_wal"),
            self.postgres.data().join("base"),
            self.rabbit.as_ref().map_or_else(|| self.place.path().join("volume"), PrivateRabbit::data),
        ];
        let logs = std::fs::read_dir(self.place.path()).unwrap().map(|entry| entry.unwrap().path());
        let logs = logs.filter(|path| path.extension().is_some_and(|it| it == "log"));
        // Before the truth, which knows all of them, is in there too.
        for (file, digits) in places.into_iter().chain(logs).flat_map(|place| secrets.find_below(&place)) {
            let file = file.strip_prefix(self.place.path()).unwrap_or(&file).to_owned();
            self.witness.record("leak", &json!({ "file": file, "digits": digits }));
        }
        let mut session = self.postgres.session().await;
        truth::prepare(&mut session).await;
        for file in ["simulators.jsonl", "bench.jsonl"] {
            truth::load(&mut session, &self.place.path().join(file)).await;
        }
        invariants::check(&mut session).await
    }

    /// Every number and every long code there has been.
    fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for send in self.sim.twilio().sends() {
            secrets.add(&send.to);
            if send.code.len() >= 9 {
                secrets.add(&send.code);
            }
        }
        secrets
    }

    /// Keeps what was written where it can be looked at.
    pub fn keep(&mut self) -> &Path {
        self.place.disable_cleanup(true);
        self.place.path()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.nodes.clear();
        if self.rabbit.is_none() {
            let (broker, prefix) = (self.broker.clone(), self.prefix.clone());
            // A drop cannot wait; another thread can. What it leaves behind disturbs nobody.
            let tidying = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let work = async { timeout(Duration::from_secs(5), tidy(&broker, &prefix)).await };
                runtime.map(|runtime| runtime.block_on(work))
            });
            let _ = tidying.join();
        }
    }
}

/// Deletes what a bench has at a broker.
async fn tidy(broker: &str, prefix: &str) {
    let Some(connection) = rabbit::connect(broker).await else { return };
    for name in QUEUES {
        let Ok(channel) = connection.create_channel().await else { return };
        let name = format!("{prefix}.{name}");
        let _ = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await;
    }
    if let Ok(channel) = connection.create_channel().await {
        let _ = channel.exchange_delete(prefix.into(), ExchangeDeleteOptions::default()).await;
    }
    let _ = connection.close(200, "".into()).await;
}

/// Journals on a volume that nobody has.
fn left_behind(volume: &Path, in_use: &[PathBuf]) -> Vec<String> {
    let dirs = std::fs::read_dir(volume).into_iter().flatten().filter_map(Result::ok);
    let dirs = dirs.map(|entry| entry.path()).filter(|dir| dir.join("journal.db").exists());
    let dirs = dirs.filter(|dir| !in_use.contains(dir));
    let names = dirs.map(|dir| dir.file_name().unwrap().to_string_lossy().into_owned());
    names.filter(|name| !name.contains(".adopted")).collect()
}
