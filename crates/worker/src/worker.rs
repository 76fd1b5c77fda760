use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::Journal;
use ledger::Ledger;
use otp::{
    Clock, DeadLettered, Entropy, EventId, EventReceived, EventSettled, EventState, Fact, OrgName,
    TransactionId, Vault,
};
use queue::{Delivery, Message, Queue, Retry};
use telephony::Provider;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug_span, error, warn};

use crate::approval::Outcome;
use crate::books::Books;
use crate::inbox::Inbox;
use crate::org::OrgAccess;
use crate::replay::end_of;
use crate::report_health::ReportHealth;
use crate::settings::Settings;
use crate::wire::event_of;

/// Takes events from the queue and settles each.
pub struct Worker {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) books: Books,
    pub(crate) journal: Journal,
    pub(crate) orgs: HashMap<OrgName, OrgAccess>,
    pub(crate) providers: Vec<Arc<dyn Provider>>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
    pub(crate) events: Inbox<EventId>,
    pub(crate) verifications: Inbox<TransactionId>,
    /// Enrolments that were reported by number.
    pub(crate) enrolments: Inbox<(OrgName, String, Timestamp)>,
    /// By provider and reference: several messages may belong to one verification.
    pub(crate) references: Inbox<String>,
    pub(crate) report_health: ReportHealth,
}

/// Everything a worker works with.
pub struct Parts {
    /// Where events come from.
    pub queue: Arc<dyn Queue>,
    /// Where sends are found.
    pub ledger: Ledger,
    /// Where results go first.
    pub journal: Journal,
    /// Okta's APIs.
    pub orgs: HashMap<OrgName, OrgAccess>,
    /// Who is told.
    pub providers: Vec<Arc<dyn Provider>>,
    /// To read the number of a send that has no reference.
    pub vault: Vault,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub entropy: Arc<dyn Entropy>,
    /// How it is done.
    pub settings: Settings,
}

/// Events and verifications remembered as done: more than are under way in a verification's life.
const REMEMBERED: usize = 50_000;
/// So often an event may end its worker (panic, kill) before it is given up. A lost connection counts too, for everything that was
/// in hand at that moment: so more than any series of restarts explains.
const MOST_DEATHS: u32 = 15;
/// No delivery is worked on longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

impl Worker {
    /// Puts a worker together.
    pub fn new(parts: Parts) -> Self {
        let Parts { queue, ledger, journal, orgs, providers, vault, clock, entropy, settings } = parts;
        // This process among those that claim reports.
        let holder = format!("{}/{}", journal.node(), entropy.id(clock.as_ref()).simple());
        let books = Books::new(&ledger, &holder.into(), settings.ledger, clock.clone());
        let (events, verifications, references) =
            (Inbox::new(REMEMBERED), Inbox::new(REMEMBERED), Inbox::new(REMEMBERED));
        Self {
            queue,
            books,
            journal,
            orgs,
            providers,
            vault,
            clock,
            entropy,
            settings,
            events,
            verifications,
            enrolments: Inbox::new(REMEMBERED),
            references,
            report_health: ReportHealth::default(),
        }
    }

    /// How providers take its reports, now and whenever it is asked.
    pub fn report_health(&self) -> ReportHealth {
        self.report_health.clone()
    }

    /// Works until `stop`, then finishes what is in hand.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        // An increase is only seen of what was there before.
        metrics::counter!("ringback_dead_letters_total").increment(0);
        self.providers.iter().filter(|it| it.reports()).for_each(|it| ReportHealth::announce(it.name()));
        let places = Arc::new(Semaphore::new(self.settings.concurrency));
        let in_hand = TaskTracker::new();
        // They end with this run, however it ends.
        let watching = stop.child_token().drop_guard();
        for (org, access) in &self.orgs {
            if let Some(client) = access.client.clone() {
                let (worker, org, stop) = (self.clone(), org.clone(), watching.token().clone());
                in_hand.spawn(async move { worker.watch(&org, &client, stop).await });
            }
        }
        while let Some(Ok(place)) = stop.run_until_cancelled(places.clone().acquire_owned()).await {
            let Some(Some(delivery)) = stop.run_until_cancelled(self.queue.next()).await else { break };
            let worker = self.clone();
            in_hand.spawn(async move {
                worker.settle(delivery).await;
                drop(place);
            });
        }
        drop(watching);
        in_hand.close();
        in_hand.wait().await;
    }

    async fn settle(&self, delivery: Delivery) {
        let Some(received) = event_of(delivery.message()) else {
            error!(
                key = delivery.message().key,
                "a message that is no event of ours: put among the dead letters"
            );
            return delivery.bury("no event that this version can read");
        };
        if delivery.deaths() >= MOST_DEATHS {
            return self.bury(&received, delivery).await;
        }
        otp::crash_point!("worker.taken");
        let Message { tries, doubtful, .. } = *delivery.message();
        let span = debug_span!(target: trace::TARGET, "event", otel.kind = "consumer", org = %received.event.id.org, tries);
        trace::continue_from(&span, delivery.message().traceparent.as_deref());
        let work = self.approve(&received, tries, doubtful).instrument(span);
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Outcome::Settled) => {
                delivery.ack();
                otp::crash_point!("worker.after_ack");
            }
            Ok(Outcome::Later(retry)) => delivery.retry(retry),
            Err(_) => {
                warn!(event = received.event.id.uuid, "an event took too long; trying again");
                let tries = tries.saturating_add(1);
                delivery.retry(Retry { after: self.backoff(tries), tries, doubtful: true });
            }
        }
    }

    /// An event on which one worker after another ended without a word: it waits for a person, the others go on.
    async fn bury(&self, received: &EventReceived, delivery: Delivery) {
        let (event, attempts) = (received.event.id.clone(), delivery.deaths());
        let now = self.clock.now();
        error!(org = %event.org, event = event.uuid, attempts, "an event ends every worker: given up");
        let reason = format!("{attempts} workers ended while they worked on it");
        let facts = [
            Fact::DeadLettered(DeadLettered {
                event: event.clone(),
                reason: reason.clone(),
                attempts,
                dead_at: now,
            }),
            Fact::EventSettled(EventSettled {
                event,
                state: EventState::Dead,
                note: Some("it ended every worker".to_owned()),
                attempts,
                transaction: None,
                verified_at: None,
                settled_at: end_of(received, now),
                replayed_at: received.replayed_at,
            }),
        ];
        match self.record(&facts).await {
            Ok(()) => {
                metrics::counter!("ringback_dead_letters_total").increment(1);
                delivery.bury(&reason);
            }
            Err(err) => {
                warn!(error = %err, "a dead letter is not on disk; trying again");
                let Message { tries, doubtful, .. } = *delivery.message();
                delivery.retry(Retry { after: self.backoff(tries), tries, doubtful });
            }
        }
    }

    /// Puts facts on disk, all or none.
    pub(crate) async fn record(&self, facts: &[Fact]) -> Result<(), journal::AppendError> {
        self.journal.append_ending(facts.iter().map(|fact| fact.encode().into()).collect()).await.map(|_| ())
    }

    /// Before the next try: doubling from one second to one minute, full jitter over the upper half.
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let most = Duration::from_secs(60)
            .min(Duration::from_secs(1) * 2u32.saturating_pow(attempt.saturating_sub(1).min(6)));
        most / 2 + self.entropy.jitter(most / 2)
    }
}
