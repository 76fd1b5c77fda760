//! What the simulated Messaging and Voice did, for tests and invariants.

use jiff::Timestamp;
use serde::Serialize;

/// How something travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessagingChannel {
    /// Text message.
    Sms,
    /// Voice call.
    Call,
}

impl MessagingChannel {
    /// As the handset calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Call => "call",
        }
    }
}

/// A message or call that was accepted and delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessagingSend {
    /// When.
    pub at: Timestamp,
    /// `SM…` or `CA…`
    pub sid: String,
    /// The number.
    pub to: String,
    /// The number it came from: `From`, or the messaging service's.
    pub from: String,
    /// Whether it was a message or a call.
    pub channel: MessagingChannel,
    /// `Body`, or what the call said.
    pub text: String,
    /// The code in it; empty if none could be found.
    pub code: String,
    /// `ProvideFeedback`
    pub provide_feedback: bool,
    /// `ValidityPeriod`, if one was asked for.
    pub validity_period: Option<u32>,
    /// `StatusCallback`, if one was given.
    pub status_callback: Option<String>,
}

/// A feedback, whether it found its message or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessagingReport {
    /// When.
    pub at: Timestamp,
    /// The SID in the path.
    pub target: String,
    /// `Outcome` as it was sent.
    pub outcome: String,
    /// The HTTP status it earned.
    pub http_status: u16,
    /// The message it is about, if it was taken.
    pub message_sid: Option<String>,
}
