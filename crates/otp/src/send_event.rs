use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Channel, Country, EventId};

/// One event of Okta's about sending a code, reduced to what tells whether Okta sent it itself: no number, no name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OktaSendEvent {
    /// Which event.
    #[serde(flatten)]
    pub id: EventId,
    /// Okta's `eventType`.
    pub event_type: String,
    /// What it tells of.
    pub kind: SendEventKind,
    /// By which channel, where the event says it.
    pub channel: Option<Channel>,
    /// The user the code was for.
    pub okta_user_id: Option<String>,
    /// Of the number, where the event has one that can be read.
    pub country: Option<Country>,
    /// Leading digits of the number, as analytics may see them.
    pub phone_prefix: Option<String>,
    /// Who sent, where Okta says it.
    pub sent_by: Option<SentBy>,
    /// Okta's name of the telephony provider.
    pub provider: Option<String>,
    /// Okta's `transactionId`: a hook's own reference, or that of Okta's provider.
    pub provider_ref: Option<String>,
    /// How it ended.
    pub outcome: SendOutcome,
    /// Why, digits of numbers removed.
    pub reason: Option<String>,
    /// Okta's `published`.
    pub published_at: Option<Timestamp>,
}

/// What an event about a send tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendEventKind {
    /// Okta called the telephony hook and got no answer that it could use.
    HookFailed,
    /// Okta sent a code, or refused to.
    Send,
    /// What became of a message that Okta sent.
    Status,
}

impl SendEventKind {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HookFailed => "hook_failed",
            Self::Send => "send",
            Self::Status => "status",
        }
    }
}

/// Who sent a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBy {
    /// Okta's own telephony, because the hook did not.
    Okta,
    /// The hook.
    Hook,
}

impl SentBy {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Hook => "hook",
        }
    }
}

/// How a send ended, as Okta says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendOutcome {
    /// It was handed to a provider.
    Sent,
    /// It was not.
    Failed,
    /// Okta would not: its rate limits, or its own protection against fraud.
    Denied,
    /// It reached the phone.
    Delivered,
    /// It did not.
    Undelivered,
    /// Okta's words tell neither.
    Unknown,
}

impl SendOutcome {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
        }
    }
}

/// Which way an event came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// Okta delivered it to the event hook.
    #[default]
    Hook,
    /// It was found in Okta's System Log.
    Log,
}

impl EventSource {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Log => "log",
        }
    }

    /// As older binaries know it: there was one way only.
    pub(crate) fn is_hook(&self) -> bool {
        *self == Self::Hook
    }
}
