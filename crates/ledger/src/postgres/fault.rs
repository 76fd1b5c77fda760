//! What Postgres' error codes mean to a caller.

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use crate::error::Fault;

/// The index that has one first transaction per hook.
const HOOK_INDEX: &str = "otp_transactions_hook";

pub(super) fn of(error: Error) -> Fault {
    if let Some(reason) = refusal(&error) {
        return Fault::Content(reason);
    }
    match &error {
        Error::Database(_) => match code(&error) {
            // Undefined table, column, function; ambiguous column: another version's schema.
            "42P01" | "42703" | "42883" | "42702" | "3F000" => Fault::Schema(error.into()),
            // No right to it, no such user, wrong password, no such database: a person must act, and then it works.
            "42501" => Fault::Unavailable(format!("this role lacks a right: {error}").into()),
            code if code.starts_with("28") || code == "3D000" => {
                Fault::Unavailable(format!("Postgres does not let us in: {error}").into())
            }
            // 08 connection, 23 two nodes with one hook at once, more often than we try again, 25 read-only or no transaction, 40
            // rolled back, 53 resources, 55 locked or not ready, 57 intervention, 58 the system below.
            code if ["08", "23", "25", "40", "53", "55", "57", "58"].contains(&class(code)) => {
                Fault::Unavailable(error.into())
            }
            _ => Fault::Failed(error.into()),
        },
        _ if met_another(&error) => Fault::Unavailable(error.into()),
        Error::PoolTimedOut => Fault::Unavailable("no connection to Postgres could be had in time".into()),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::PoolClosed | Error::WorkerCrashed => {
            Fault::Unavailable(error.into())
        }
        _ => Fault::Failed(error.into()),
    }
}

/// What the database has against the content of what was written, without repeating it (the value stands in the details).
pub(super) fn refusal(error: &Error) -> Option<String> {
    match error {
        Error::Encode(reason) => Some(reason.to_string()),
        // 22 data, 23 constraint, 54 too large for an index or a row.
        _ if ["22", "23", "54"].contains(&class(code(error))) && !met_another(error) => {
            postgres(error).map(|error| error.message().to_owned())
        }
        _ => None,
    }
}

/// Another batch has changed what this one had read.
#[derive(Debug, thiserror::Error)]
#[error("another batch was faster")]
struct Overtaken;

/// Ends a batch that has to begin again.
pub(super) fn overtaken() -> Error {
    Error::AnyDriverError(Box::new(Overtaken))
}

/// True when the same batch may well succeed at once: it met another one (serialisation, deadlock, the same hook on two nodes).
pub(super) fn met_another(error: &Error) -> bool {
    if let Error::AnyDriverError(cause) = error {
        return cause.is::<Overtaken>();
    }
    match code(error) {
        "40001" | "40P01" => true,
        "23505" => postgres(error).and_then(PgDatabaseError::constraint) == Some(HOOK_INDEX),
        _ => false,
    }
}

fn postgres(error: &Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

fn code(error: &Error) -> &str {
    postgres(error).map_or("", PgDatabaseError::code)
}

fn class(code: &str) -> &str {
    code.get(..2).unwrap_or("")
}
