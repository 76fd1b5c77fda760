use jiff::Timestamp;
use otp::{Channel, EventId, EventState, Factor, OktaEvent, OrgName, Reading, TransactionId};
use serde::Serialize;

use super::{DeadLetterRow, FeedbackRow};

/// Which events to list, newest first.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// Of one org.
    pub org: Option<OrgName>,
    /// In one state.
    pub state: Option<EventState>,
    /// About one user.
    pub okta_user_id: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// At most so many; never more than 1,000.
    pub limit: u32,
}

impl Default for EventFilter {
    fn default() -> Self {
        Self { org: None, state: None, okta_user_id: None, since: None, until: None, limit: 100 }
    }
}

/// One event of Okta. What is `None` may come with a fact that is still on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// Okta's `uuid`.
    pub uuid: String,
    /// Whose.
    pub org: OrgName,
    /// Okta's `eventType`.
    pub event_type: Option<String>,
    /// The user it is about.
    pub okta_user_id: Option<String>,
    /// `true` when it is about a phone.
    pub phone_factor: Option<bool>,
    /// The channel, where it says one.
    pub channel: Option<Channel>,
    /// What it asks of the worker.
    pub reading: Option<Reading>,
    /// Okta's `outcome.result`.
    pub result: Option<String>,
    /// Okta's `outcome.reason`.
    pub reason: Option<String>,
    /// Okta's `published`.
    pub published_at: Option<Timestamp>,
    /// When it came first.
    pub received_at: Option<Timestamp>,
    /// How many deliveries brought it.
    pub deliveries: u64,
    /// How it stands.
    pub state: EventState,
    /// Why, in a word or two.
    pub note: Option<String>,
    /// When it came to stand so.
    pub settled_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// The transaction it belongs to.
    pub transaction_id: Option<TransactionId>,
    /// Which node took it.
    pub node: Option<String>,
}

impl EventRow {
    /// The event as it came in, to be put through the queue again; `None` while only its end is in the books.
    pub fn event(&self) -> Option<OktaEvent> {
        let factor = match (self.phone_factor?, self.channel) {
            (true, Some(channel)) => Factor::Phone(channel),
            (true, None) => Factor::PhoneUnknownChannel,
            (false, _) => Factor::Other,
        };
        Some(OktaEvent {
            id: EventId { org: self.org.clone(), uuid: self.uuid.clone() },
            event_type: self.event_type.clone()?,
            okta_user_id: self.okta_user_id.clone(),
            // Not in the books: a person who has it done again is believed.
            by_other: false,
            factor,
            result: self.result.clone(),
            reason: self.reason.clone(),
            published_at: self.published_at,
            reading: self.reading?,
        })
    }
}

/// One event with all that came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventDetail {
    /// The event.
    pub event: EventRow,
    /// What providers were told because of it.
    pub reports: Vec<FeedbackRow>,
    /// When it was given up.
    pub dead_letters: Vec<DeadLetterRow>,
}
