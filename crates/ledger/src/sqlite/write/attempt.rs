use otp::{AttemptEnded, AttemptStarted};
use sqlx::SqliteConnection;

use crate::text::{moment, optional, text};

/// A call that has ended is never set back to having begun.
pub(super) async fn started(
    connection: &mut SqliteConnection,
    start: &AttemptStarted,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO send_attempts AS a (transaction_id, n, provider, started_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (transaction_id, n) DO UPDATE SET provider = excluded.provider, started_at = excluded.started_at
        WHERE a.ended_at IS NULL AND (excluded.started_at, excluded.provider) < (a.started_at, a.provider)",
    )
    .bind(start.transaction.to_string())
    .bind(start.n)
    .bind(text(&start.provider))
    .bind(moment(start.started_at))
    .execute(connection)
    .await?;
    Ok(())
}

/// What is known outranks `ambiguous` (which crash recovery says of a call whose end it did not see); then the later end counts.
pub(super) async fn ended(connection: &mut SqliteConnection, end: &AttemptEnded) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO send_attempts AS a (
            transaction_id, n, provider, started_at, ended_at, outcome, http_status, provider_code, provider_ref, attempt_ref
        ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (transaction_id, n) DO UPDATE SET
            provider = excluded.provider, started_at = excluded.started_at, ended_at = excluded.ended_at,
            outcome = excluded.outcome, http_status = excluded.http_status, provider_code = excluded.provider_code,
            provider_ref = excluded.provider_ref, attempt_ref = excluded.attempt_ref
        WHERE a.ended_at IS NULL
        OR (
            excluded.outcome <> 'ambiguous', excluded.ended_at, excluded.outcome, excluded.provider, excluded.started_at,
            coalesce(excluded.http_status, 0), coalesce(excluded.provider_code, ''),
            coalesce(excluded.provider_ref, ''), coalesce(excluded.attempt_ref, '')
        ) > (
            a.outcome <> 'ambiguous', a.ended_at, a.outcome, a.provider, a.started_at,
            coalesce(a.http_status, 0), coalesce(a.provider_code, ''),
            coalesce(a.provider_ref, ''), coalesce(a.attempt_ref, '')
        )",
    )
    .bind(end.transaction.to_string())
    .bind(end.n)
    .bind(text(&end.provider))
    .bind(moment(end.started_at))
    .bind(moment(end.ended_at))
    .bind(end.outcome.as_str())
    .bind(end.http_status)
    .bind(optional(end.provider_code.as_deref()))
    .bind(optional(end.provider_ref.as_deref()))
    .bind(optional(end.attempt_ref.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}
