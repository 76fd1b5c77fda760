//! One row of a table as people see it.

use super::columns::Columns;
use crate::ReadError;
use crate::rows::{AttemptRow, DeadLetterRow, EventRow, FeedbackRow, ReceiptRow, TransactionRow};

pub(super) fn transaction(row: &Columns<'_>) -> Result<TransactionRow, ReadError> {
    Ok(TransactionRow {
        id: row.must("id", Columns::id)?,
        org: row.word("org")?,
        okta_event_id: row.text("okta_event_id")?,
        purpose: row.word("purpose")?,
        channel: row.word("channel")?,
        okta_user_id: row.text("okta_user_id")?,
        country: row.text("country")?,
        phone: row.text("phone_prefix")?.map(|prefix| prefix + "••••"),
        locale: row.text("locale")?,
        otp_expires_at: row.moment("otp_expires_at")?,
        received_at: row.moment("received_at")?,
        answered_at: row.moment("answered_at")?,
        status: row.must("status", Columns::word)?,
        settled_at: row.moment("settled_at")?,
        answer: row.word("answer")?,
        provider: row.text("provider")?,
        provider_ref: row.text("provider_ref")?,
        failure_class: row.word("failure_class")?,
        verified_at: row.moment("verified_at")?,
        duplicate_of: row.id("duplicate_of")?,
        node: row.text("node")?,
    })
}

pub(super) fn attempt(row: &Columns<'_>) -> Result<AttemptRow, ReadError> {
    Ok(AttemptRow {
        transaction_id: row.must("transaction_id", Columns::id)?,
        n: row.must("n", Columns::number)?,
        provider: row.must("provider", Columns::text)?,
        started_at: row.must("started_at", Columns::moment)?,
        ended_at: row.moment("ended_at")?,
        outcome: row.word("outcome")?,
        http_status: row.number("http_status")?,
        provider_code: row.text("provider_code")?,
        provider_ref: row.text("provider_ref")?,
        attempt_ref: row.text("attempt_ref")?,
    })
}

pub(super) fn event(row: &Columns<'_>) -> Result<EventRow, ReadError> {
    Ok(EventRow {
        uuid: row.must("uuid", Columns::text)?,
        org: row.must("org", Columns::word)?,
        event_type: row.text("event_type")?,
        okta_user_id: row.text("okta_user_id")?,
        phone_factor: row.text("factor")?.map(|factor| factor == "phone"),
        channel: row.word("channel")?,
        reading: row.word("reading")?,
        result: row.text("result")?,
        reason: row.text("reason")?,
        published_at: row.moment("published_at")?,
        received_at: row.moment("received_at")?,
        deliveries: row.must("deliveries", Columns::number)?,
        state: row.must("state", Columns::word)?,
        note: row.text("note")?,
        settled_at: row.moment("settled_at")?,
        attempts: row.must("attempts", Columns::number)?,
        transaction_id: row.id("transaction_id")?,
        node: row.text("node")?,
    })
}

pub(super) fn feedback(row: &Columns<'_>) -> Result<FeedbackRow, ReadError> {
    Ok(FeedbackRow {
        org: row.must("org", Columns::word)?,
        event_uuid: row.must("event_uuid", Columns::text)?,
        transaction_id: row.id("transaction_id")?,
        provider: row.must("provider", Columns::text)?,
        provider_ref: row.text("provider_ref")?,
        verdict: row.must("verdict", Columns::word)?,
        result: row.must("result", Columns::word)?,
        matched_by: row.must("matched_by", Columns::word)?,
        reported_at: row.must("reported_at", Columns::moment)?,
    })
}

pub(super) fn receipt(row: &Columns<'_>) -> Result<ReceiptRow, ReadError> {
    Ok(ReceiptRow {
        provider: row.must("provider", Columns::text)?,
        provider_ref: row.text("provider_ref")?,
        attempt_ref: row.text("attempt_ref")?,
        transaction_id: row.id("transaction_id")?,
        status: row.must("status", Columns::text)?,
        error_code: row.text("error_code")?,
        reported_at: row.moment("reported_at")?,
        received_at: row.must("received_at", Columns::moment)?,
    })
}

pub(super) fn dead_letter(row: &Columns<'_>) -> Result<DeadLetterRow, ReadError> {
    Ok(DeadLetterRow {
        id: row.must("id", Columns::text)?,
        org: row.must("org", Columns::word)?,
        event_uuid: row.must("event_uuid", Columns::text)?,
        reason: row.must("reason", Columns::text)?,
        attempts: row.must("attempts", Columns::number)?,
        dead_at: row.must("dead_at", Columns::moment)?,
        replayed_at: row.moment("replayed_at")?,
    })
}
