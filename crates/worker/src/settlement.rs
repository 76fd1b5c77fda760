//! How an event ends, and that end in the books.

use std::time::Duration;

use ledger::SendRecord;
use otp::{
    DeadLettered, EventReceived, EventSettled, EventState, Fact, FeedbackReported, ReportResult,
    TransactionId,
};
use queue::Retry;
use tracing::{info, warn};

use crate::approval::Outcome;
use crate::claim::{Claim, Effect};
use crate::inbox::Place;
use crate::replay::end_of;
use crate::worker::Worker;

/// How an event ends.
pub(crate) struct End {
    pub(crate) state: EventState,
    pub(crate) note: Option<&'static str>,
    pub(crate) transaction: Option<TransactionId>,
    /// Whether the code of that transaction was entered: known even when nobody can be told any more.
    pub(crate) verified: bool,
    pub(crate) report: Option<Box<FeedbackReported>>,
    pub(crate) dead: Option<String>,
    /// The provider knows no such verification any more.
    pub(crate) gone: bool,
    /// Given back when this end is on disk.
    pub(crate) claim: Option<(Claim, Effect)>,
}

impl End {
    pub(crate) fn of(state: EventState, note: &'static str) -> Self {
        Self {
            state,
            note: Some(note),
            transaction: None,
            verified: false,
            report: None,
            dead: None,
            gone: false,
            claim: None,
        }
    }

    pub(crate) fn about(self, record: &SendRecord) -> Self {
        Self { transaction: Some(record.transaction), verified: true, ..self }
    }
}

/// What came of one try.
pub(crate) enum Tried {
    /// The event needs nothing more.
    End(End),
    /// Once more, after so long.
    Later(Duration),
    /// The send that was found was approved well before this event: it belongs to a newer one, whose node is behind with the books.
    Newer,
}

impl Tried {
    pub(crate) fn about(self, record: &SendRecord) -> Self {
        match self {
            Self::End(end) => Self::End(end.about(record)),
            other => other,
        }
    }
}

impl Worker {
    /// Puts the end on disk; only then is the message done with.
    pub(crate) async fn end(
        &self,
        received: &EventReceived,
        end: End,
        place: Place<'_, otp::EventId>,
        attempt: u32,
        redelivered: bool,
    ) -> Outcome {
        let (event, now) = (&received.event, self.clock.now());
        let mut facts = Vec::with_capacity(3);
        let result = end.report.as_ref().map(|report| report.result);
        if let Some(report) = end.report {
            metrics::counter!("ringback_feedback_total", "provider" => report.provider.clone(), "result" => report.result.as_str())
                .increment(1);
            facts.push(Fact::FeedbackReported(*report));
        }
        if let Some(reason) = end.dead {
            metrics::counter!("ringback_dead_letters_total").increment(1);
            facts.push(Fact::DeadLettered(DeadLettered {
                event: event.id.clone(),
                reason,
                attempts: attempt,
                dead_at: now,
            }));
        }
        let verified_at = end.verified.then(|| received.published());
        facts.push(Fact::EventSettled(EventSettled {
            event: event.id.clone(),
            state: end.state,
            note: end.note.map(str::to_owned),
            attempts: attempt,
            transaction: end.transaction,
            verified_at,
            settled_at: end_of(received, now),
            replayed_at: received.replayed_at,
        }));
        otp::crash_point!("worker.before_record");
        if let Err(err) = self.record(&facts).await {
            warn!(event = event.id.uuid, error = %err, "an event's end is not on disk; trying again");
            if result.is_some() {
                place.doubt();
            }
            place.failed();
            return Outcome::Later(again(&place, self.backoff(attempt), redelivered));
        }
        otp::crash_point!("worker.after_record");
        if let Some((claim, effect)) = end.claim {
            self.unclaim(claim, effect).await;
        }
        let lag = now.duration_since(received.received_at).unsigned_abs();
        if result == Some(ReportResult::Reported) {
            metrics::histogram!("ringback_feedback_lag_seconds").record(lag.as_secs_f64());
        }
        info!(
            org = %event.id.org,
            event = event.id.uuid,
            event_type = event.event_type,
            state = end.state.as_str(),
            note = end.note,
            result = result.map(ReportResult::as_str),
            transaction = end.transaction.map(tracing::field::display),
            attempts = attempt,
            traceparent = received.traceparent,
            lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
            "event settled"
        );
        place.done(now);
        Outcome::Settled
    }
}

/// The next try, with what is known of those before it.
pub(crate) fn again(place: &Place<'_, otp::EventId>, after: Duration, redelivered: bool) -> Retry {
    Retry { after, tries: place.tries(), doubtful: redelivered || place.doubtful() }
}
