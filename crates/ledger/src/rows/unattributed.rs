use std::time::Duration;

use jiff::Timestamp;
use otp::{Channel, EventSettled, Reading};

/// Events that ended without a send, though one is in the books that may be theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnattributedQuery {
    /// They came after.
    pub received_after: Timestamp,
    /// Their sends came at most so long before them.
    pub life: Duration,
    /// At most so many; never more than 1,000.
    pub limit: u32,
}

/// Such an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Unattributed {
    /// How it stands; no transaction.
    pub end: EventSettled,
    /// The user it is about.
    pub okta_user_id: String,
    /// By which channel, where the event says it.
    pub channel: Option<Channel>,
    /// What it asked for.
    pub reading: Reading,
    /// The provider's reference of what was reported for it, where that is known.
    pub reported_ref: Option<String>,
    /// When it happened at Okta, or when it came.
    pub published_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
}
