//! What the simulated Telesign did, for tests and invariants.

use jiff::Timestamp;
use serde::Serialize;

/// A way to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TelesignProduct {
    /// `/v1/omnichannel`
    Omnichannel,
    /// `/v1/verify/sms`
    SmsVerify,
    /// `/v1/messaging`
    Messaging,
}

/// A message that was accepted and delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TelesignSend {
    /// When.
    pub at: Timestamp,
    /// 32 hexadecimal digits in capitals.
    pub reference_id: String,
    /// Which way it was sent.
    pub product: TelesignProduct,
    /// The number in E.164, with the `+` that Telesign does not take.
    pub to: String,
    /// As Telesign calls it: `sms`, `voice`, …
    pub channel: String,
    /// The text, or what the call said.
    pub text: String,
    /// The code in it; empty if none could be found.
    pub code: String,
    /// `external_id`
    pub external_id: Option<String>,
    /// Where its status is to be told.
    pub callback_url: Option<String>,
}

/// A completion, whether it found its message or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TelesignReport {
    /// When.
    pub at: Timestamp,
    /// The reference in the path.
    pub target: String,
    /// The HTTP status it earned.
    pub http_status: u16,
    /// The message it is about, if it was taken.
    pub reference_id: Option<String>,
}
