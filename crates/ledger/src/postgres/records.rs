//! One row of a table as the database gives it, and as people see it.

use jiff_sqlx::Timestamp;
use uuid::Uuid;

use super::word::{maybe, number, word};
use crate::ReadError;
use crate::rows::{AttemptRow, DeadLetterRow, EventRow, FeedbackRow, ReceiptRow, TransactionRow};

pub(super) struct TransactionRecord {
    pub(super) id: Uuid,
    pub(super) org: Option<String>,
    pub(super) okta_event_id: Option<String>,
    pub(super) purpose: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) okta_user_id: Option<String>,
    pub(super) country: Option<String>,
    pub(super) phone_prefix: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) otp_expires_at: Option<Timestamp>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) status: String,
    pub(super) settled_at: Option<Timestamp>,
    pub(super) answer: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) provider_ref: Option<String>,
    pub(super) failure_class: Option<String>,
    pub(super) verified_at: Option<Timestamp>,
    pub(super) duplicate_of: Option<Uuid>,
    pub(super) node: Option<String>,
}

impl TryFrom<TransactionRecord> for TransactionRow {
    type Error = ReadError;

    fn try_from(row: TransactionRecord) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id.into(),
            org: maybe("org", row.org.as_deref())?,
            okta_event_id: row.okta_event_id,
            purpose: maybe("purpose", row.purpose.as_deref())?,
            channel: maybe("channel", row.channel.as_deref())?,
            okta_user_id: row.okta_user_id,
            country: row.country,
            phone: row.phone_prefix.map(|prefix| prefix + "••••"),
            locale: row.locale,
            otp_expires_at: row.otp_expires_at.map(Timestamp::to_jiff),
            received_at: row.received_at.map(Timestamp::to_jiff),
            answered_at: row.answered_at.map(Timestamp::to_jiff),
            status: word("status", &row.status)?,
            settled_at: row.settled_at.map(Timestamp::to_jiff),
            answer: maybe("answer", row.answer.as_deref())?,
            provider: row.provider,
            provider_ref: row.provider_ref,
            failure_class: maybe("failure_class", row.failure_class.as_deref())?,
            verified_at: row.verified_at.map(Timestamp::to_jiff),
            duplicate_of: row.duplicate_of.map(Into::into),
            node: row.node,
        })
    }
}

pub(super) struct AttemptRecord {
    pub(super) transaction_id: Uuid,
    pub(super) n: i32,
    pub(super) provider: String,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) outcome: Option<String>,
    pub(super) http_status: Option<i32>,
    pub(super) provider_code: Option<String>,
    pub(super) provider_ref: Option<String>,
    pub(super) attempt_ref: Option<String>,
}

impl TryFrom<AttemptRecord> for AttemptRow {
    type Error = ReadError;

    fn try_from(row: AttemptRecord) -> Result<Self, ReadError> {
        Ok(Self {
            transaction_id: row.transaction_id.into(),
            n: number("n", row.n)?,
            provider: row.provider,
            started_at: row.started_at.to_jiff(),
            ended_at: row.ended_at.map(Timestamp::to_jiff),
            outcome: maybe("outcome", row.outcome.as_deref())?,
            http_status: row.http_status.map(|status| number("http_status", status)).transpose()?,
            provider_code: row.provider_code,
            provider_ref: row.provider_ref,
            attempt_ref: row.attempt_ref,
        })
    }
}

pub(super) struct EventRecord {
    pub(super) uuid: String,
    pub(super) org: String,
    pub(super) event_type: Option<String>,
    pub(super) okta_user_id: Option<String>,
    pub(super) factor: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) reading: Option<String>,
    pub(super) result: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) published_at: Option<Timestamp>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) deliveries: i64,
    pub(super) state: String,
    pub(super) note: Option<String>,
    pub(super) settled_at: Option<Timestamp>,
    pub(super) attempts: i64,
    pub(super) transaction_id: Option<Uuid>,
    pub(super) node: Option<String>,
}

