use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::map_request;
use axum::serve::ListenerExt as _;
use http::HeaderName;
use ingress::http::Arrival;
use ingress::{Ingress, Org};
use journal::{Journal, Seq};
use ledger::{Drain, EventFilter, EventRow, Ledger, TransactionFilter, TransactionRow};
use okta::{ClientOptions, Credential, HookAuth, OktaClient};
use otp::{Clock as _, Entropy, OrgName, SystemEntropy, Vault};
use queue::{Message, RelayItem};
use secrecy::SecretString;
use sim::Sim;
use telephony::twilio::Auth;
use telephony::twilio::verify::{DEFAULT_LOCALES, Verify, VerifyOptions};
use telephony::{Dispatcher, Policy, Provider};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;
use worker::{OrgAccess, Worker};

use crate::dice::Dice;
use crate::hand::{Fate, Hand};
use crate::session::DAY;
use crate::side::Kind;
use crate::time::{MINUTE, Ms, SECOND, SeededEntropy, VirtualClock};
use crate::world::{ORGS, World};

/// For everything that is timed by the machine's own clock: nothing here is to depend on how fast it is.
const PATIENCE: Duration = Duration::from_secs(120);

/// Something the service does by itself.
pub(crate) enum Work {
    /// The worker takes an event.
    Event(Message),
    /// A node's facts reach the books.
    Drain(usize),
    /// The worker looks for events whose send came into the books after them.
    Attribute,
}

/// Between two such looks, …
const LOOK: Ms = 15 * SECOND;
/// … each of which goes so far back.
const LOOKED_BACK: Ms = 20 * MINUTE;

/// The service's own parts, put together as the binary does it, on the virtual clock.
pub(crate) struct Ringback {
    nodes: Vec<Node>,
    /// Addresses of the nodes that Okta can call.
    doors: Vec<String>,
    hand: Arc<Hand>,
    worker: Arc<Worker>,
    ledger: Ledger,
    /// When something happened last, while looks are due.
    looking: Option<Ms>,
    dice: Dice,
    _stop: DropGuard,
    _dir: TempDir,
}

/// One process's journal, and how far behind it the books are.
struct Node {
    journal: Journal,
    drain: Drain,
    /// Looked at for the queue.
    relayed: Seq,
    /// A drain is due.
    draining: bool,
    /// When nothing of this node reaches the books.
    stalls: Vec<(Ms, Ms)>,
}

impl Ringback {
    pub(crate) async fn start(kind: Kind, world: &World, sims: &[Sim], clock: &VirtualClock) -> Self {
        let apart = kind != Kind::OneProcess;
        let dir = scratch();
        let stop = CancellationToken::new();
        let clock: Arc<VirtualClock> = Arc::new(clock.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(Dice::of(world.seed, &[10])));
        let vault = Vault::from_base64(&Vault::new_key(&SystemEntropy)).unwrap();
        let provider: Arc<dyn Provider> = Arc::new(verify(&sims[0], kind != Kind::NeverCancels));
        let options = ledger::Options { timeout: PATIENCE, ..ledger::Options::default() };
        let path = dir.path().join("ledger.db");
        let ledger = Ledger::open(&format!("sqlite:{}", path.display()), options).await.unwrap();
        ledger.migrate().await.unwrap();

        let mut nodes = Vec::new();
        for n in 0..if apart { 3 } else { 1 } {
            let journal = open_journal(dir.path(), n, &clock).await;
            let drain = Drain::new(journal.clone(), ledger.clone(), vault.clone(), clock.clone());
            let mut dice = Dice::of(world.seed, &[11, n as u64]);
            let stalls = (0..8)
                .map(|_| {
                    let at = dice.between(0, DAY);
                    (at, at + dice.between(MINUTE, 5 * MINUTE))
                })
                .collect();
            nodes.push(Node { journal, drain, relayed: 0, draining: false, stalls });
        }
        let mut doors = Vec::new();
        for node in &nodes[..if apart { 2 } else { 1 }] {
            let dispatcher = Dispatcher::new(vec![provider.clone()], Policy::default(), clock.clone());
            let ingress = Ingress::new(ingress::Parts {
                orgs: ORGS.iter().zip(sims).map(|((name, _), sim)| door(name, sim)).collect(),
                dispatcher: Arc::new(dispatcher.unwrap()),
                journal: node.journal.clone(),
                ledger: ledger.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
                settings: ingress::Settings { deadline: PATIENCE, journal: PATIENCE, ..Default::default() },
                public_url: None,
            });
            doors.push(listen(ingress, clock.clone(), stop.clone()).await);
        }
        let hand = Arc::new(Hand::new());
        let worker = Arc::new(Worker::new(worker::Parts {
            queue: hand.clone(),
            ledger: ledger.clone(),
            journal: nodes.last().unwrap().journal.clone(),
            orgs: ORGS.iter().zip(sims).map(|((name, _), sim)| access(name, sim, &clock, &entropy)).collect(),
            providers: vec![provider],
            vault,
            clock,
            entropy,
            settings: worker::Settings {
                ledger: PATIENCE,
                report: PATIENCE,
                alone: !apart,
                ..worker::Settings::default()
            },
        }));
        tokio::spawn(worker.clone().run(stop.clone()));
        let dice = Dice::of(world.seed, &[12]);
        Self { nodes, doors, hand, worker, ledger, looking: None, dice, _stop: stop.drop_guard(), _dir: dir }
    }

