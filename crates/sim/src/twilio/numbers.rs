//! Numbers that fail on purpose: error injection by destination.

use std::sync::Mutex;
use std::time::Duration;

use crate::fault::Fault;
use crate::sync::locked;

/// A built-in range: numbers that begin so, on this channel (all if empty), get this.
pub struct Range {
    pub(crate) prefix: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) what: &'static str,
    pub(crate) fault: fn() -> Fault,
}

impl Range {
    /// One range.
    pub(crate) const fn new(
        prefix: &'static str,
        channel: &'static str,
        what: &'static str,
        fault: fn() -> Fault,
    ) -> Self {
        Self { prefix, channel, what, fault }
    }
}

/// The built-in ranges, after the magic numbers of Twilio's Messaging test credentials (`+1500555xxxx`).
pub(crate) const SANDBOX: [Range; 12] = [
    Range { prefix: "+15005550001", channel: "", what: "60200 invalid To", fault: || Fault::twilio(60200) },
    Range {
        prefix: "+15005550003",
        channel: "",
        what: "60605 geo permissions",
        fault: || Fault::twilio(60605),
    },
    Range { prefix: "+15005550004", channel: "", what: "60410 Fraud Guard", fault: || Fault::twilio(60410) },
    Range { prefix: "+15005550009", channel: "sms", what: "60205 landline", fault: || Fault::twilio(60205) },
    Range {
        prefix: "+15005550020",
        channel: "",
        what: "20429 account concurrency",
        fault: || Fault::twilio(20429),
    },
    Range { prefix: "+15005550021", channel: "", what: "60203 max sends", fault: || Fault::twilio(60203) },
    Range {
        prefix: "+15005550022",
        channel: "",
        what: "60212 concurrent starts",
        fault: || Fault::twilio(60212),
    },
    Range { prefix: "+15005550030", channel: "", what: "500 before sending", fault: || Fault::twilio(20500) },
    Range {
        prefix: "+15005550031",
        channel: "",
        what: "500 after sending",
        fault: || Fault::twilio(20500).after_accept(),
    },
    Range { prefix: "+15005550032", channel: "", what: "503 HTML", fault: Fault::html_503 },
    Range {
        prefix: "+15005550040",
        channel: "",
        what: "reset after sending",
        fault: || Fault::ResetAfterAccept,
    },
    Range {
        prefix: "+15005550041",
        channel: "",
        what: "sends, answers after 10 s",
        fault: || Fault::DelayAfterAccept(Duration::from_secs(10)),
    },
];

/// Ranges added by a test, before the built-in ones; the longest prefix wins.
pub(crate) struct Numbers {
    built_in: &'static [Range],
    added: Mutex<Vec<(String, Fault)>>,
}

impl Numbers {
    pub(crate) fn new(built_in: &'static [Range]) -> Self {
        Self { built_in, added: Mutex::default() }
    }

    pub(crate) fn add(&self, prefix: &str, fault: Fault) {
        locked(&self.added).push((prefix.to_owned(), fault));
    }

    pub(crate) fn heal(&self) {
        locked(&self.added).clear();
    }

    pub(crate) fn fault(&self, number: &str, channel: &str) -> Option<Fault> {
        let added = locked(&self.added);
        let mine = added
            .iter()
            .filter(|(prefix, _)| number.starts_with(prefix))
            .max_by_key(|(prefix, _)| prefix.len());
        let built_in = || {
            self.built_in
                .iter()
                .find(|it| number.starts_with(it.prefix) && (it.channel.is_empty() || it.channel == channel))
        };
        mine.map(|(_, fault)| fault.clone()).or_else(|| built_in().map(|range| (range.fault)()))
    }
}
