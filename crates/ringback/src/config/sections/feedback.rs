use std::time::Duration;

use otp::MatchedBy;

use crate::config::reader::Reader;

/// `[feedback]`
#[derive(Debug)]
pub(crate) struct FeedbackConfig {
    /// Ways to find an event's verification, in order.
    pub(crate) ways: Vec<MatchedBy>,
    /// How long a verification lives.
    pub(crate) verification_life: Duration,
}

impl FeedbackConfig {
    pub(super) fn read(mut reader: Reader<'_>, warnings: &mut Vec<String>) -> Self {
        let mut ways = Vec::new();
        for word in reader.list("match", &["record", "factor", "profile"]) {
            match word.parse() {
                Ok(way) => ways.push(way),
                Err(()) => reader.problem("match", "holds something else than record, factor, profile"),
            }
        }
        let verification_life = reader.duration("verification_life", "10m");
        // Twilio's support can set 2 minutes to 24 hours.
        if !(Duration::from_secs(120)..=Duration::from_secs(86_400)).contains(&verification_life) {
            reader.problem("verification_life", "is not between 2m and 24h");
        }
        let cancel =
            reader.choice("cancel", "never", &[("never", false), ("on_cap", true), ("on_expiry", true)]);
        if cancel == Some(true) {
            warnings.push(format!("{}: this version never cancels a verification", reader.name("cancel")));
        }
        reader.choice("mode", "dispatch", &[("dispatch", ())]);
        reader.finish();
        Self { ways, verification_life }
    }
}