    /// One of the nodes, as a balancer would have it.
    pub(crate) fn urls(&mut self, org: usize) -> (String, String) {
        let door = &self.doors[self.dice.below(self.doors.len())];
        let (name, _) = ORGS[org];
        (format!("{door}/okta/{name}/telephony"), format!("{door}/okta/{name}/events"))
    }

    /// What came into the journals: events for the worker, facts for the books.
    pub(crate) async fn next(&mut self, now: Ms) -> Vec<(Ms, Work)> {
        let mut next = self.written(now).await;
        if self.looking.replace(now).is_none() {
            next.push((now + LOOK, Work::Attribute));
        }
        next
    }

    async fn written(&mut self, now: Ms) -> Vec<(Ms, Work)> {
        let mut next = Vec::new();
        for (n, node) in self.nodes.iter_mut().enumerate() {
            while node.relayed < node.journal.last() {
                let batch = node.journal.read(node.relayed, 512).await.unwrap();
                for entry in &batch.entries {
                    if let RelayItem::Publish { message, .. } = worker::read_event(&entry.record) {
                        next.push((now + self.dice.between(1, 30), Work::Event(message)));
                    }
                }
                node.relayed = batch.next;
                if !node.draining {
                    node.draining = true;
                    next.push((node.drained(now, &mut self.dice), Work::Drain(n)));
                }
            }
        }
        next
    }

    pub(crate) async fn work(&mut self, now: Ms, work: Work) -> Vec<(Ms, Work)> {
        let mut next = Vec::new();
        match work {
            Work::Event(message) => {
                if let Fate::Again(message, after) = self.hand.offer(message).await {
                    let after = Ms::try_from(after.as_millis()).unwrap();
                    next.push((now + after.max(1), Work::Event(message)));
                }
            }
            Work::Drain(n) => {
                self.nodes[n].draining = false;
                self.nodes[n].drain.catch_up().await.unwrap();
            }
            Work::Attribute => {
                let span = Duration::from_millis(LOOKED_BACK.unsigned_abs());
                self.worker.attribute(&self.ledger, span).await;
                // When nothing has happened for so long, nothing can be found any more.
                self.looking = self.looking.filter(|busy_at| now < busy_at + LOOKED_BACK);
                next.extend(self.looking.map(|_| (now + LOOK, Work::Attribute)));
                next.extend(self.written(now).await);
                return next;
            }
        }
        next.extend(self.next(now).await);
        next
    }

