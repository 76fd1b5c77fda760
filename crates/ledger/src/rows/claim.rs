use std::time::Duration;

use jiff::Timestamp;

/// Whether a worker may report now. Two that ask at once never both may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportClaim {
    /// The claim is the caller's, until it gives it back, settles it or lets it run out.
    Granted {
        /// True when somebody else held it before and let it run out: the report may have had its effect.
        doubtful: bool,
    },
    /// Somebody else is at it.
    Held,
    /// It had its effect.
    Done {
        /// For so long that is remembered, as the one that reported said.
        until: Timestamp,
    },
}

/// How a claim ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEnd {
    /// What was claimed.
    pub subject: String,
    /// The report had its effect, and all others are told so until then. Without it the claim is given back, and the next one who asks
    /// has it.
    pub done: Option<Timestamp>,
}

/// How long after its end a claim is remembered: far beyond the ten minutes in which a verification can be reported.
pub(crate) const CLAIM_MEMORY: Duration = Duration::from_secs(24 * 3600);
