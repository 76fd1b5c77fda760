use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Channel, OrgName};

/// An event's identity: Okta's `uuid` within an org.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventId {
    /// The org it came from.
    pub org: OrgName,
    /// Okta's `uuid` (or a digest of the event where Okta gave none).
    pub uuid: String,
}

/// One Okta event, reduced at the door to what the loop needs: no names, no addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OktaEvent {
    /// Which event.
    #[serde(flatten)]
    pub id: EventId,
    /// Okta's `eventType`.
    pub event_type: String,
    /// The user it is about (not the admin who acted).
    pub okta_user_id: Option<String>,
    /// Somebody else acted: an admin, or the owner of an API token. Then the user may have entered no code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_other: bool,
    /// What the event says about the factor.
    pub factor: Factor,
    /// Okta's `outcome.result`.
    pub result: Option<String>,
    /// Okta's `outcome.reason`, digits of numbers removed.
    pub reason: Option<String>,
    /// Okta's `published`.
    pub published_at: Option<Timestamp>,
    /// What is to be done about it.
    pub reading: Reading,
}

/// Which factor an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The phone, by this channel.
    Phone(Channel),
    /// The phone; the event does not say by which channel.
    PhoneUnknownChannel,
    /// Something else: password, push, …
    Other,
}

impl Factor {
    /// The channel, where the event says it.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Phone(channel) => Some(channel),
            Self::PhoneUnknownChannel | Self::Other => None,
        }
    }
}

/// What an event asks of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A code was entered rightly: a verification is to be approved.
    CodeAccepted,
    /// A phone was enrolled: a verification is to be approved if one was sent for it.
    PhoneEnrolled,
    /// Nothing: another factor, a failure, nobody to look up.
    Nothing,
}

/// How an event stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// On its way to the worker.
    Queued,
    /// Its verification was reported.
    Done,
    /// Nothing was to be done.
    Skipped,
    /// It came when the verification was over.
    Expired,
    /// No verification belongs to it.
    NoMatch,
    /// Given up: a dead letter.
    Dead,
}

impl EventState {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Expired => "expired",
            Self::NoMatch => "no_match",
            Self::Dead => "dead",
        }
    }
}
