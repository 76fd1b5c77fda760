use std::time::Duration;

use otp::MatchedBy;

/// How the worker goes about its work.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In which ways, and in which order, the verification of an event is looked for.
    pub ways: Vec<MatchedBy>,
    /// How long a provider's verification lives after its send. Twilio: 10 minutes unless their support set another.
    pub life: Duration,
    /// How long after an event's arrival its record may still be on its way from another node, before Okta is asked instead.
    pub record_grace: Duration,
    /// By how much Okta's clock may differ from ours when an event is compared with a send.
    pub skew: Duration,
    /// Events worked on at once.
    pub concurrency: usize,
    /// For one question to the ledger; when it takes longer, the road through Okta is taken.
    pub ledger: Duration,
    /// No other process takes events from the same queue.
    pub alone: bool,
    /// For one report to a provider.
    pub report: Duration,
    /// Verifications that nobody completed are cancelled when their codes are over.
    pub cancel_expired: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ways: vec![MatchedBy::Record, MatchedBy::Factor, MatchedBy::Profile],
            life: Duration::from_secs(600),
            record_grace: Duration::from_secs(2),
            skew: Duration::from_secs(5),
            concurrency: 32,
            ledger: Duration::from_millis(500),
            alone: true,
            report: Duration::from_secs(5),
            cancel_expired: false,
        }
    }
}
