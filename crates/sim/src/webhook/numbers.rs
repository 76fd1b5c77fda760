//! Numbers that fail on purpose.

use std::time::Duration;

use serde_json::json;

use crate::fault::Fault;
use crate::twilio::Range;

/// The numbers that fail with Twilio, failing in no particular vendor's way.
pub(crate) const SANDBOX: [Range; 7] = [
    Range::new("+15005550001", "", "400", || Fault::status(400, json!({ "error": "invalid number" }))),
    Range::new("+15005550020", "", "429", || Fault::status(429, json!({ "error": "too many requests" }))),
    Range::new("+15005550030", "", "500 before sending", || {
        Fault::status(500, json!({ "error": "internal" }))
    }),
    Range::new("+15005550031", "", "500 after sending", || {
        Fault::status(500, json!({ "error": "internal" })).after_accept()
    }),
    Range::new("+15005550032", "", "503 HTML", Fault::html_503),
    Range::new("+15005550040", "", "reset after sending", || Fault::ResetAfterAccept),
    Range::new("+15005550041", "", "sends, answers after 10 s", || {
        Fault::DelayAfterAccept(Duration::from_secs(10))
    }),
];
