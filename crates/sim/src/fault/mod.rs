//! Faults that a simulated vendor can be told to have.

mod body;
mod plan;
mod run;
mod table;

use std::time::Duration;

use serde_json::Value;

pub(crate) use plan::FaultPlan;
pub(crate) use run::run;
pub(crate) use table::{okta_body, telesign_body, telesign_error, twilio_body, twilio_error};

/// Something that goes wrong with one request.
///
/// *Accepted* means that the request really had its effect (the message was sent, the verification approved)
/// before the fault struck; a caller cannot tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Waits, then works as usual.
    Delay(Duration),
    /// Works as usual, and answers late.
    DelayAfterAccept(Duration),
    /// Answers this JSON.
    Status {
        /// HTTP status.
        http: u16,
        /// The body.
        body: Value,
        /// Extra headers.
        headers: Vec<(String, String)>,
        /// Whether the request had its effect.
        accepted: bool,
    },
    /// Answers something that is not the API's JSON.
    Junk {
        /// HTTP status.
        status: u16,
        /// `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
        /// Whether the request had its effect.
        accepted: bool,
    },
    /// Resets the connection without an answer; the request had no effect.
    ResetBeforeAccept,
    /// Resets the connection without an answer; the request had its effect.
    ResetAfterAccept,
    /// Works as usual; the body of the answer trickles (0 = it never comes).
    SlowBody {
        /// How fast.
        bytes_per_second: u64,
    },
    /// Works as usual; this much white space comes before the body of the answer, which stays valid JSON.
    HugeBody {
        /// How much.
        bytes: u64,
    },
    /// Answers 307 to `/_sim/redirected`, which counts whoever follows; the request had no effect.
    Redirect,
}

impl Fault {
    /// A JSON answer without effect.
    pub fn status(http: u16, body: Value) -> Self {
        Self::Status { http, body, headers: Vec::new(), accepted: false }
    }

    /// An answer without effect that is not the API's JSON.
    pub fn junk(status: u16, content_type: &str, body: &str) -> Self {
        Self::Junk { status, content_type: content_type.to_owned(), body: body.to_owned(), accepted: false }
    }

    /// The HTML that a load balancer in front of the API answers.
    pub fn html_503() -> Self {
        let page =
            "<html><head><title>503 Service Temporarily Unavailable</title></head><body>503</body></html>";
        Self::junk(503, "text/html", page)
    }

    /// Twilio's error `code` with its usual HTTP status and message; codes not in the table answer 400.
    pub fn twilio(code: u32) -> Self {
        let (http, message) = twilio_error(code).unwrap_or((400, "Simulated error"));
        Self::status(http, twilio_body(code, http, message))
    }

    /// Telesign's `status.code` with its usual HTTP status and description; codes not in the table answer 400.
    pub fn telesign(code: i32) -> Self {
        let (http, description, named) = telesign_error(code).unwrap_or((400, "Simulated error", true));
        let reference = named.then(crate::entropy::reference_id);
        Self::status(http, telesign_body(code, description, reference.as_deref()))
    }

    /// Okta's error `code` (`E0000047`) with its usual HTTP status and summary; others answer 400.
    pub fn okta(code: &str) -> Self {
        let (http, summary) = table::okta_error(code).unwrap_or((400, "Simulated error"));
        let fault = Self::status(http, okta_body(code, summary));
        if http == 429 { fault.with_header("x-rate-limit-remaining", "0") } else { fault }
    }

    /// Okta's answer to too many requests at the same time: 429 with limit and remaining both 0.
    pub fn okta_concurrency() -> Self {
        Self::okta("E0000047").with_header("x-rate-limit-limit", "0")
    }

    /// Adds a header to a [`Fault::Status`]; other faults stay as they are.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Lets a [`Fault::Status`] or [`Fault::Junk`] strike after the request had its effect.
    pub fn after_accept(mut self) -> Self {
        if let Self::Status { accepted, .. } | Self::Junk { accepted, .. } = &mut self {
            *accepted = true;
        }
        self
    }
}
