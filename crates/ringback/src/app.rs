//! The composition root: every part is made here, and ends here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use ingress::http::{Limits, Server};
use ingress::{Ingress, Org, Settings as IngressSettings};
use journal::{Journal, OpenError, Options as JournalOptions};
use ledger::{Drain, DrainError, Ledger, MigrateError, Retention};
use metrics_exporter_prometheus::PrometheusHandle;
use okta::{ClientOptions, Credential, HookAuth, OktaClient};
use otp::{Clock, Entropy, Fact, OrgName, PhoneNumber, SystemClock, SystemEntropy};
use queue::{AmqpOptions, AmqpQueue, MemoryQueue, Queue, Relay};
use secrecy::ExposeSecret as _;
use telephony::{Dispatcher, Policy};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use worker::{OrgAccess, Parts, Stragglers, Worker};

use crate::cli::Role;
use crate::config::{Config, OrgConfig};
use crate::housekeeping::{self, Housekeeping};
use crate::readiness::Readiness;
use crate::{admin, privacy, providers};

/// The running service.
pub(crate) struct App {
    /// Where Okta calls; a worker has no such place.
    pub(crate) public: Option<SocketAddr>,
    /// Health, readiness, metrics.
    pub(crate) admin: SocketAddr,
    listening: Stage,
    working: Stage,
    serving: Stage,
    /// The ledger's schema, where it is not up yet.
    preparing: Option<Preparing>,
    parts: Remains,
}

type Preparing = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Tasks that end together.
#[derive(Default)]
struct Stage {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What is put away last.
struct Remains {
    ingress: Option<Arc<Ingress>>,
    queue: Arc<dyn Queue>,
    drain: Drain,
    ledger: Ledger,
    journal: Journal,
    /// Set when the word to stop has come.
    leaving: CancellationToken,
    shutdown_delay: Duration,
    /// The queue outlives the process: what the journal still has for it is handed over before the end.
    hand_over: bool,
}

/// Events on their way to the queue at once; of the in-process one, in the worker's hands too.
const WINDOW: usize = 10_000;
/// For taking over left-behind journals before hooks are taken; what is not done by then is done beside them.
const ADOPTION: Duration = Duration::from_secs(1);
/// For the ledger's schema before hooks are taken: they wait meanwhile, and Okta gives them three seconds.
const SCHEMA_FIRST: Duration = Duration::from_millis(500);
/// For the first look into shared books before hooks are taken.
const BOOKS_FIRST: Duration = Duration::from_millis(500);
/// For the ledger's schema at a start; after that the start goes on without it.
const SCHEMA: Duration = Duration::from_secs(5);
/// For reports in hand; one that takes longer is made again by the next start, which knows that it may have had its effect.
const REPORTS: Duration = Duration::from_secs(2);
/// For handing events over to the broker before the end.
const LAST_RELAY: Duration = Duration::from_secs(3);
/// For the last drain.
const LAST_DRAIN: Duration = Duration::from_secs(5);

impl Stage {
    async fn end(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            warn!(left = self.tasks.len(), "stopping with work still in hand");
        }
    }

    fn handles(&self) -> (TaskTracker, CancellationToken) {
        (self.tasks.clone(), self.stop.clone())
    }
}

