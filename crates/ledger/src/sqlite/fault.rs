//! What SQLite's result codes mean to a caller.

use crate::error::Fault;

pub(super) fn of(error: sqlx::Error) -> Fault {
    match &error {
        sqlx::Error::Database(database) => {
            // The low byte is the primary code; the rest says more about it.
            let code = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0) & 0xff;
            match code {
                // TOOBIG, CONSTRAINT, MISMATCH
                18..=20 => Fault::Content(database.message().to_owned()),
                // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL
                5..=10 | 13..=15 => Fault::Unavailable(error.into()),
                1 if is_schema(database.message()) => Fault::Schema(error.into()),
                // SCHEMA: changed under a statement, more than the driver would retry
                17 => Fault::Unavailable(error.into()),
                _ => Fault::Failed(error.into()),
            }
        }
        sqlx::Error::Encode(reason) => Fault::Content(reason.to_string()),
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Fault::Unavailable(error.into()),
        _ => Fault::Failed(error.into()),
    }
}

fn is_schema(message: &str) -> bool {
    ["no such table", "no such column", "has no column named"].iter().any(|words| message.contains(words))
}
