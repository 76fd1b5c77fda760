//! Numbers that fail on purpose.

use std::time::Duration;

use crate::fault::Fault;
use crate::twilio::Range;

/// The first seven are the magic numbers of Twilio's test credentials; the others fail as Verify's do.
pub(crate) const SANDBOX: [Range; 14] = [
    Range::new("+15005550001", "sms", "21211 invalid To", || Fault::twilio(21211)),
    Range::new("+15005550001", "call", "21217 invalid To", || Fault::twilio(21217)),
    Range::new("+15005550002", "sms", "21612 no route", || Fault::twilio(21612)),
    Range::new("+15005550002", "call", "21214 no route", || Fault::twilio(21214)),
    Range::new("+15005550003", "sms", "21408 region not enabled", || Fault::twilio(21408)),
    Range::new("+15005550003", "call", "21215 region not enabled", || Fault::twilio(21215)),
    Range::new("+15005550004", "sms", "21610 opted out", || Fault::twilio(21610)),
    Range::new("+15005550009", "sms", "21614 not a mobile", || Fault::twilio(21614)),
    Range::new("+15005550020", "", "20429 account concurrency", || Fault::twilio(20429)),
    Range::new("+15005550030", "", "500 before sending", || Fault::twilio(20500)),
    Range::new("+15005550031", "", "500 after sending", || Fault::twilio(20500).after_accept()),
    Range::new("+15005550032", "", "503 HTML", Fault::html_503),
    Range::new("+15005550040", "", "reset after sending", || Fault::ResetAfterAccept),
    Range::new("+15005550041", "", "sends, answers after 10 s", || {
        Fault::DelayAfterAccept(Duration::from_secs(10))
    }),
];
