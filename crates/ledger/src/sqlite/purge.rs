use std::time::Duration;

use jiff::Timestamp;

use super::{SqliteLedger, fault};
use crate::ApplyError;
use crate::rows::{CLAIM_MEMORY, Purged, QUARANTINE, Retention};
use crate::text::moment;

/// Rows per step: a few milliseconds, so that facts do not wait.
const STEP: u32 = 500;

impl SqliteLedger {
    pub(crate) async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, ApplyError> {
        let phones = before(now, retention.phone.min(retention.transactions));
        let rows = before(now, retention.transactions);
        let bodies = before(now, retention.transactions.min(QUARANTINE));
        let purged = Purged {
            phones: self.steps(FORGET_PHONES, &phones).await?,
            transactions: self.steps(DELETE_TRANSACTIONS, &rows).await?,
            attempts: self.steps(DELETE_ATTEMPTS, &rows).await?,
            events: {
                self.steps(DELETE_DELIVERIES, &rows).await?;
                self.steps(DELETE_EVENTS, &rows).await?
            },
            reports: self.steps(DELETE_REPORTS, &rows).await?,
            receipts: self.steps(DELETE_RECEIPTS, &rows).await?,
            send_events: self.steps(DELETE_SEND_EVENTS, &rows).await?,
            dead_letters: self.steps(DELETE_DEAD_LETTERS, &rows).await?,
            quarantined: self.steps(DELETE_QUARANTINE, &bodies).await?,
        };
        self.steps(DELETE_REPLAYS, &rows).await?;
        self.steps(DELETE_ERASURES, &rows).await?;
        self.steps(DELETE_CLAIMS, &before(now, CLAIM_MEMORY)).await?;
        Ok(purged)
    }

    /// Repeats `statement` until it finds nothing more; how many rows it took.
    async fn steps(&self, statement: &'static str, cutoff: &str) -> Result<u64, ApplyError> {
        let mut rows = 0;
        loop {
            let step = sqlx::query(statement).bind(cutoff.to_owned()).bind(STEP);
            let taken = self
                .writing(move |connection| {
                    Box::pin(async move { step.execute(connection).await.map_err(fault::of) })
                })
                .await??
                .rows_affected();
            rows += taken;
            if taken < u64::from(STEP) {
                return Ok(rows);
            }
        }
    }
}

/// `age` before `now`, as text; the beginning of time when there was no such moment.
fn before(now: Timestamp, age: Duration) -> String {
    moment(now.checked_sub(age).unwrap_or(Timestamp::MIN))
}

const FORGET_PHONES: &str = "UPDATE otp_transactions SET phone_sealed = NULL WHERE id IN (
    SELECT id FROM otp_transactions WHERE phone_sealed IS NOT NULL AND received_at < ?1 LIMIT ?2
)";

/// A row whose hook never came is as old as the oldest thing that is known of it.
const DELETE_TRANSACTIONS: &str = "DELETE FROM otp_transactions WHERE id IN (
    SELECT id FROM otp_transactions
    WHERE received_at < ?1
    OR (received_at IS NULL AND coalesce(answered_at, settled_at, verified_at) < ?1)
    LIMIT ?2
)";

const DELETE_ATTEMPTS: &str = "DELETE FROM send_attempts WHERE (transaction_id, n) IN (
    SELECT transaction_id, n FROM send_attempts WHERE started_at < ?1 LIMIT ?2
)";

const DELETE_DELIVERIES: &str = "DELETE FROM okta_event_deliveries WHERE (org, uuid, delivery) IN (
    SELECT org, uuid, delivery FROM okta_event_deliveries WHERE received_at < ?1 LIMIT ?2
)";

const DELETE_EVENTS: &str = "DELETE FROM okta_events WHERE (org, uuid) IN (
    SELECT org, uuid FROM okta_events
    WHERE received_at < ?1 OR (received_at IS NULL AND settled_at < ?1)
    LIMIT ?2
)";

const DELETE_REPORTS: &str = "DELETE FROM feedback_reports WHERE (org, event_uuid, provider, subject) IN (
    SELECT org, event_uuid, provider, subject FROM feedback_reports WHERE reported_at < ?1 LIMIT ?2
)";

const DELETE_RECEIPTS: &str = "DELETE FROM delivery_receipts WHERE id IN (
    SELECT id FROM delivery_receipts WHERE received_at < ?1 LIMIT ?2
)";

const DELETE_SEND_EVENTS: &str = "DELETE FROM okta_send_events WHERE (org, uuid) IN (
    SELECT org, uuid FROM okta_send_events WHERE received_at < ?1 LIMIT ?2
)";

const DELETE_DEAD_LETTERS: &str = "DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE dead_at < ?1 LIMIT ?2
)";

const DELETE_QUARANTINE: &str = "DELETE FROM quarantine WHERE id IN (
    SELECT id FROM quarantine WHERE received_at < ?1 LIMIT ?2
)";

const DELETE_REPLAYS: &str = "DELETE FROM event_replays WHERE (org, uuid, replayed_at) IN (
    SELECT org, uuid, replayed_at FROM event_replays WHERE replayed_at < ?1 LIMIT ?2
)";

const DELETE_ERASURES: &str = "DELETE FROM erasures WHERE mark IN (
    SELECT mark FROM erasures WHERE erased_at < ?1 LIMIT ?2
)";

const DELETE_CLAIMS: &str = "DELETE FROM report_claims WHERE subject IN (
    SELECT subject FROM report_claims WHERE until < ?1 LIMIT ?2
)";
