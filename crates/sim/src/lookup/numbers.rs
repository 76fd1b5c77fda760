//! Numbers that fail on purpose.

use std::time::Duration;

use crate::fault::Fault;
use crate::twilio::Range;

/// The numbers that fail with Twilio's other products.
pub(crate) const SANDBOX: [Range; 5] = [
    Range::new("+15005550020", "", "20429 account concurrency", || Fault::twilio(20429)),
    Range::new("+15005550030", "", "500", || Fault::twilio(20500)),
    Range::new("+15005550032", "", "503 HTML", Fault::html_503),
    Range::new("+15005550040", "", "reset", || Fault::ResetBeforeAccept),
    Range::new("+15005550041", "", "answers after 10 s", || Fault::DelayAfterAccept(Duration::from_secs(10))),
];
