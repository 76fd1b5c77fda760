use std::collections::BTreeMap;

use serde::Serialize;

/// Counts, by the words of the books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Transactions by status (duplicates left out).
    pub transactions: BTreeMap<String, u64>,
    /// Transactions by what Okta was told (duplicates left out).
    pub answers: BTreeMap<String, u64>,
    /// Calls to providers by outcome; `open` has none yet.
    pub attempts: BTreeMap<String, u64>,
    /// Events by state.
    pub events: BTreeMap<String, u64>,
    /// Reports to providers by result.
    pub reports: BTreeMap<String, u64>,
    /// Transactions whose code was entered (duplicates left out).
    pub verified: u64,
    /// Transactions that are another node's copy of a hook.
    pub duplicates: u64,
    /// Dead letters nobody has replayed.
    pub dead_letters: u64,
    /// Bodies put aside.
    pub quarantined: u64,
}
