use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use ledger::Ledger;
use otp::{Clock, Entropy, EventId, Fact, OrgName, TransactionId, Vault};
use queue::{Delivery, Queue};
use telephony::Provider;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::approval::Outcome;
use crate::inbox::Inbox;
use crate::org::OrgAccess;
use crate::settings::Settings;
use crate::wire::event_of;

/// Takes events from the queue and settles each.
pub struct Worker {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) ledger: Ledger,
    pub(crate) journal: Journal,
    pub(crate) orgs: HashMap<OrgName, OrgAccess>,
    pub(crate) providers: Vec<Arc<dyn Provider>>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
    pub(crate) events: Inbox<EventId>,
    pub(crate) verifications: Inbox<TransactionId>,
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
/// No delivery is worked on longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

impl Worker {
    /// Puts a worker together.
    pub fn new(parts: Parts) -> Self {
        let Parts { queue, ledger, journal, orgs, providers, vault, clock, entropy, settings } = parts;
        let (events, verifications) = (Inbox::new(REMEMBERED), Inbox::new(REMEMBERED));
        Self {
            queue,
            ledger,
            journal,
            orgs,
            providers,
            vault,
            clock,
            entropy,
            settings,
            events,
            verifications,
        }
    }

    /// Works until `stop`, then finishes what is in hand.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.settings.concurrency));
        let in_hand = TaskTracker::new();
        while let Some(Ok(place)) = stop.run_until_cancelled(places.clone().acquire_owned()).await {
            let Some(Some(delivery)) = stop.run_until_cancelled(self.queue.next()).await else { break };
            let worker = self.clone();
            in_hand.spawn(async move {
                worker.settle(delivery).await;
                drop(place);
            });
        }
        in_hand.close();
        in_hand.wait().await;
    }

    async fn settle(&self, delivery: Delivery) {
        let Some(received) = event_of(delivery.message()) else {
            error!(
                key = delivery.message().key,
                "a message that is no event: passed over, it stays in the journal"
            );
            return delivery.ack();
        };
        let (attempt, again) = (delivery.attempt(), delivery.message().redelivered);
        match tokio::time::timeout(PATIENCE, self.approve(&received, again)).await {
            Ok(Outcome::Settled) => delivery.ack(),
            Ok(Outcome::Later(after)) => delivery.retry(after),
            Err(_) => {
                warn!(event = received.event.id.uuid, "an event took too long; trying again");
                delivery.retry(self.backoff(attempt));
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
