//! Rows for people: newest first, and never a number in clear.

use otp::{OrgName, TransactionId};
use sqlx::sqlite::SqliteRow;

use super::SqliteLedger;
use super::columns::Columns;
use super::decode::{attempt, dead_letter, event, feedback, receipt, transaction};
use crate::ReadError;
use crate::rows::{
    DeadLetterFilter, DeadLetterRow, EventDetail, EventFilter, EventRow, MOST_ROWS, TransactionDetail,
    TransactionFilter, TransactionRow,
};
use crate::text::{moment, optional, text};

impl SqliteLedger {
    pub(crate) async fn transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionRow>, ReadError> {
        let rows = self
            .rows(
                sqlx::query(
                    "SELECT id, org, okta_event_id, purpose, channel, okta_user_id, country, phone_prefix, locale,
                        otp_expires_at, received_at, answered_at, status, settled_at, answer, provider, provider_ref,
                        failure_class, verified_at, duplicate_of, node
                    FROM otp_transactions
                    WHERE (?1 IS NULL OR org = ?1) AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR okta_user_id = ?3)
                    AND (?4 IS NULL OR received_at >= ?4) AND (?5 IS NULL OR received_at < ?5)
                    ORDER BY received_at DESC NULLS LAST, id DESC
                    LIMIT ?6",
                )
                .bind(filter.org.as_ref().map(|org| org.as_str().to_owned()))
                .bind(filter.status.map(|status| status.as_str()))
                .bind(optional(filter.okta_user_id.as_deref()).map(|user| user.into_owned()))
                .bind(filter.since.map(moment))
                .bind(filter.until.map(moment))
                .bind(filter.limit.min(MOST_ROWS)),
            )
            .await?;
        each(&rows, transaction)
    }

    pub(crate) async fn transaction(
        &self,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, ReadError> {
        let found = self
            .row(
                sqlx::query(
                    "SELECT id, org, okta_event_id, purpose, channel, okta_user_id, country, phone_prefix, locale,
                        otp_expires_at, received_at, answered_at, status, settled_at, answer, provider, provider_ref,
                        failure_class, verified_at, duplicate_of, node
                    FROM otp_transactions WHERE id = ?1",
                )
                .bind(id.to_string()),
            )
            .await?;
        let Some(found) = found else { return Ok(None) };
        let attempts = self
            .rows(
                sqlx::query(
                    "SELECT transaction_id, n, provider, started_at, ended_at, outcome, http_status, provider_code,
                        provider_ref, attempt_ref
                    FROM send_attempts WHERE transaction_id = ?1 ORDER BY n",
                )
                .bind(id.to_string()),
            )
            .await?;
        let events = self
            .rows(
                sqlx::query(
                    "SELECT uuid, org, event_type, okta_user_id, factor, channel, reading, result, reason, published_at,
                        received_at, deliveries, state, note, settled_at, attempts, transaction_id, node
                    FROM okta_events WHERE transaction_id = ?1 ORDER BY received_at, org, uuid",
                )
                .bind(id.to_string()),
            )
            .await?;
        let reports = self
            .rows(
                sqlx::query(
                    "SELECT org, event_uuid, transaction_id, provider, provider_ref, verdict, result, matched_by, reported_at
                    FROM feedback_reports WHERE transaction_id = ?1 ORDER BY reported_at, event_uuid",
                )
                .bind(id.to_string()),
            )
            .await?;
        // Its own, and those that name no transaction but a reference that one of its calls had. One message may have several attempts
        // (Verify: one VE SID for all codes of ten minutes), so a receipt about another transaction's attempt is that one's.
        let receipts = self
            .rows(
                sqlx::query(
                    "SELECT provider, provider_ref, attempt_ref, transaction_id, status, error_code, reported_at, received_at
                    FROM delivery_receipts WHERE id IN (
                        SELECT own.id FROM delivery_receipts own WHERE own.transaction_id = ?1
                        UNION
                        SELECT named.id FROM send_attempts a JOIN delivery_receipts named
                        ON named.provider_ref = a.provider_ref AND named.provider = a.provider AND named.transaction_id IS NULL
                        WHERE a.transaction_id = ?1 AND NOT EXISTS (
                            SELECT 1 FROM send_attempts other
                            WHERE other.provider_ref = named.provider_ref AND other.attempt_ref = named.attempt_ref
                            AND other.provider = named.provider AND other.transaction_id <> ?1
                        )
                        UNION
                        SELECT named.id FROM send_attempts a JOIN delivery_receipts named
                        ON named.attempt_ref = a.attempt_ref AND named.provider = a.provider AND named.transaction_id IS NULL
                        WHERE a.transaction_id = ?1
                    ) ORDER BY received_at, id",
                )
                .bind(id.to_string()),
            )
            .await?;
        Ok(Some(TransactionDetail {
            transaction: transaction(&Columns(&found))?,
            attempts: each(&attempts, attempt)?,
            events: each(&events, event)?,
            reports: each(&reports, feedback)?,
            receipts: each(&receipts, receipt)?,
        }))
    }

    pub(crate) async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>, ReadError> {
        let rows = self
            .rows(
                sqlx::query(
                    "SELECT uuid, org, event_type, okta_user_id, factor, channel, reading, result, reason, published_at,
                        received_at, deliveries, state, note, settled_at, attempts, transaction_id, node
                    FROM okta_events
                    WHERE (?1 IS NULL OR org = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR okta_user_id = ?3)
                    AND (?4 IS NULL OR received_at >= ?4) AND (?5 IS NULL OR received_at < ?5)
                    ORDER BY received_at DESC NULLS LAST, org, uuid
                    LIMIT ?6",
                )
                .bind(filter.org.as_ref().map(|org| org.as_str().to_owned()))
                .bind(filter.state.map(|state| state.as_str()))
                .bind(optional(filter.okta_user_id.as_deref()).map(|user| user.into_owned()))
                .bind(filter.since.map(moment))
                .bind(filter.until.map(moment))
                .bind(filter.limit.min(MOST_ROWS)),
            )
            .await?;
        each(&rows, event)
    }

    pub(crate) async fn event(
        &self,
        org: Option<&OrgName>,
        uuid: &str,
    ) -> Result<Vec<EventDetail>, ReadError> {
        let rows = self
            .rows(
                sqlx::query(
                    "SELECT uuid, org, event_type, okta_user_id, factor, channel, reading, result, reason, published_at,
                        received_at, deliveries, state, note, settled_at, attempts, transaction_id, node
                    FROM okta_events WHERE uuid = ?1 AND (?2 IS NULL OR org = ?2) ORDER BY org",
                )
                .bind(text(uuid).into_owned())
                .bind(org.map(|org| org.as_str().to_owned())),
            )
            .await?;
        let mut details = Vec::with_capacity(rows.len());
        for event in each(&rows, event)? {
            let reports = self
                .rows(
                    sqlx::query(
                        "SELECT org, event_uuid, transaction_id, provider, provider_ref, verdict, result, matched_by,
                            reported_at
                        FROM feedback_reports WHERE org = ?1 AND event_uuid = ?2 ORDER BY reported_at, provider, subject",
                    )
                    .bind(event.org.as_str().to_owned())
                    .bind(event.uuid.clone()),
                )
                .await?;
            let dead_letters = self
                .rows(
                    sqlx::query(
                        "SELECT id, org, event_uuid, reason, attempts, dead_at, replayed_at
                        FROM dead_letters WHERE org = ?1 AND event_uuid = ?2 ORDER BY dead_at",
                    )
                    .bind(event.org.as_str().to_owned())
                    .bind(event.uuid.clone()),
                )
                .await?;
            details.push(EventDetail {
                event,
                reports: each(&reports, feedback)?,
                dead_letters: each(&dead_letters, dead_letter)?,
            });
        }
        Ok(details)
    }

    pub(crate) async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterRow>, ReadError> {
        let rows = self
            .rows(
                sqlx::query(
                    "SELECT id, org, event_uuid, reason, attempts, dead_at, replayed_at
                    FROM dead_letters
                    WHERE (?1 IS NULL OR org = ?1) AND (NOT ?2 OR replayed_at IS NULL) AND (?3 IS NULL OR dead_at >= ?3)
                    AND (?4 IS NULL OR dead_at <= ?4) AND (?5 IS NULL OR instr(reason, ?5) > 0)
                    ORDER BY dead_at DESC, id
                    LIMIT ?6",
                )
                .bind(filter.org.as_ref().map(|org| org.as_str().to_owned()))
                .bind(filter.waiting)
                .bind(filter.since.map(moment))
                .bind(filter.until.map(moment))
                .bind(optional(filter.reason.as_deref()).map(|reason| reason.into_owned()))
                .bind(filter.limit.min(MOST_ROWS)),
            )
            .await?;
        each(&rows, dead_letter)
    }
}

fn each<T>(
    rows: &[SqliteRow],
    decode: impl Fn(&Columns<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    rows.iter().map(|row| decode(&Columns(row))).collect()
}
