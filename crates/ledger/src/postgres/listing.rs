//! Rows for people: newest first, and never a number in clear.

use jiff_sqlx::ToSqlx as _;
use otp::{OrgName, TransactionId};

use super::PostgresLedger;
use super::records::{
    AttemptRecord, DeadLetterRecord, EventRecord, FeedbackRecord, ReceiptRecord, TransactionRecord, each,
};
use super::write::key;
use crate::ReadError;
use crate::rows::{
    DeadLetterFilter, DeadLetterRow, EventDetail, EventFilter, EventRow, MOST_ROWS, TransactionDetail,
    TransactionFilter, TransactionRow,
};
use crate::text::{instant, optional, text};

impl PostgresLedger {
    pub(crate) async fn transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionRow>, ReadError> {
        let user = optional(filter.okta_user_id.as_deref());
        let rows = self
            .rows(sqlx::query_as!(
                TransactionRecord,
                r#"SELECT id, org, okta_event_id, purpose, channel, okta_user_id, country, phone_prefix, locale,
                    otp_expires_at AS "otp_expires_at: _", received_at AS "received_at: _", answered_at AS "answered_at: _",
                    status, settled_at AS "settled_at: _", answer, provider, provider_ref, failure_class,
                    verified_at AS "verified_at: _", duplicate_of, node
                FROM otp_transactions
                WHERE ($1::text IS NULL OR org = $1) AND ($2::text IS NULL OR status = $2)
                AND ($3::text IS NULL OR okta_user_id = $3)
                AND ($4::timestamptz IS NULL OR received_at >= $4) AND ($5::timestamptz IS NULL OR received_at < $5)
                ORDER BY received_at DESC NULLS LAST, id DESC
                LIMIT $6"#,
                filter.org.as_ref().map(|org| org.as_str()),
                filter.status.map(|status| status.as_str()),
                user.as_deref(),
                filter.since.map(|at| instant(at).to_sqlx()) as _,
                filter.until.map(|at| instant(at).to_sqlx()) as _,
                i64::from(filter.limit.min(MOST_ROWS)),
            ))
            .await?;
        each(rows)
    }

