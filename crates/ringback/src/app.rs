//! The composition root: every part is made here, and ends here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ingress::http::{Limits, Server};
use ingress::{Ingress, Org, Settings as IngressSettings};
use journal::{Journal, OpenError, Options as JournalOptions};
use ledger::{Drain, Ledger, Retention};
use metrics_exporter_prometheus::PrometheusHandle;
use okta::{ClientOptions, Credential, HookAuth, OktaClient};
use otp::{Clock, Entropy, Fact, OrgName, PhoneNumber, SystemClock, SystemEntropy};
use queue::{MemoryQueue, Queue, Relay};
use secrecy::ExposeSecret as _;
use telephony::{Dispatcher, Policy};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use worker::{OrgAccess, Parts, Worker};

use crate::config::{Config, OrgConfig};
use crate::housekeeping::{self, Housekeeping};
use crate::readiness::Readiness;
use crate::{admin, privacy, providers};

/// The running service.
pub(crate) struct App {
    /// Where Okta calls.
    pub(crate) public: SocketAddr,
    /// Health, readiness, metrics.
    pub(crate) admin: SocketAddr,
    listening: Stage,
    working: Stage,
    serving: Stage,
    parts: Remains,
}

/// Tasks that end together.
#[derive(Default)]
struct Stage {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What is put away last.
struct Remains {
    ingress: Arc<Ingress>,
    queue: Arc<dyn Queue>,
    drain: Drain,
    ledger: Ledger,
    journal: Journal,
}

/// Events in the queue or in the worker's hands at once.
const WINDOW: usize = 10_000;
/// For reports in hand; one that takes longer is made again by the next start, which knows that it may have had its effect.
const REPORTS: Duration = Duration::from_secs(2);
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
}

impl App {
    /// Opens everything, puts the journal in order and starts to listen.
    pub(crate) async fn start(config: &Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let providers = providers::providers(&config.telephony.providers)?;
        let vault = privacy::vault(config)?;
        // Numbering plans are unpacked on first use: not on the first user's time.
        let _ = PhoneNumber::parse("+12025550100", None);
        // The listeners first: an address that is taken is the commonest mistake, and it should leave nothing behind.
        let public = Server::bind("public", config.server.listen, Limits::default(), clock.clone())
            .await
            .with_context(|| format!("server.listen: {} cannot be bound", config.server.listen))?;
        let admin = Server::bind("admin", config.admin.listen, Limits::default(), clock.clone())
            .await
            .with_context(|| format!("admin.listen: {} cannot be bound", config.admin.listen))?;
        let journal = open_journal(config, &clock, entropy.as_ref()).await?;
        let ledger = Ledger::open(config.ledger.url.expose_secret(), ledger::Options::default())
            .await
            .context("ledger.url")?;
        housekeeping::adopt(&journal, &config.journal.dir, &config.journal.retain, clock.now()).await;
        let recovered = ingress::recover(&journal, clock.now()).await?;
        if recovered.settled > 0 {
            warn!(
                transactions = recovered.settled,
                "an earlier process ended in the middle of these; they are recorded as ambiguous"
            );
        }
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(WINDOW, clock.clone()));
        let drain = Drain::new(journal.clone(), ledger.clone());
        if let Err(err) = drain.prepare().await {
            // Codes do not wait for the books.
            warn!(error = %err, "starting without the ledger; facts wait in the journal");
        }

        let settings = IngressSettings {
            deadline: config.telephony.deadline,
            policy: config.telephony.policy,
            ..Default::default()
        };
        let dispatcher = Arc::new(Dispatcher::new(
            providers.clone(),
            Policy { max_attempts: config.telephony.max_attempts, ..Policy::default() },
        )?);
        let orgs = config.orgs.iter().map(|org| door(org, &dispatcher)).collect();
        let ingress = Arc::new(Ingress::new(
            orgs,
            journal.clone(),
            ledger.clone(),
            vault.clone(),
            clock.clone(),
            entropy.clone(),
            settings,
        ));
        ingress.remember(recovered);
        let worker = Arc::new(Worker::new(Parts {
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
                ..worker::Settings::default()
            },
        }));
        let relay = Relay::new(
            journal.clone(),
            queue.clone(),
            worker::read_event,
            (Fact::EVENT_SETTLED, worker::read_settled),
            WINDOW,
        );
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
            clock,
        };
        let readiness = Readiness { journal: journal.clone(), drain: drain.clone(), queue: queue.clone() };

        let (listening, working, serving) = (Stage::default(), Stage::default(), Stage::default());
        let app = Self {
            public: public.local_addr()?,
            admin: admin.local_addr()?,
            parts: Remains { ingress: ingress.clone(), queue, drain: drain.clone(), ledger, journal },
            listening,
            working,
            serving,
        };
        let on = |stage: &Stage| (stage.tasks.clone(), stage.stop.clone());
        let (tasks, stop) = on(&app.serving);
        let routes = admin::router(readiness, metrics.clone(), config.admin.token.clone());
        tasks.spawn(admin.serve(routes, stop.clone()));
        tasks.spawn(drain.run(stop.clone()));
        tasks.spawn(housekeeping.run(stop.clone()));
        tasks.spawn(ingress.clone().keep_cursor(stop.clone()));
        tasks.spawn(upkeep(metrics, stop));
        let (tasks, stop) = on(&app.working);
        tasks.spawn(relay.run(stop.clone()));
        tasks.spawn(worker.run(stop));
        let (tasks, stop) = on(&app.listening);
        tasks.spawn(public.serve(ingress::router(ingress), stop));
        info!(public = %app.public, admin = %app.admin, node = app.parts.journal.node(), "listening");
        Ok(app)
    }

    /// Stops accepting, lets hooks in flight finish, then the worker, then everything else. What is left waits in the journal.
    pub(crate) async fn stop(self) {
        let limits = Limits::default();
        self.listening.end(limits.drain + Duration::from_millis(500)).await;
        self.parts.ingress.finish(Duration::from_secs(1)).await;
        self.working.end(REPORTS).await;
        self.parts.queue.close();
        match tokio::time::timeout(LAST_DRAIN, self.parts.drain.catch_up()).await {
            Ok(Ok(_)) => {}
            Ok(Err(err)) => warn!(error = %err, "the journal is not drained; the next start goes on"),
            Err(_) => warn!("the journal is not drained; the next start goes on"),
        }
        self.serving.end(limits.drain + Duration::from_millis(500)).await;
        self.parts.ledger.close().await;
        self.parts.journal.close().await;
        info!("stopped");
    }

    /// The books, for the demo.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.parts.ledger
    }
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

/// Opens the ledger with its schema up to date.
pub(crate) async fn open_ledger(config: &Config) -> anyhow::Result<Ledger> {
    let ledger = Ledger::open(config.ledger.url.expose_secret(), ledger::Options::default())
        .await
        .context("ledger.url")?;
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
