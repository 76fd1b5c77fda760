use otp::{AttemptEnded, AttemptStarted};
use sqlx::SqliteConnection;

use super::rows::{Rows, Values};
use crate::text::{moment, optional, text};

static STARTED: Rows = Rows::new(
    "INSERT INTO send_attempts AS a (transaction_id, n, provider, started_at) VALUES",
    4,
    "ON CONFLICT (transaction_id, n) DO UPDATE SET provider = excluded.provider, started_at = excluded.started_at
    WHERE a.ended_at IS NULL AND (excluded.started_at, excluded.provider) < (a.started_at, a.provider)",
);

static ENDED: Rows = Rows::new(
    "INSERT INTO send_attempts AS a (
        transaction_id, n, provider, started_at, ended_at, outcome, http_status, provider_code, provider_ref, attempt_ref
    ) VALUES",
    10,
    "ON CONFLICT (transaction_id, n) DO UPDATE SET
        provider = excluded.provider, started_at = excluded.started_at, ended_at = excluded.ended_at,
        outcome = excluded.outcome, http_status = excluded.http_status, provider_code = excluded.provider_code,
        provider_ref = excluded.provider_ref, attempt_ref = excluded.attempt_ref
    WHERE a.ended_at IS NULL
    OR (
        excluded.outcome = 'accepted', excluded.outcome <> 'ambiguous', excluded.ended_at, excluded.outcome, excluded.provider, excluded.started_at,
        coalesce(excluded.http_status, 0), coalesce(excluded.provider_code, ''),
        coalesce(excluded.provider_ref, ''), coalesce(excluded.attempt_ref, '')
    ) > (
        a.outcome = 'accepted', a.outcome <> 'ambiguous', a.ended_at, a.outcome, a.provider, a.started_at,
        coalesce(a.http_status, 0), coalesce(a.provider_code, ''),
        coalesce(a.provider_ref, ''), coalesce(a.attempt_ref, '')
    )",
);

/// A call that has ended is never set back to having begun.
pub(super) async fn started(
    connection: &mut SqliteConnection,
    starts: &[&AttemptStarted],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, start: &&AttemptStarted| {
        values
            .add(start.transaction.to_string())
            .add(start.n)
            .add(text(&start.provider))
            .add(moment(start.started_at));
    };
    STARTED.write(connection, starts, bind).await
}

/// A send that was seen outranks one that was looked for in vain; what is known outranks `ambiguous` (which crash recovery says of a
/// call whose end it did not see); then the later end counts.
pub(super) async fn ended(
    connection: &mut SqliteConnection,
    ends: &[&AttemptEnded],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, end: &&AttemptEnded| {
        values
            .add(end.transaction.to_string())
            .add(end.n)
            .add(text(&end.provider))
            .add(moment(end.started_at))
            .add(moment(end.ended_at))
            .add(end.outcome.as_str())
            .add(end.http_status)
            .add(optional(end.provider_code.as_deref()))
            .add(optional(end.provider_ref.as_deref()))
            .add(optional(end.attempt_ref.as_deref()));
    };
    ENDED.write(connection, ends, bind).await
}