impl TryFrom<EventRecord> for EventRow {
    type Error = ReadError;

    fn try_from(row: EventRecord) -> Result<Self, ReadError> {
        Ok(Self {
            uuid: row.uuid,
            org: word("org", &row.org)?,
            event_type: row.event_type,
            okta_user_id: row.okta_user_id,
            phone_factor: row.factor.map(|factor| factor == "phone"),
            channel: maybe("channel", row.channel.as_deref())?,
            reading: maybe("reading", row.reading.as_deref())?,
            result: row.result,
            reason: row.reason,
            published_at: row.published_at.map(Timestamp::to_jiff),
            received_at: row.received_at.map(Timestamp::to_jiff),
            deliveries: number("deliveries", row.deliveries)?,
            state: word("state", &row.state)?,
            note: row.note,
            settled_at: row.settled_at.map(Timestamp::to_jiff),
            attempts: number("attempts", row.attempts)?,
            transaction_id: row.transaction_id.map(Into::into),
            node: row.node,
        })
    }
}

pub(super) struct FeedbackRecord {
    pub(super) org: String,
    pub(super) event_uuid: String,
    pub(super) transaction_id: Option<Uuid>,
    pub(super) provider: String,
    pub(super) provider_ref: Option<String>,
    pub(super) verdict: String,
    pub(super) result: String,
    pub(super) matched_by: String,
    pub(super) reported_at: Timestamp,
}

impl TryFrom<FeedbackRecord> for FeedbackRow {
    type Error = ReadError;

    fn try_from(row: FeedbackRecord) -> Result<Self, ReadError> {
        Ok(Self {
            org: word("org", &row.org)?,
            event_uuid: row.event_uuid,
            transaction_id: row.transaction_id.map(Into::into),
            provider: row.provider,
            provider_ref: row.provider_ref,
            verdict: word("verdict", &row.verdict)?,
            result: word("result", &row.result)?,
            matched_by: word("matched_by", &row.matched_by)?,
            reported_at: row.reported_at.to_jiff(),
        })
    }
}

pub(super) struct ReceiptRecord {
    pub(super) provider: String,
    pub(super) provider_ref: Option<String>,
    pub(super) attempt_ref: Option<String>,
    pub(super) transaction_id: Option<Uuid>,
    pub(super) status: String,
    pub(super) error_code: Option<String>,
    pub(super) reported_at: Option<Timestamp>,
    pub(super) received_at: Timestamp,
}

impl TryFrom<ReceiptRecord> for ReceiptRow {
    type Error = ReadError;

    fn try_from(row: ReceiptRecord) -> Result<Self, ReadError> {
        Ok(Self {
            provider: row.provider,
            provider_ref: row.provider_ref,
            attempt_ref: row.attempt_ref,
            transaction_id: row.transaction_id.map(Into::into),
            status: row.status,
            error_code: row.error_code,
            reported_at: row.reported_at.map(Timestamp::to_jiff),
            received_at: row.received_at.to_jiff(),
        })
    }
}

pub(super) struct DeadLetterRecord {
    pub(super) id: String,
    pub(super) org: String,
    pub(super) event_uuid: String,
    pub(super) reason: String,
    pub(super) attempts: i64,
    pub(super) dead_at: Timestamp,
    pub(super) replayed_at: Option<Timestamp>,
}

impl TryFrom<DeadLetterRecord> for DeadLetterRow {
    type Error = ReadError;

    fn try_from(row: DeadLetterRecord) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id,
            org: word("org", &row.org)?,
            event_uuid: row.event_uuid,
            reason: row.reason,
            attempts: number("attempts", row.attempts)?,
            dead_at: row.dead_at.to_jiff(),
            replayed_at: row.replayed_at.map(Timestamp::to_jiff),
        })
    }
}

/// Every record as people see it.
pub(super) fn each<T, R: TryFrom<T, Error = ReadError>>(records: Vec<T>) -> Result<Vec<R>, ReadError> {
    records.into_iter().map(R::try_from).collect()
}