    /// All messages in the books.
    pub(crate) async fn transactions(&self) -> Vec<TransactionRow> {
        let (mut all, mut until) = (Vec::new(), None);
        loop {
            let filter = TransactionFilter { until, limit: 1000, ..Default::default() };
            let page = self.ledger.transactions(&filter).await.unwrap();
            let Some(last) = page.last() else { return all };
            // No two were taken at the same moment.
            until = last.received_at;
            all.extend(page);
        }
    }

    /// All events in the books.
    pub(crate) async fn events(&self) -> Vec<EventRow> {
        let (mut all, mut until) = (Vec::new(), None);
        loop {
            let filter = EventFilter { until, limit: 1000, ..Default::default() };
            let page = self.ledger.events(&filter).await.unwrap();
            let Some(last) = page.last() else { return all };
            until = last.received_at;
            // One delivery may stand on two pages: what belongs to the last moment is read with the next page.
            let whole = page.len() < 1000;
            all.extend(page.into_iter().filter(|row| whole || row.received_at != until));
            if !whole {
                until = until.map(|at| at + Duration::from_millis(1));
            }
        }
    }
}

impl Node {
    /// When what is in the journal now will be in the books.
    fn drained(&self, now: Ms, dice: &mut Dice) -> Ms {
        let at = now
            + match dice.case(&[60, 36, 4]) {
                0 => dice.between(1, 20),
                1 => dice.between(50, 500),
                _ => dice.between(500, 3 * SECOND),
            };
        let stalled = |(from, to): &&(Ms, Ms)| (*from..*to).contains(&at);
        self.stalls.iter().filter(stalled).map(|(_, to)| *to).max().unwrap_or(at)
    }
}

fn verify(sim: &Sim, cancel_at_cap: bool) -> Verify {
    let account = sim.twilio().account();
    Verify::new(VerifyOptions {
        name: "verify".to_owned(),
        account_sid: account.account_sid.clone(),
        auth: Auth::Token(SecretString::from(account.auth_token.clone())),
        service_sid: account.service_sid.clone(),
        base_url: Url::parse(&sim.url()).unwrap(),
        locales: DEFAULT_LOCALES.iter().map(ToString::to_string).collect(),
        signing_token: None,
        app_hash: None,
        cancel_at_cap,
    })
    .unwrap()
}

/// A directory in memory where there is one: the disk's speed changes nothing but the time it takes.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

async fn open_journal(dir: &Path, n: usize, clock: &Arc<VirtualClock>) -> Journal {
    let wall = clock.clone();
    let now_ms = Arc::new(move || wall.now().as_millisecond());
    let options = journal::Options::new(dir.join(format!("journal-{n}")), format!("node-{n}"), now_ms);
    Journal::open(options).await.unwrap()
}

fn door(name: &str, sim: &Sim) -> Org {
    let org = sim.okta().org();
    let header = HeaderName::try_from(&org.hook_header).unwrap();
    let auth = HookAuth::new(header, vec![SecretString::from(org.hook_secret.clone())]);
    Org { name: OrgName::new(name).unwrap(), auth, bearer: None, default_country: None }
}

fn access(
    name: &str,
    sim: &Sim,
    clock: &Arc<VirtualClock>,
    entropy: &Arc<dyn Entropy>,
) -> (OrgName, OrgAccess) {
    let client = OktaClient::new(ClientOptions {
        base_url: Url::parse(&sim.url()).unwrap(),
        credential: Credential::Ssws(SecretString::from(sim.okta().org().api_token.clone())),
        scopes: Vec::new(),
        reserve: 0,
        connect_timeout: PATIENCE,
        timeout: PATIENCE,
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    (OrgName::new(name).unwrap(), OrgAccess { client: Some(client.unwrap()), default_country: None })
}

/// The real router. The real listener ends connections that rest, by the clock that stands here.
async fn listen(ingress: Ingress, clock: Arc<VirtualClock>, stop: CancellationToken) -> String {
    let arrive = map_request(move |mut request: Request| {
        request.extensions_mut().insert(Arrival { first_byte: clock.monotonic() });
        async move { request }
    });
    let router = ingress::router(Arc::new(ingress)).layer(arrive);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
        axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await.unwrap();
    });
    format!("http://{address}")
}
