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
    /// Whether what is wrong would be wrong for every other message too.
    pub scope: Scope,
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
            scope: Scope::Account,
            remedy: None,
            retry_after: None,
            cause: None,
        }
    }

    /// The same report, less what repeats one of `secrets`: an answer of a vendor nobody here knows may hold anything, and what is
    /// reported goes into the books.
    #[must_use]
    pub(crate) fn without(self, secrets: &[&str]) -> Self {
        let clean = |text: &String| !secrets.iter().any(|secret| text.contains(secret));
        Self {
            provider_code: self.provider_code.filter(clean),
            provider_ref: self.provider_ref.filter(clean),
            attempt_ref: self.attempt_ref.filter(clean),
            ..self
        }
    }

    /// A report of `outcome` where no answer came, with its cause in one word.
    pub fn without_answer(outcome: AttemptOutcome, cause: &'static str) -> Self {
        Self { cause: Some(cause), ..Self::new(outcome) }
    }
}

/// How far a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every message: credentials, service, account.
    Account,
    /// Messages like this one: its country, its channel, its parameters.
    Message,
}

/// What may make a second call to the same provider end better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// The user's locale may be what was refused: leave it out.
    WithoutLocale,
    /// Too many requests at this moment, this one certainly not processed: come back shortly.
    Later,
}
