use otp::{DeadLettered, FeedbackReported, Quarantined};
use sqlx::SqliteConnection;

use super::rows::{Rows, Values};
use crate::rows::standing;
use crate::text::{moment, number, optional, text};

static REPORTED: Rows = Rows::new(
    "INSERT INTO feedback_reports AS r (
        org, event_uuid, provider, subject, transaction_id, phone_hmac, provider_ref, verdict, result, result_rank,
        matched_by, reported_at
    ) VALUES",
    12,
    "ON CONFLICT (org, event_uuid, provider, subject) DO UPDATE SET
        transaction_id = excluded.transaction_id, phone_hmac = excluded.phone_hmac,
        provider_ref = excluded.provider_ref, verdict = excluded.verdict, result = excluded.result,
        result_rank = excluded.result_rank, matched_by = excluded.matched_by, reported_at = excluded.reported_at
    WHERE (
        -excluded.result_rank, excluded.reported_at, excluded.verdict, excluded.matched_by,
        coalesce(excluded.transaction_id, ''), coalesce(excluded.phone_hmac, ''), coalesce(excluded.provider_ref, '')
    ) < (
        -r.result_rank, r.reported_at, r.verdict, r.matched_by,
        coalesce(r.transaction_id, ''), coalesce(r.phone_hmac, ''), coalesce(r.provider_ref, '')
    )",
);

/// The result with the most effect counts; among equals, the earliest report is the one that had it.
pub(super) async fn reported(
    connection: &mut SqliteConnection,
    reports: &[&FeedbackReported],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, report: &&FeedbackReported| {
        let provider_ref = optional(report.provider_ref.as_deref());
        let phone_hmac = optional(report.phone_hmac.as_ref().map(|hmac| hmac.as_str()));
        let subject = provider_ref.clone().or_else(|| phone_hmac.clone()).unwrap_or_default();
        values
            .add(report.event.org.as_str())
            .add(text(&report.event.uuid))
            .add(text(&report.provider))
            .add(subject)
            .add(report.transaction.map(|id| id.to_string()))
            .add(phone_hmac)
            .add(provider_ref)
            .add(report.verdict.as_str())
            .add(report.result.as_str())
            .add(standing(report.result))
            .add(report.matched_by.as_str())
            .add(moment(report.reported_at));
    };
    REPORTED.write(connection, reports, bind).await
}

/// A dead letter is written once; that it was replayed is not forgotten when the fact comes again.
pub(super) async fn dead(
    connection: &mut SqliteConnection,
    letter: &DeadLettered,
) -> Result<(), sqlx::Error> {
    let (org, uuid, dead_at) = (letter.event.org.as_str(), text(&letter.event.uuid), moment(letter.dead_at));
    sqlx::query(
        "INSERT INTO dead_letters AS d (id, org, event_uuid, reason, attempts, dead_at, replayed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, (
            SELECT min(r.replayed_at) FROM event_replays r WHERE r.org = ?2 AND r.uuid = ?3 AND r.replayed_at >= ?6
        ))
        ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts
        WHERE (excluded.attempts, excluded.reason) > (d.attempts, d.reason)",
    )
    .bind(format!("{org}/{uuid}/{dead_at}"))
    .bind(org)
    .bind(uuid)
    .bind(text(&letter.reason))
    .bind(letter.attempts)
    .bind(dead_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// A body is put aside once, under its own id.
pub(super) async fn quarantined(
    connection: &mut SqliteConnection,
    body: &Quarantined,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO quarantine (id, org, reason, bytes, sealed_body, received_at, node)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (id) DO NOTHING",
    )
    .bind(body.id.to_string())
    .bind(body.org.as_str())
    .bind(text(&body.reason))
    .bind(number(body.bytes))
    .bind(text(&body.sealed_body))
    .bind(moment(body.received_at))
    .bind(text(&body.node))
    .execute(connection)
    .await?;
    Ok(())
}
