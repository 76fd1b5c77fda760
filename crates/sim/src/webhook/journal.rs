//! What the vendor did, for tests and invariants.

use jiff::Timestamp;
use serde::Serialize;

/// A message that was accepted, and delivered if its number could be made out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookSend {
    /// When.
    pub at: Timestamp,
    /// The `{id}` of the answer.
    pub id: String,
    /// The path below `/webhook/`.
    pub path: String,
    /// The number in E.164.
    pub to: Option<String>,
    /// `sms` or `call`.
    pub channel: String,
    /// The code; empty if none could be found.
    pub code: String,
    /// The body.
    pub body: String,
}

/// A request to `/webhook/report…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookReport {
    /// When.
    pub at: Timestamp,
    /// The path below `/webhook/`.
    pub path: String,
    /// The query, as it was sent.
    pub query: Option<String>,
    /// The body.
    pub body: String,
    /// The HTTP status it earned.
    pub http_status: u16,
}
