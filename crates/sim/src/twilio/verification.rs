//! A verification: one number being verified, over one or more sends.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::later;
use crate::twilio::channel::VerifyChannel;

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationStatus {
    /// Waiting for the code.
    Pending,
    /// The code was right, or feedback said so.
    Approved,
    /// Feedback said so.
    Canceled,
    /// Checked too often.
    MaxAttemptsReached,
    /// Its window passed.
    Expired,
}

impl VerificationStatus {
    /// As Twilio spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Canceled => "canceled",
            Self::MaxAttemptsReached => "max_attempts_reached",
            Self::Expired => "expired",
        }
    }
}

/// One send of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// `VL…`
    pub sid: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// How it travelled.
    pub channel: VerifyChannel,
}

/// A verification, as the simulator knows it (Twilio shows less).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// `VE…`
    pub sid: String,
    /// The number.
    pub to: String,
    /// The channel of the last send.
    pub channel: VerifyChannel,
    /// Where it stands.
    pub status: VerificationStatus,
    /// The code that is right.
    pub code: String,
    /// `Locale` of the last send.
    pub locale: Option<String>,
    /// `Tags` of the last send.
    pub tags: BTreeMap<String, String>,
    /// When the first send was accepted.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// All sends, oldest first.
    pub attempts: Vec<Attempt>,
    /// Wrong checks so far.
    pub wrong_checks: u32,
}

impl Verification {
    /// Ends a pending verification whose window has passed.
    pub(crate) fn expire(&mut self, now: Timestamp, window: Duration) {
        let end = later(self.created, window);
        if self.status == VerificationStatus::Pending && now >= end {
            self.status = VerificationStatus::Expired;
            self.updated = end;
        }
    }

    /// Whether Twilio still shows it: pending, or canceled.
    pub(crate) fn is_visible(&self) -> bool {
        matches!(self.status, VerificationStatus::Pending | VerificationStatus::Canceled)
    }
}
