use jiff::{SignedDuration, Timestamp};

use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::{MOST_ROWS, UntoldQuery, UntoldSend};
use crate::text::moment;

const SECOND: &str = "
    SELECT a.transaction_id, a.provider, a.provider_ref, e.org, e.uuid
    FROM send_attempts second
    JOIN okta_events e ON e.rowid = (
        SELECT known.rowid FROM okta_events known
        WHERE known.transaction_id = second.transaction_id AND known.state <> 'queued'
        ORDER BY known.settled_at, known.uuid
        LIMIT 1
    )
    JOIN otp_transactions t ON t.id = second.transaction_id
    JOIN send_attempts a ON a.transaction_id = second.transaction_id
    WHERE second.n = 2 AND second.started_at > ?1 AND t.verified_at IS NOT NULL AND a.outcome = 'accepted' AND a.provider_ref IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM feedback_reports r WHERE r.provider_ref = a.provider_ref)
    ORDER BY second.started_at, a.transaction_id, a.n
    LIMIT ?2";

const ABANDONED: &str = "
    SELECT t.id AS transaction_id, t.org, t.provider, t.provider_ref, NULL AS uuid
    FROM otp_transactions t
    WHERE t.received_at > ?1 AND t.received_at <= ?2 AND t.status = 'accepted' AND t.verified_at IS NULL
        AND t.provider IS NOT NULL AND t.provider_ref IS NOT NULL
        AND CASE WHEN t.otp_expires_at IS NULL THEN t.received_at <= ?3 ELSE t.otp_expires_at <= ?2 END
        AND NOT EXISTS (
            SELECT 1 FROM otp_transactions other
            WHERE other.provider_ref = t.provider_ref AND (
                other.verified_at IS NOT NULL
                OR CASE WHEN other.otp_expires_at IS NULL THEN other.received_at > ?3 ELSE other.otp_expires_at > ?2 END
            )
        )
        AND NOT EXISTS (SELECT 1 FROM feedback_reports r WHERE r.provider_ref = t.provider_ref)
    ORDER BY t.received_at, t.id
    LIMIT ?4";

/// Of which Okta does not say when it is over.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);

impl SqliteLedger {
    pub(crate) async fn second_messages(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<UntoldSend>, ReadError> {
        let query = sqlx::query(SECOND).bind(moment(since)).bind(limit.min(MOST_ROWS));
        self.rows(query).await?.iter().map(|row| untold(&Columns(row))).collect()
    }

    pub(crate) async fn abandoned(&self, query: &UntoldQuery) -> Result<Vec<UntoldSend>, ReadError> {
        let asked_by = query.over_at.saturating_sub(CODE_LIFE).unwrap_or(Timestamp::MIN);
        let query = sqlx::query(ABANDONED)
            .bind(moment(query.received_after))
            .bind(moment(query.over_at))
            .bind(moment(asked_by))
            .bind(query.limit.min(MOST_ROWS));
        self.rows(query).await?.iter().map(|row| untold(&Columns(row))).collect()
    }
}

fn untold(row: &Columns<'_>) -> Result<UntoldSend, ReadError> {
    Ok(UntoldSend {
        transaction: row.must("transaction_id", Columns::id)?,
        org: row.must("org", Columns::word)?,
        event_uuid: row.text("uuid")?,
        provider: row.must("provider", Columns::text)?,
        provider_ref: row.must("provider_ref", Columns::text)?,
    })
}
