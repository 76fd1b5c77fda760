use std::time::Duration;

use otp::AttemptOutcome;

/// How one call to a provider ended, in words the dispatcher and the books understand. Holds no text of the provider's but a
/// bounded code and references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptReport {
    /// How it ended; what may follow is decided by this.
    pub outcome: AttemptOutcome,
    /// The HTTP status, where one came.
    pub http_status: Option<u16>,
    /// The provider's own code, where one came.
    pub provider_code: Option<String>,
    /// The provider's reference of the message, for reports.
    pub provider_ref: Option<String>,
    /// The provider's reference of this attempt.
    pub attempt_ref: Option<String>,
    /// What may help if this provider is asked once more.
    pub remedy: Option<Remedy>,
    /// How long the provider asked to be left alone.
    pub retry_after: Option<Duration>,
    /// Where no answer says why: what went wrong, in one fixed word (`connect`, `timeout`, …), for the log.
    pub cause: Option<&'static str>,
}

impl AttemptReport {
    /// A report of `outcome` and nothing else.
    pub fn new(outcome: AttemptOutcome) -> Self {
        Self {
            outcome,
            http_status: None,
            provider_code: None,
            provider_ref: None,
            attempt_ref: None,
            remedy: None,
            retry_after: None,
            cause: None,
        }
    }

    /// A report of `outcome` where no answer came, with its cause in one word.
    pub fn without_answer(outcome: AttemptOutcome, cause: &'static str) -> Self {
        Self { cause: Some(cause), ..Self::new(outcome) }
    }
}

/// What may make a second call to the same provider end better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// The user's locale may be what was refused: leave it out.
    WithoutLocale,
    /// Too many requests at this moment, this one certainly not processed: come back shortly.
    Later,
}
