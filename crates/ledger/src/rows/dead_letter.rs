use jiff::Timestamp;
use otp::OrgName;
use serde::Serialize;

/// Which dead letters to list, newest first.
#[derive(Debug, Clone)]
pub struct DeadLetterFilter {
    /// Of one org.
    pub org: Option<OrgName>,
    /// Only those nobody has replayed.
    pub waiting: bool,
    /// With these words in their reason.
    pub reason: Option<String>,
    /// Given up at or after.
    pub since: Option<Timestamp>,
    /// Given up at or before.
    pub until: Option<Timestamp>,
    /// At most so many; never more than 1,000.
    pub limit: u32,
}

impl Default for DeadLetterFilter {
    fn default() -> Self {
        Self { org: None, waiting: true, reason: None, since: None, until: None, limit: 100 }
    }
}

/// Something that was given up and waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetterRow {
    /// Its id: org, event and moment.
    pub id: String,
    /// Whose.
    pub org: OrgName,
    /// The event that was given up.
    pub event_uuid: String,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub dead_at: Timestamp,
    /// When somebody put it back to work.
    pub replayed_at: Option<Timestamp>,
}
