use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::PostgresLedger;
use super::word::{must, word};
use crate::ReadError;
use crate::rows::{MOST_ROWS, UntoldQuery, UntoldSend};
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn second_messages(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<UntoldSend>, ReadError> {
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT a.transaction_id, a.provider, a.provider_ref, e.org, e.uuid
                FROM send_attempts second
                JOIN LATERAL (
                    SELECT known.org, known.uuid FROM okta_events known
                    WHERE known.transaction_id = second.transaction_id AND known.state <> 'queued'
                    ORDER BY known.settled_at, known.uuid
                    LIMIT 1
                ) e ON TRUE
                JOIN otp_transactions t ON t.id = second.transaction_id
                JOIN send_attempts a ON a.transaction_id = second.transaction_id
                WHERE second.n = 2 AND second.started_at > $1 AND t.verified_at IS NOT NULL AND a.outcome = 'accepted' AND a.provider_ref IS NOT NULL
                    AND NOT EXISTS (SELECT FROM feedback_reports r WHERE r.provider_ref = a.provider_ref)
                ORDER BY second.started_at, a.transaction_id, a.n
                LIMIT $2"#,
                instant(since).to_sqlx() as _,
                i64::from(limit.min(MOST_ROWS)),
            ))
            .await?;
        let sends = rows.into_iter().map(|row| {
            Ok(UntoldSend {
                transaction: row.transaction_id.into(),
                org: word("org", &row.org)?,
                event_uuid: Some(row.uuid),
                provider: row.provider,
                provider_ref: must("provider_ref", row.provider_ref)?,
            })
        });
        sends.collect()
    }

    pub(crate) async fn abandoned(&self, query: &UntoldQuery) -> Result<Vec<UntoldSend>, ReadError> {
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT t.id, t.org, t.provider, t.provider_ref
                FROM otp_transactions t
                WHERE t.received_at > $1 AND t.received_at <= $2 AND t.status = 'accepted' AND t.verified_at IS NULL
                    AND t.provider IS NOT NULL AND t.provider_ref IS NOT NULL
                    AND coalesce(t.otp_expires_at, t.received_at + interval '5 minutes') <= $2
                    -- One verification may hold several codes: none of them was entered, and none can be.
                    AND NOT EXISTS (
                        SELECT FROM otp_transactions other
                        WHERE other.provider_ref = t.provider_ref AND (
                            other.verified_at IS NOT NULL
                            OR coalesce(other.otp_expires_at, other.received_at + interval '5 minutes') > $2
                        )
                    )
                    AND NOT EXISTS (SELECT FROM feedback_reports r WHERE r.provider_ref = t.provider_ref)
                ORDER BY t.received_at, t.id
                LIMIT $3"#,
                instant(query.received_after).to_sqlx() as _,
                instant(query.over_at).to_sqlx() as _,
                i64::from(query.limit.min(MOST_ROWS)),
            ))
            .await?;
        let sends = rows.into_iter().map(|row| {
            Ok(UntoldSend {
                transaction: row.id.into(),
                org: word("org", &must("org", row.org)?)?,
                event_uuid: None,
                provider: must("provider", row.provider)?,
                provider_ref: must("provider_ref", row.provider_ref)?,
            })
        });
        sends.collect()
    }
}
