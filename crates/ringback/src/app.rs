//! The composition root: every part is made here, and ends here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use ingress::http::Limits;
use ingress::{Ingress, Parts as IngressParts, Settings as IngressSettings};
use journal::Journal;
use ledger::{Drain, DrainError, Ledger, MigrateError, Retention};
use metrics_exporter_prometheus::PrometheusHandle;
use otp::{Clock, Entropy, Fact, PhoneNumber, SystemClock, SystemEntropy};
use queue::{Queue, Relay};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use worker::{LogReader, Parts, Reconciler, Stragglers, Worker};

use crate::cli::Role;
use crate::config::{Cancel, Config, Mode};
use crate::dashboard::{Dashboard, Door};
use crate::housekeeping::{self, Housekeeping};
use crate::parts::{self, WINDOW, bind};
use crate::readiness::{OktaReadiness, Readiness};
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
        let providers = providers::providers(config)?;
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
        let journal = parts::open_journal(config, &clock, entropy.as_ref()).await?;
        let ledger = parts::ledger(config).await?;
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
        let queue = parts::queue(config, &clock, &entropy)?;
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
                    journal: config.journal.append_timeout,
                    sends: config.feedback.mode == Mode::Dispatch,
                    ..Default::default()
                };
                let dispatcher = Arc::new(providers::dispatcher(config, providers.clone(), &clock)?);
                dispatcher.announce();
                let ingress = Arc::new(Ingress::new(IngressParts {
                    orgs: config.orgs.iter().map(|org| parts::door(org, &clock)).collect::<Result<_, _>>()?,
                    dispatcher,
                    journal: journal.clone(),
                    ledger: ledger.clone(),
                    vault: vault.clone(),
                    clock: clock.clone(),
                    entropy: entropy.clone(),
                    settings,
                    public_url: config.server.public_url.as_ref().map(ToString::to_string),
                }));
                ingress.remember(recovered);
                // A repeated hook may be among the first. Where the books are away, they are waited for no longer.
                let _ = tokio::time::timeout(BOOKS_FIRST, ingress.ready()).await;
                Some(ingress)
            }
            Role::Worker => None,
        };
        let reconciler = matches!(role, Role::All | Role::Worker).then(|| {
            Arc::new(Reconciler::new(
                ledger.clone(),
                journal.clone(),
                providers.clone(),
                vault.clone(),
                clock.clone(),
            ))
        });
        let log_readers = match role {
            Role::All | Role::Worker => parts::log_readers(config, &ledger, &journal, &clock, &entropy)?,
            Role::Ingress => Vec::new(),
        };
        let orgs = config.orgs.iter().map(|org| parts::access(org, &clock, &entropy));
        let orgs = orgs.collect::<Result<HashMap<_, _>, _>>()?;
        let okta = OktaReadiness::of(role, &orgs, &log_readers);
        let worker = match role {
            Role::All | Role::Worker => Some(Arc::new(Worker::new(Parts {
                queue: queue.clone(),
                ledger: ledger.clone(),
                journal: journal.clone(),
                orgs,
                providers,
                vault,
                clock: clock.clone(),
                entropy: entropy.clone(),
                settings: worker::Settings {
                    ways: config.feedback.ways.clone(),
                    life: config.feedback.verification_life,
                    cancel_expired: config.feedback.cancel == Cancel::OnExpiry,
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
            breakers: ingress.as_ref().map(|ingress| ingress.breakers().clone()),
            okta,
            reports: worker.as_ref().map(|worker| worker.report_health()),
            clock: clock.clone(),
            leaving: leaving.clone(),
        };

        let (listening, working, serving) = (Stage::default(), Stage::default(), Stage::default());
        let (tasks, stop) = serving.handles();
        let admin_address = admin.local_addr()?;
        let door = Arc::new(Door::new(config.admin.token.clone(), admin_address, &clock, entropy));
        let dashboard = Dashboard::new(
            readiness.clone(),
            metrics.clone(),
            &ledger,
            clock.clone(),
            role.as_str(),
            door.clone(),
        );
        let routes = admin::router(readiness, ledger.clone(), metrics.clone(), dashboard, &door);
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
            let stopping = stop.clone();
            let (after, ledger, stopping_too) = (worker.clone(), ledger.clone(), stop.clone());
            tasks.spawn(supervised("worker", move || worker.clone().run(stopping.clone())));
            tasks.spawn(supervised("aftercare", move || {
                let (worker, ledger, stopping) = (after.clone(), ledger.clone(), stopping_too.clone());
                async move { worker.look_after(&ledger, stopping).await }
            }));
        }
        for reader in log_readers.into_iter().map(LogReader::new).map(Arc::new) {
            let stop = stop.clone();
            tasks.spawn(supervised("system log", move || {
                let (reader, stopping) = (reader.clone(), stop.clone());
                async move { reader.run(stopping).await }
            }));
        }
        if let Some(reconciler) = reconciler {
            tasks.spawn(supervised("reconciler", move || {
                let (reconciler, stopping) = (reconciler.clone(), stop.clone());
                async move { reconciler.run(stopping).await }
            }));
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
    let panics = metrics::counter!("ringback_part_panics_total", "part" => name);
    // An increase is only seen of what was there before.
    panics.increment(0);
    while AssertUnwindSafe(part()).catch_unwind().await.is_err() {
        error!(part = name, "a part of the service ended in a panic; it begins again");
        panics.increment(1);
        tokio::time::sleep(AFTER_PANIC).await;
    }
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

/// Histograms grow without bound unless somebody looks after them.
async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await.is_some() {
        metrics.run_upkeep();
    }
}