impl App {
    /// Opens everything, puts the journal in order and starts to listen.
    ///
    /// Every role has a journal, drains it and relays it, because it may adopt what a process of another role left behind.
    pub(crate) async fn start(
        config: &Config,
        role: Role,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let providers = providers::providers(&config.telephony.providers)?;
        let vault = privacy::vault(config)?;
        // The listeners first: an address that is taken is the commonest mistake, and it should leave nothing behind.
        let leaving = CancellationToken::new();
        let public = match role {
            Role::All | Role::Ingress => {
                Some(bind("public", "server.listen", config.server.listen, &clock, &leaving).await?)
            }
            Role::Worker => None,
        };
        let admin = bind("admin", "admin.listen", config.admin.listen, &clock, &leaving).await?;
        let journal = open_journal(config, &clock, entropy.as_ref()).await?;
        let ledger = ledger(config).await?;
        let adopted = housekeeping::adopt(&journal, &config.journal.dir, &config.journal.retain, clock.now());
        if tokio::time::timeout(ADOPTION, adopted).await.is_err() {
            info!("left-behind journals are taken over meanwhile");
        }
        let recovered = ingress::recover(&journal, clock.now()).await?;
        if recovered.settled > 0 {
            warn!(
                transactions = recovered.settled,
                "an earlier process ended in the middle of these; they are recorded as ambiguous"
            );
        }
        let queue = queue(config, &clock, &entropy)?;
        let drain = Drain::new(journal.clone(), ledger.clone(), vault.clone(), clock.clone());
        let mut preparing: Preparing = Box::pin(prepare(drain.clone()));
        let preparing = match tokio::time::timeout(SCHEMA_FIRST, &mut preparing).await {
            Ok(prepared) => prepared.map(|()| None)?,
            Err(_) => {
                drain.not_reached_yet();
                Some(preparing)
            }
        };

        let ingress = match role {
            Role::All | Role::Ingress => {
                // Numbering plans are unpacked on first use: not on the first user's time.
                let _ = PhoneNumber::parse("+12025550100", None);
                let settings = IngressSettings {
                    deadline: config.telephony.deadline,
                    policy: config.telephony.policy,
                    ..Default::default()
                };
                let dispatcher = Arc::new(Dispatcher::new(
                    providers.clone(),
                    Policy { max_attempts: config.telephony.max_attempts, ..Policy::default() },
                )?);
                let ingress = Arc::new(Ingress::new(
                    config.orgs.iter().map(|org| door(org, &dispatcher)).collect(),
                    journal.clone(),
                    ledger.clone(),
                    vault.clone(),
                    clock.clone(),
                    entropy.clone(),
                    settings,
                ));
                ingress.remember(recovered);
                // A repeated hook may be among the first. Where the books are away, they are waited for no longer.
                let _ = tokio::time::timeout(BOOKS_FIRST, ingress.ready()).await;
                Some(ingress)
            }
            Role::Worker => None,
        };
        let worker = match role {
            Role::All | Role::Worker => Some(Arc::new(Worker::new(Parts {
                queue: queue.clone(),
                ledger: ledger.clone(),
                journal: journal.clone(),
                orgs: config
                    .orgs
                    .iter()
                    .map(|org| access(org, &clock, &entropy))
                    .collect::<Result<HashMap<_, _>, _>>()?,
                providers,
                vault,
                clock: clock.clone(),
                entropy,
                settings: worker::Settings {
                    ways: config.feedback.ways.clone(),
                    life: config.feedback.verification_life,
                    // Others may take the same events from a broker, or events of the same logins from queues of their own.
                    alone: !config.queue.is_broker() && !ledger.is_shared(),
                    ..worker::Settings::default()
                },
            }))),
            Role::Ingress => None,
        };
        // An in-process queue forgets with the process; the journal knows what was finished.
        let settled = (!config.queue.is_broker()).then_some((Fact::EVENT_SETTLED, worker::read_settled as _));
        let relay = Relay::new(journal.clone(), queue.clone(), worker::read_event, settled, WINDOW);
        let stragglers = config.queue.is_broker().then(|| {
            Arc::new(Stragglers::new(journal.clone(), ledger.clone(), queue.clone(), clock.clone()))
        });
        let housekeeping = Housekeeping {
            ingress: ingress.clone(),
            journal: journal.clone(),
            dir: config.journal.dir.clone(),
            retain: config.journal.retain,
            ledger: ledger.clone(),
            retention: Retention {
                phone: config.privacy.phone_retention,
                transactions: config.privacy.transaction_retention,
            },
            clock: clock.clone(),
        };
        let readiness = Readiness {
            journal: journal.clone(),
            drain: drain.clone(),
            queue: queue.clone(),
            leaving: leaving.clone(),
        };

        let (listening, working, serving) = (Stage::default(), Stage::default(), Stage::default());
        let (tasks, stop) = serving.handles();
        let admin_address = admin.local_addr()?;
        let routes = admin::router(readiness, metrics.clone(), config.admin.token.clone());
        tasks.spawn(admin.serve(routes, stop.clone()));
        let (draining, stopping) = (drain.clone(), stop.clone());
        tasks.spawn(supervised("drain", move || draining.clone().run(stopping.clone())));
        let stopping = stop.clone();
        tasks.spawn(supervised("housekeeping", move || housekeeping.clone().run(stopping.clone())));
        if let Some(stragglers) = stragglers {
            // What is older was looked at before the restart, or is found by a person.
            let (from, stopping) = (journal.cursor(Ingress::CURSOR).await?, stop.clone());
            tasks.spawn(supervised("stragglers", move || {
                let (stragglers, stopping) = (stragglers.clone(), stopping.clone());
                async move { stragglers.run(from, stopping).await }
            }));
        }
        let (answered, stopping) = (journal.clone(), stop.clone());
        tasks.spawn(supervised("answers cursor", move || {
            ingress::keep_cursor(answered.clone(), clock.clone(), stopping.clone())
        }));
        tasks.spawn(upkeep(metrics, stop));
        let (tasks, stop) = working.handles();
        let stopping = stop.clone();
        tasks.spawn(supervised("relay", move || relay.clone().run(stopping.clone())));
        if let Some(worker) = worker {
            tasks.spawn(supervised("worker", move || worker.clone().run(stop.clone())));
        }
        let mut public_address = None;
        if let (Some(public), Some(ingress)) = (public, &ingress) {
            let address = public.local_addr()?;
            let (tasks, stop) = listening.handles();
            tasks.spawn(public.serve(ingress::router(ingress.clone()), stop));
            public_address = Some(address);
        }
        let public = public_address;
        info!(
            role = role.as_str(),
            public = public.map(tracing::field::display),
            admin = %admin_address,
            node = journal.node(),
            "listening"
        );
        let (shutdown_delay, hand_over) = (config.server.shutdown_delay, config.queue.is_broker());
        let parts = Remains { ingress, queue, drain, ledger, journal, leaving, shutdown_delay, hand_over };
        Ok(Self { public, admin: admin_address, listening, working, serving, preparing, parts })
    }

