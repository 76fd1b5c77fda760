//! What was looked up, for tests.

use jiff::Timestamp;
use serde::Serialize;

/// A number that was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LookedUp {
    /// When.
    pub at: Timestamp,
    /// The number in E.164.
    pub number: String,
    /// `Fields`, each of which costs.
    pub fields: Vec<String>,
    /// Whether it was a number at all.
    pub valid: bool,
}

/// Lookup takes no feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum NoReport {}
