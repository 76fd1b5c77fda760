//! From rows to the columns that a statement takes.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use otp::TransactionId;
use uuid::Uuid;

use crate::text::instant;

/// One value of each row.
pub(super) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub(in crate::postgres) fn moment(at: Timestamp) -> jiff_sqlx::Timestamp {
    instant(at).to_sqlx()
}

pub(in crate::postgres) fn key(id: TransactionId) -> Uuid {
    // An id is one and shows itself as one.
    id.to_string().parse().unwrap_or_default()
}