    /// Returns when it turns out, after the start, that the books must not be written: then it is to be stopped.
    pub(crate) async fn refused(&mut self) -> anyhow::Error {
        if let Some(preparing) = self.preparing.take()
            && let Err(err) = preparing.await
        {
            return err;
        }
        std::future::pending().await
    }

    /// Stops accepting, lets hooks in flight finish, then the worker, then everything else. What is left waits in the journal.
    pub(crate) async fn stop(self) {
        let limits = Limits::default();
        let Remains { ingress, queue, drain, ledger, journal, leaving, shutdown_delay, hand_over } =
            self.parts;
        leaving.cancel();
        if self.public.is_some() {
            tokio::time::sleep(shutdown_delay).await;
        }
        self.listening.end(limits.drain + Duration::from_millis(500)).await;
        if let Some(ingress) = ingress {
            ingress.finish(Duration::from_secs(1)).await;
        }
        if hand_over && tokio::time::timeout(LAST_RELAY, relayed(&journal, queue.as_ref())).await.is_err() {
            warn!("events still wait for the broker; the next start goes on");
        }
        self.working.end(REPORTS).await;
        queue.close();
        match tokio::time::timeout(LAST_DRAIN, drain.catch_up()).await {
            Ok(Ok(_)) => {}
            Ok(Err(err)) => warn!(error = %err, "the journal is not drained; the next start goes on"),
            Err(_) => warn!("the journal is not drained; the next start goes on"),
        }
        self.serving.end(limits.drain + Duration::from_millis(500)).await;
        ledger.close().await;
        journal.close().await;
        info!("stopped");
    }

    /// The books, for the demo.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.parts.ledger
    }
}

/// After a panic of a part, before it begins again.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Runs a part to its end. One that ends in a panic begins again where the journal says: a mistake of ours on one record must not stop
/// all others until somebody restarts the process.
async fn supervised<F: Future<Output = ()>>(name: &'static str, part: impl Fn() -> F) {
    while AssertUnwindSafe(part()).catch_unwind().await.is_err() {
        error!(part = name, "a part of the service ended in a panic; it begins again");
        metrics::counter!("ringback_part_panics_total", "part" => name).increment(1);
        tokio::time::sleep(AFTER_PANIC).await;
    }
}

async fn bind(
    name: &'static str,
    setting: &str,
    address: SocketAddr,
    clock: &Arc<dyn Clock>,
    leaving: &CancellationToken,
) -> anyhow::Result<Server> {
    let server = Server::bind(name, address, Limits::default(), clock.clone()).await;
    let server = server.with_context(|| format!("{setting}: {address} cannot be bound"))?;
    Ok(server.leaving(leaving.clone()))
}

