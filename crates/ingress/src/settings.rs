use std::time::Duration;

/// What Okta is told when nobody knows whether the code was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAmbiguous {
    /// `PENDING`: in practice Okta sends too.
    Pending,
    /// An `error`.
    Error,
    /// `SUCCESSFUL`: Okta does not send; the user may wait in vain.
    Successful,
}

/// What Okta is told when the code was certainly not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailed {
    /// An `error`.
    Error,
    /// `FAILED`.
    Failed,
}

/// What Okta is told when the send was blocked as fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBlocked {
    /// An `error`: honest, and Okta may send itself.
    Error,
    /// `SUCCESSFUL` with nothing sent: the only answer that keeps Okta from sending. The books say `blocked`.
    Silent,
}

/// What Okta is told when no provider accepted.
#[derive(Debug, Clone, Copy)]
pub struct AnswerPolicy {
    /// When the outcome is unknown.
    pub on_ambiguous: OnAmbiguous,
    /// When it failed.
    pub on_failed: OnFailed,
    /// When it was blocked.
    pub on_blocked: OnBlocked,
}

impl Default for AnswerPolicy {
    fn default() -> Self {
        Self { on_ambiguous: OnAmbiguous::Pending, on_failed: OnFailed::Error, on_blocked: OnBlocked::Error }
    }
}

/// Bounds and policy of the public listener.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// From a hook's first byte to its answer. Okta gives 3 s, its own connect and TLS included.
    pub deadline: Duration,
    /// What Okta is told.
    pub policy: AnswerPolicy,
    /// Hooks at once; more are refused with 503 at once, so that Okta can send in time.
    pub hooks: usize,
    /// Event deliveries at once, apart from hooks; more wait a moment.
    pub deliveries: usize,
    /// A journal that takes longer for the intent is treated as broken: nothing is sent.
    pub journal: Duration,
    /// Whether codes are sent here; else Okta's telephony hook has no place, and Okta sends by itself.
    pub sends: bool,
}

impl Settings {
    /// Longest body of a telephony hook, in bytes.
    pub const HOOK_BODY: usize = 64 * 1024;
    /// Longest body of an event delivery, in bytes.
    pub const DELIVERY_BODY: usize = 4 * 1024 * 1024;
    /// Longest form of a provider's callback, in bytes.
    pub const CALLBACK_FORM: usize = 64 * 1024;
    /// Longest JSON of a provider's callback, in bytes: event streams come in batches.
    pub const CALLBACK_BODY: usize = 1024 * 1024;
    /// For a callback's body to come in.
    pub const CALLBACK_BODY_TIME: Duration = Duration::from_secs(2);
    /// Callbacks at once; more wait a moment, because a provider hardly ever posts one twice.
    pub const CALLBACKS: usize = 64;
    /// For a hook's body to come in.
    pub const HOOK_BODY_TIME: Duration = Duration::from_secs(1);
    /// For a delivery to wait until there is room for it among [`Settings::deliveries`]; for a callback too.
    pub const DELIVERY_PLACE_TIME: Duration = Duration::from_secs(1);
    /// For a delivery's body to come in; Okta gives the whole delivery 3 s.
    pub const DELIVERY_BODY_TIME: Duration = Duration::from_secs(2);
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(2600),
            policy: AnswerPolicy::default(),
            hooks: 2048,
            deliveries: 64,
            journal: Duration::from_millis(750),
            sends: true,
        }
    }
}
