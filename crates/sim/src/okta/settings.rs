//! What can be set about the simulated org.

use std::time::Duration;

use crate::okta::issuer::HookOauth;

/// Which of Okta's two engines the org runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Identity Engine: a resend kills the earlier code; one phone enrolment is logged as two activations.
    #[default]
    Identity,
    /// Classic: every code lives its own five minutes; one enrolment is one activation.
    Classic,
}

/// What the API makes of its callers' credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiAccess {
    /// They are good.
    #[default]
    Granted,
    /// They were revoked: 401.
    Revoked,
    /// They are known, and may nothing: 403.
    Forbidden,
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
    /// The event types that the event hook is registered for; the System Log has all of them.
    pub event_types: Vec<String>,
    /// Whether the org still has Okta's own telephony, so that a failed hook makes Okta send by itself.
    pub own_telephony: bool,
    /// API requests per minute and endpoint.
    pub requests_per_minute: u32,
    /// API requests at the same time.
    pub concurrent_requests: usize,
    /// How far the `Date` header is ahead of the simulated time, in seconds (behind it if negative).
    pub date_skew_seconds: i64,
    /// What the API makes of credentials.
    pub api_access: ApiAccess,
    /// Users that callers may not see: 403, for them only.
    pub hidden_users: Vec<String>,
    /// How long a service app's token lives.
    pub token_life_seconds: u32,
    /// The API wants a nonce in proofs too, not only the token endpoint.
    pub api_wants_nonce: bool,
    /// The telephony hook comes with such a token instead of the secret.
    pub hook_oauth: Option<HookOauth>,
    /// Addresses that begin with the first are called at the second: where TLS ends.
    pub tls_ends_at: Option<(String, String)>,
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
            event_types: ["user.authentication.auth_via_mfa", "user.mfa.factor.activate"]
                .map(str::to_owned)
                .to_vec(),
            own_telephony: false,
            requests_per_minute: 600,
            concurrent_requests: 75,
            date_skew_seconds: 0,
            api_access: ApiAccess::Granted,
            hidden_users: Vec::new(),
            token_life_seconds: 3600,
            api_wants_nonce: false,
            hook_oauth: None,
            tls_ends_at: None,
        }
    }
}
