//! What the simulated Verify saw and did, for tests and invariants.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::twilio::channel::VerifyChannel;

/// A message that was accepted and delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Send {
    /// When.
    pub at: Timestamp,
    /// The number.
    pub to: String,
    /// How it travelled.
    pub channel: VerifyChannel,
    /// The code that was delivered.
    pub code: String,
    /// `Locale`, if one was asked for.
    pub locale: Option<String>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
    /// `VE…`
    pub verification_sid: String,
    /// `VL…`
    pub attempt_sid: String,
}

/// A request, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// When it arrived.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Percent-decoded path.
    pub path: String,
    /// Form (POST) or query (GET) parameters, in order.
    pub form: Vec<(String, String)>,
    /// Whether an injected fault struck it.
    pub faulted: bool,
    /// The HTTP status of the answer; none while there is no answer, or when the connection was reset.
    pub status: Option<u16>,
}

/// A feedback: an update that reached the service, whether it found its verification or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// What the path named: a SID or a number.
    pub target: String,
    /// `Status` as it was sent.
    pub status: String,
    /// The HTTP status it earned.
    pub http_status: u16,
    /// The verification it changed.
    pub verification_sid: Option<String>,
}

/// All of it, in order of arrival.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) sends: Vec<Send>,
    pub(crate) requests: Vec<Request>,
    pub(crate) reports: Vec<Report>,
}