    pub(crate) async fn transaction(
        &self,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, ReadError> {
        let id = key(id);
        let found = self
            .row(sqlx::query_as!(
                TransactionRecord,
                r#"SELECT id, org, okta_event_id, purpose, channel, okta_user_id, country, phone_prefix, locale,
                    otp_expires_at AS "otp_expires_at: _", received_at AS "received_at: _", answered_at AS "answered_at: _",
                    status, settled_at AS "settled_at: _", answer, provider, provider_ref, failure_class,
                    verified_at AS "verified_at: _", duplicate_of, node
                FROM otp_transactions WHERE id = $1"#,
                id,
            ))
            .await?;
        let Some(found) = found else { return Ok(None) };
        let attempts = self
            .rows(sqlx::query_as!(
                AttemptRecord,
                r#"SELECT transaction_id, n, provider, started_at AS "started_at: _", ended_at AS "ended_at: _", outcome,
                    http_status, provider_code, provider_ref, attempt_ref
                FROM send_attempts WHERE transaction_id = $1 ORDER BY n"#,
                id,
            ))
            .await?;
        let events = self
            .rows(sqlx::query_as!(
                EventRecord,
                r#"SELECT uuid, org, event_type, okta_user_id, factor, channel, reading, result, reason,
                    published_at AS "published_at: _", received_at AS "received_at: _", deliveries, state, note,
                    settled_at AS "settled_at: _", attempts, transaction_id, node
                FROM okta_events WHERE transaction_id = $1 ORDER BY received_at NULLS FIRST, org, uuid"#,
                id,
            ))
            .await?;
        let reports = self
            .rows(sqlx::query_as!(
                FeedbackRecord,
                r#"SELECT org, event_uuid, transaction_id, provider, provider_ref, verdict, result, matched_by,
                    reported_at AS "reported_at: _"
                FROM feedback_reports WHERE transaction_id = $1 ORDER BY reported_at, event_uuid"#,
                id,
            ))
            .await?;
        // Its own, and those that name no transaction but a reference that one of its calls had. One message may have several attempts
        // (Verify: one VE SID for all codes of ten minutes), so a receipt about another transaction's attempt is that one's.
        let receipts = self
            .rows(sqlx::query_as!(
                ReceiptRecord,
                r#"SELECT d.provider AS "provider!", d.provider_ref, d.attempt_ref, d.transaction_id, d.status AS "status!",
                    d.error_code, d.reported_at AS "reported_at: _", d.received_at AS "received_at!: _"
                FROM (
                    SELECT own.* FROM delivery_receipts own WHERE own.transaction_id = $1
                    UNION
                    SELECT named.* FROM send_attempts a JOIN delivery_receipts named
                    ON named.provider_ref = a.provider_ref AND named.provider = a.provider AND named.transaction_id IS NULL
                    WHERE a.transaction_id = $1 AND NOT EXISTS (
                        SELECT FROM send_attempts other
                        WHERE other.provider_ref = named.provider_ref AND other.attempt_ref = named.attempt_ref
                        AND other.provider = named.provider AND other.transaction_id <> $1
                    )
                    UNION
                    SELECT named.* FROM send_attempts a JOIN delivery_receipts named
                    ON named.attempt_ref = a.attempt_ref AND named.provider = a.provider AND named.transaction_id IS NULL
                    WHERE a.transaction_id = $1
                ) d ORDER BY d.received_at, d.id"#,
                id,
            ))
            .await?;
        Ok(Some(TransactionDetail {
            transaction: found.try_into()?,
            attempts: each(attempts)?,
            events: each(events)?,
            reports: each(reports)?,
            receipts: each(receipts)?,
        }))
    }

    pub(crate) async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>, ReadError> {
        let user = optional(filter.okta_user_id.as_deref());
        let rows = self
            .rows(sqlx::query_as!(
                EventRecord,
                r#"SELECT uuid, org, event_type, okta_user_id, factor, channel, reading, result, reason,
                    published_at AS "published_at: _", received_at AS "received_at: _", deliveries, state, note,
                    settled_at AS "settled_at: _", attempts, transaction_id, node
                FROM okta_events
                WHERE ($1::text IS NULL OR org = $1) AND ($2::text IS NULL OR state = $2)
                AND ($3::text IS NULL OR okta_user_id = $3)
                AND ($4::timestamptz IS NULL OR received_at >= $4) AND ($5::timestamptz IS NULL OR received_at < $5)
                ORDER BY received_at DESC NULLS LAST, org, uuid
                LIMIT $6"#,
                filter.org.as_ref().map(|org| org.as_str()),
                filter.state.map(|state| state.as_str()),
                user.as_deref(),
                filter.since.map(|at| instant(at).to_sqlx()) as _,
                filter.until.map(|at| instant(at).to_sqlx()) as _,
                i64::from(filter.limit.min(MOST_ROWS)),
            ))
            .await?;
        each(rows)
    }

    pub(crate) async fn event(
        &self,
        org: Option<&OrgName>,
        uuid: &str,
    ) -> Result<Vec<EventDetail>, ReadError> {
        let uuid = text(uuid);
        let rows = self
            .rows(sqlx::query_as!(
                EventRecord,
                r#"SELECT uuid, org, event_type, okta_user_id, factor, channel, reading, result, reason,
                    published_at AS "published_at: _", received_at AS "received_at: _", deliveries, state, note,
                    settled_at AS "settled_at: _", attempts, transaction_id, node
                FROM okta_events WHERE uuid = $1 AND ($2::text IS NULL OR org = $2) ORDER BY org"#,
                uuid.as_ref(),
                org.map(|org| org.as_str()),
            ))
            .await?;
        let mut details = Vec::with_capacity(rows.len());
        for event in each::<_, EventRow>(rows)? {
            let reports = self
                .rows(sqlx::query_as!(
                    FeedbackRecord,
                    r#"SELECT org, event_uuid, transaction_id, provider, provider_ref, verdict, result, matched_by,
                        reported_at AS "reported_at: _"
                    FROM feedback_reports WHERE org = $1 AND event_uuid = $2 ORDER BY reported_at, provider, subject"#,
                    event.org.as_str(),
                    event.uuid,
                ))
                .await?;
            let dead_letters = self
                .rows(sqlx::query_as!(
                    DeadLetterRecord,
                    r#"SELECT id, org, event_uuid, reason, attempts, dead_at AS "dead_at: _", replayed_at AS "replayed_at: _"
                    FROM dead_letters WHERE org = $1 AND event_uuid = $2 ORDER BY dead_at"#,
                    event.org.as_str(),
                    event.uuid,
                ))
                .await?;
            details.push(EventDetail { event, reports: each(reports)?, dead_letters: each(dead_letters)? });
        }
        Ok(details)
    }

    pub(crate) async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterRow>, ReadError> {
        let reason = optional(filter.reason.as_deref());
        let rows = self
            .rows(sqlx::query_as!(
                DeadLetterRecord,
                r#"SELECT id, org, event_uuid, reason, attempts, dead_at AS "dead_at: _", replayed_at AS "replayed_at: _"
                FROM dead_letters
                WHERE ($1::text IS NULL OR org = $1) AND (NOT $2::boolean OR replayed_at IS NULL)
                AND ($3::timestamptz IS NULL OR dead_at >= $3) AND ($4::timestamptz IS NULL OR dead_at <= $4)
                AND ($5::text IS NULL OR position($5 IN reason) > 0)
                ORDER BY dead_at DESC, id
                LIMIT $6"#,
                filter.org.as_ref().map(|org| org.as_str()),
                filter.waiting,
                filter.since.map(|at| instant(at).to_sqlx()) as _,
                filter.until.map(|at| instant(at).to_sqlx()) as _,
                reason.as_deref(),
                i64::from(filter.limit.min(MOST_ROWS)),
            ))
            .await?;
        each(rows)
    }
}
