use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::{PostgresLedger, fault};
use crate::ApplyError;
use crate::rows::{CLAIM_MEMORY, Purged, QUARANTINE, Retention};
use crate::text::instant;

/// Rows per step: a few milliseconds, so that facts do not wait for a lock.
const STEP: i64 = 500;

/// Repeats a statement until it finds nothing more; how many rows it took. A macro, because a checked statement is a text and not a
/// value. Rows that another process has in hand are passed over, so several may purge at once. Each statement asks for rows in the order
/// of an index (`NULLS FIRST` is a listing's index read backwards): a step that had to sort would read all that is old, every time.
macro_rules! steps {
    ($ledger:ident, $sql:literal, $cutoff:expr) => {{
        let mut rows = 0;
        loop {
            let step = sqlx::query!($sql, $cutoff.to_sqlx() as _, STEP);
            let taken = $ledger
                .writing(move |connection| {
                    Box::pin(async move { step.execute(connection).await.map_err(fault::of) })
                })
                .await??
                .rows_affected();
            rows += taken;
            if taken < STEP.unsigned_abs() {
                break rows;
            }
        }
    }};
}

impl PostgresLedger {
    pub(crate) async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, ApplyError> {
        let phones = before(now, retention.phone.min(retention.transactions));
        let rows = before(now, retention.transactions);
        let bodies = before(now, retention.transactions.min(QUARANTINE));
        let claims = before(now, CLAIM_MEMORY);
        let purged = Purged {
            phones: steps!(
                self,
                "UPDATE otp_transactions SET phone_sealed = NULL WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM otp_transactions WHERE phone_sealed IS NOT NULL AND received_at < $1
                    ORDER BY received_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
                ))",
                phones
            ),
            transactions: steps!(
                self,
                "DELETE FROM otp_transactions WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM otp_transactions WHERE received_at < $1
                    ORDER BY received_at NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ) + steps!(
                self,
                // A row whose hook never came is as old as the oldest thing that is known of it.
                "DELETE FROM otp_transactions WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM otp_transactions
                    WHERE received_at IS NULL AND coalesce(answered_at, settled_at, verified_at) < $1
                    ORDER BY coalesce(answered_at, settled_at, verified_at) LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ),
            attempts: steps!(
                self,
                "DELETE FROM send_attempts WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM send_attempts WHERE started_at < $1
                    ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ),
            events: {
                steps!(
                    self,
                    "DELETE FROM okta_event_deliveries WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM okta_event_deliveries WHERE received_at < $1
                        ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
                    ))",
                    rows
                );
                steps!(
                    self,
                    "DELETE FROM okta_events WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM okta_events WHERE received_at < $1
                        ORDER BY received_at NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
                    ))",
                    rows
                ) + steps!(
                    self,
                    "DELETE FROM okta_events WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM okta_events WHERE received_at IS NULL AND settled_at < $1
                        ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED
                    ))",
                    rows
                )
            },
            reports: steps!(
                self,
                "DELETE FROM feedback_reports WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM feedback_reports WHERE reported_at < $1
                    ORDER BY reported_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ),
            receipts: steps!(
                self,
                "DELETE FROM delivery_receipts WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM delivery_receipts WHERE received_at < $1
                    ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ),
            send_events: steps!(
                self,
                "DELETE FROM okta_send_events WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM okta_send_events WHERE received_at < $1
                    ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ),
            dead_letters: steps!(
                self,
                "DELETE FROM dead_letters WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM dead_letters WHERE dead_at < $1
                    ORDER BY dead_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                rows
            ),
            quarantined: steps!(
                self,
                "DELETE FROM quarantine WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM quarantine WHERE received_at < $1
                    ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ))",
                bodies
            ),
        };
        steps!(
            self,
            "DELETE FROM event_replays WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM event_replays WHERE replayed_at < $1
                ORDER BY replayed_at LIMIT $2 FOR UPDATE SKIP LOCKED
            ))",
            rows
        );
        steps!(
            self,
            "DELETE FROM erasures WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM erasures WHERE erased_at < $1
                ORDER BY erased_at LIMIT $2 FOR UPDATE SKIP LOCKED
            ))",
            rows
        );
        steps!(
            self,
            "DELETE FROM report_claims WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM report_claims WHERE until < $1
                ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED
            ))",
            claims
        );
        Ok(purged)
    }
}

/// `age` before `now`; the beginning of time when there was no such moment.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    instant(now.checked_sub(age).unwrap_or(Timestamp::MIN))
}
