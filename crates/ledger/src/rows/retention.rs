use std::time::Duration;

use serde::Serialize;

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Sealed phone numbers.
    pub phone: Duration,
    /// Rows of every table. Quarantined bodies go after 30 days at the latest.
    pub transactions: Duration,
}

/// The longest a body nobody could read is kept: it may hold anything.
pub(crate) const QUARANTINE: Duration = Duration::from_secs(30 * 24 * 3600);

/// What one [`crate::Ledger::purge`] took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Sealed numbers forgotten; their rows remain.
    pub phones: u64,
    /// Rows of `otp_transactions`.
    pub transactions: u64,
    /// Rows of `send_attempts`.
    pub attempts: u64,
    /// Rows of `okta_events`.
    pub events: u64,
    /// Rows of `feedback_reports`.
    pub reports: u64,
    /// Rows of `delivery_receipts`.
    pub receipts: u64,
    /// Rows of `okta_send_events`.
    pub send_events: u64,
    /// Rows of `dead_letters`.
    pub dead_letters: u64,
    /// Rows of `quarantine`.
    pub quarantined: u64,
}
