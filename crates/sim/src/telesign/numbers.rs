//! Numbers that fail on purpose.

use std::time::Duration;

use crate::fault::Fault;
use crate::twilio::Range;

/// The numbers that fail with Twilio, failing as Telesign does.
pub(crate) const SANDBOX: [Range; 12] = [
    Range::new("+15005550001", "", "3101 invalid number", || Fault::telesign(3101)),
    Range::new("+15005550002", "", "3115 not in coverage", || Fault::telesign(3115)),
    Range::new("+15005550003", "", "3037 blocked country", || Fault::telesign(3037)),
    Range::new("+15005550004", "", "3072 risk score", || Fault::telesign(3072)),
    Range::new("+15005550005", "", "3053 blocked by Telesign", || Fault::telesign(3053)),
    Range::new("+15005550020", "", "3204 rate limit", || Fault::telesign(3204)),
    Range::new("+15005550021", "", "3206 product not enabled", || Fault::telesign(3206)),
    Range::new("+15005550030", "", "503 before sending", || Fault::telesign(3500)),
    Range::new("+15005550031", "", "503 after sending", || Fault::telesign(3500).after_accept()),
    Range::new("+15005550032", "", "503 HTML", Fault::html_503),
    Range::new("+15005550040", "", "reset after sending", || Fault::ResetAfterAccept),
    Range::new("+15005550041", "", "sends, answers after 10 s", || {
        Fault::DelayAfterAccept(Duration::from_secs(10))
    }),
];
