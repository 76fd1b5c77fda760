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
    /// When a verification that nobody completed is cancelled.
    pub(crate) cancel: Cancel,
    /// Who sends.
    pub(crate) mode: Mode,
}

/// `feedback.cancel`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// Never: it ends by itself.
    Never,
    /// When the provider would refuse its user another code.
    OnCap,
    /// When its code is over.
    OnExpiry,
}

/// `feedback.mode`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Codes are sent here, and reported.
    Dispatch,
    /// Okta's native connector sends them; they are only reported.
    FeedbackOnly,
}

impl FeedbackConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let mut ways = Vec::new();
        for word in reader.list("match", &["record", "factor", "profile"]) {
            match word.parse() {
                Ok(way) => ways.push(way),
                Err(()) => reader.problem("match", "holds something else than record, factor, profile"),
            }
        }
        if ways.is_empty() {
            reader.problem("match", "is empty: no event would find its verification");
        }
        let verification_life = reader.duration("verification_life", "10m");
        // Twilio's support can set 2 minutes to 24 hours.
        if !(Duration::from_secs(120)..=Duration::from_secs(86_400)).contains(&verification_life) {
            reader.problem("verification_life", "is not between 2m and 24h");
        }
        let cancel = reader.choice(
            "cancel",
            "on_cap",
            &[("never", Cancel::Never), ("on_cap", Cancel::OnCap), ("on_expiry", Cancel::OnExpiry)],
        );
        let modes = [("dispatch", Mode::Dispatch), ("feedback-only", Mode::FeedbackOnly)];
        let mode = reader.choice("mode", "dispatch", &modes).unwrap_or(Mode::Dispatch);
        if mode == Mode::FeedbackOnly {
            // There is no record of what Okta sends.
            let any = !ways.is_empty();
            ways.retain(|way| *way != MatchedBy::Record);
            if any && ways.is_empty() {
                reader.problem("match", "needs factor or profile where nothing is sent here");
            }
        }
        reader.finish();
        Self { ways, verification_life, cancel: cancel.unwrap_or(Cancel::Never), mode }
    }
}
