//! Events that a broker confirmed and has lost since: it was built anew, or somebody deleted a queue.

use std::sync::Arc;
use std::time::Duration;

use journal::{Journal, Seq};
use ledger::{EventQuery, Ledger};
use otp::{Clock, EventReceived, EventState, Fact, Reading};
use queue::{Message, Queue};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::subject::earlier;
use crate::wire::message_of;

/// Looks after events of this process's journal that nobody settles, although the broker has nothing that waits.
pub struct Stragglers {
    journal: Journal,
    ledger: Ledger,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
}

/// How old an event is when it is looked at: often while its verification lives, and then for the books' sake, so that it ends in them.
const AGES: [Duration; 7] = [
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(4 * 60),
    Duration::from_secs(8 * 60),
    Duration::from_secs(16 * 60),
    Duration::from_secs(64 * 60),
];
/// Between two rounds.
const ROUND: Duration = Duration::from_secs(10);
/// Events looked at together.
const BATCH: usize = 256;

impl Stragglers {
    /// Of `journal`, in what `ledger` says, back into `queue`.
    pub fn new(journal: Journal, ledger: Ledger, queue: Arc<dyn Queue>, clock: Arc<dyn Clock>) -> Self {
        Self { journal, ledger, queue, clock }
    }

    /// Runs until `stop`. What stands in the journal before `from` is not looked at.
    pub async fn run(&self, from: Seq, stop: CancellationToken) {
        let mut places = [from; AGES.len()];
        while stop.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_some() {
            for (age, place) in AGES.into_iter().zip(&mut places) {
                if stop.run_until_cancelled(self.look(age, place)).await.is_none() {
                    return;
                }
            }
        }
    }

    /// Looks at every event behind `place` that is of that age.
    async fn look(&self, age: Duration, place: &mut Seq) {
        let due = earlier(self.clock.now(), age);
        while *place < self.journal.last() {
            let batch = match self.journal.read_kind(&[Fact::EVENT_RECEIVED], *place, BATCH).await {
                Ok(batch) => batch,
                Err(err) => return debug!(error = %err, "events cannot be looked at"),
            };
            let mut events = Vec::new();
            let mut next = batch.next;
            for entry in &batch.entries {
                let record = &entry.record;
                let Ok(Fact::EventReceived(received)) =
                    Fact::decode(&record.kind, record.version, &record.payload)
                else {
                    continue;
                };
                if received.received_at > due {
                    next = entry.seq - 1;
                    break;
                }
                if received.event.reading != Reading::Nothing {
                    let message = Message { doubtful: true, ..message_of(&received, record) };
                    events.push((received, message));
                }
            }
            self.hand_over(events).await;
            if next <= *place {
                return;
            }
            *place = next;
        }
    }

    /// Publishes those again that the books call queued, if the broker has none of them: nothing is ready and nothing waits for its time.
    async fn hand_over(&self, events: Vec<(EventReceived, Message)>) {
        if events.is_empty() || !self.queue.is_empty() {
            return;
        }
        let queries: Vec<_> = events
            .iter()
            .map(|(received, _)| EventQuery { event: received.event.id.clone(), send: None })
            .collect();
        let matched = match self.ledger.match_events(&queries).await {
            Ok(matched) => matched,
            Err(err) => return debug!(error = %err, "events cannot be looked up"),
        };
        let queued = |state| state == Some(EventState::Queued);
        let lost =
            events.into_iter().zip(matched).filter(|(_, it)| it.as_ref().is_ok_and(|it| queued(it.state)));
        let mut handed_over = 0;
        for ((received, message), _) in lost {
            if self.queue.publish(message).await.is_err() {
                return;
            }
            debug!(event = received.event.id.uuid, "handed over again");
            handed_over += 1;
        }
        if handed_over > 0 {
            info!(
                events = handed_over,
                "nobody settles these, and the broker has them no more: handed over again"
            );
            metrics::counter!("ringback_events_handed_over_again_total").increment(handed_over);
        }
    }
}