/// Returns once the broker has taken everything the journal has for it, or when it takes nothing at present.
async fn relayed(journal: &Journal, queue: &dyn Queue) {
    while journal.pending(Relay::CURSOR) > 0 && queue.trouble().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Brings the ledger's schema up where it can be reached. Codes do not wait for the books, but books that forget are not written.
async fn prepare(drain: Drain) -> anyhow::Result<()> {
    match tokio::time::timeout(SCHEMA, drain.prepare()).await {
        Ok(Ok(())) => {}
        Ok(Err(DrainError::Migrate(err @ MigrateError::NotDurable { .. }))) => return Err(err.into()),
        Ok(Err(err)) => warn!(error = %err, "starting without the ledger; facts wait in the journal"),
        Err(_) => warn!("the ledger does not answer; starting without it, facts wait in the journal"),
    }
    Ok(())
}

/// The queue of the profile.
fn queue(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Arc<dyn Queue>> {
    if !config.queue.is_broker() {
        return Ok(Arc::new(MemoryQueue::new(WINDOW, clock.clone())));
    }
    let options = AmqpOptions { prefix: config.queue.prefix.clone(), ..AmqpOptions::default() };
    let queue = AmqpQueue::new(config.queue.url.expose_secret(), options, clock.clone(), entropy.clone())
        .context("queue.url")?;
    Ok(Arc::new(queue))
}

/// The books as configured; their schema is left as it is.
pub(crate) async fn ledger(config: &Config) -> anyhow::Result<Ledger> {
    let options =
        ledger::Options { require_durable: config.ledger.require_durable, ..ledger::Options::default() };
    Ledger::open(config.ledger.url.expose_secret(), options).await.context("ledger.url")
}

/// Opens this process's own journal.
pub(crate) async fn open_journal(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> anyhow::Result<Journal> {
    let wall = clock.clone();
    let now_ms = Arc::new(move || wall.now().as_millisecond());
    let node = format!("node-{}", &entropy.id(clock.as_ref()).simple().to_string()[20..]);
    let mut options = JournalOptions::new(&config.journal.dir, node, now_ms);
    options.max_bytes = config.journal.max_bytes;
    options.retain = config.journal.retain;
    match Journal::open(options.clone()).await {
        Err(err @ OpenError::Corrupt { .. }) => {
            // Codes must go on; what is in the damaged file waits for a person.
            let kept = journal::set_aside(&config.journal.dir).await.context("journal.dir")?;
            error!(error = %err, kept = %kept.display(), "the journal is damaged and set aside; starting with an empty one");
            Journal::open(options).await.context("journal.dir")
        }
        opened => opened.context("journal.dir"),
    }
}

/// Opens the ledger for a command: a file with its schema up to date, a shared database as it is.
pub(crate) async fn open_ledger(config: &Config) -> anyhow::Result<Ledger> {
    let ledger = ledger(config).await?;
    if ledger.is_shared() {
        let health = ledger.health().await.context("the ledger cannot be read")?;
        anyhow::ensure!(
            health.schema_version >= health.known_version,
            "the ledger's schema is at version {}, and this binary needs {}: run `ringback migrate`",
            health.schema_version,
            health.known_version
        );
        return Ok(ledger);
    }
    let migrated = ledger.migrate().await.context("the ledger's schema cannot be brought up")?;
    if !migrated.ran.is_empty() {
        info!(ran = ?migrated.ran, version = migrated.version, "the ledger's schema was brought up");
    }
    Ok(ledger)
}

fn door(org: &OrgConfig, dispatcher: &Arc<Dispatcher>) -> Org {
    Org {
        name: org.name.clone(),
        auth: HookAuth::new(org.hook_header.clone(), org.hook_secrets.clone()),
        default_country: org.default_country.clone(),
        dispatcher: dispatcher.clone(),
    }
}

fn access(
    org: &OrgConfig,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<(OrgName, OrgAccess)> {
    let client = okta_client(org, clock, entropy)?;
    Ok((org.name.clone(), OrgAccess { client, default_country: org.default_country.clone() }))
}

/// Okta's API for an org, where it has a credential.
pub(crate) fn okta_client(
    org: &OrgConfig,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Option<OktaClient>> {
    let (Some(base_url), Some(token)) = (&org.base_url, &org.api_token) else { return Ok(None) };
    let client = OktaClient::new(ClientOptions {
        base_url: base_url.clone(),
        credential: Credential::Ssws(token.clone()),
        connect_timeout: Duration::from_secs(2),
        timeout: Duration::from_secs(5),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    Ok(Some(client.with_context(|| format!("okta.orgs.{}", org.name))?))
}

/// Histograms grow without bound unless somebody looks after them.
async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await.is_some() {
        metrics.run_upkeep();
    }
}
