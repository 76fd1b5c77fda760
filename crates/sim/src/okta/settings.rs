//! What can be set about the simulated org.

use std::time::Duration;

/// Which of Okta's two engines the org runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Identity Engine: a resend kills the earlier code; one phone enrolment is logged as two activations.
    #[default]
    Identity,
    /// Classic: every code lives its own five minutes; one enrolment is one activation.
    Classic,
}

/// The simulated org's settings; change them with [`Okta::configure`](crate::Okta::configure).
#[derive(Clone, Debug)]
pub struct OktaSettings {
    /// The engine.
    pub engine: Engine,
    /// How long a code is valid.
    pub code_lifetime: Duration,
    /// How Okta spells the voice channel (`Voice`, `voice call`, `CALL` have been seen).
    pub voice_spelling: String,
    /// The hook's `locale`.
    pub locale: String,
    /// How long a hook may take, connection included.
    pub hook_timeout: Duration,
    /// How long an event delivery may take.
    pub delivery_timeout: Duration,
    /// Whether the org still has Okta's own telephony, so that a failed hook makes Okta send by itself.
    pub own_telephony: bool,
    /// API requests per minute and endpoint.
    pub requests_per_minute: u32,
    /// API requests at the same time.
    pub concurrent_requests: usize,
    /// How far the `Date` header is ahead of the simulated time, in seconds (behind it if negative).
    pub date_skew_seconds: i64,
}

impl Default for OktaSettings {
    fn default() -> Self {
        Self {
            engine: Engine::Identity,
            code_lifetime: Duration::from_secs(300),
            voice_spelling: "Voice".to_owned(),
            locale: "EN-US".to_owned(),
            hook_timeout: Duration::from_secs(3),
            delivery_timeout: Duration::from_secs(3),
            own_telephony: false,
            requests_per_minute: 600,
            concurrent_requests: 75,
            date_skew_seconds: 0,
        }
    }
}
