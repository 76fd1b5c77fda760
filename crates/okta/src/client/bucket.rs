use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::Entropy;

use super::credential::Scope;
use super::rate_limit::RateLimit;

/// What Okta counts requests by: endpoints that share a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Bucket {
    /// One user.
    User,
    /// A user's factors.
    Factors,
    /// The list of users.
    Users,
    /// The System Log.
    Logs,
    /// Inline hooks.
    InlineHooks,
    /// Event hooks.
    EventHooks,
    /// Native telephony providers.
    TelephonyProviders,
}

/// What a credential is allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Area {
    Users,
    Logs,
    InlineHooks,
    EventHooks,
    TelephonyProviders,
}

impl Bucket {
    pub(super) fn area(self) -> Area {
        match self {
            Self::User | Self::Factors | Self::Users => Area::Users,
            Self::Logs => Area::Logs,
            Self::InlineHooks => Area::InlineHooks,
            Self::EventHooks => Area::EventHooks,
            Self::TelephonyProviders => Area::TelephonyProviders,
        }
    }
}

impl Area {
    /// In words, and the scope to read it.
    pub(super) fn words(self) -> (&'static str, Scope) {
        match self {
            Self::Users => ("users", Scope::UsersRead),
            Self::Logs => ("the System Log", Scope::LogsRead),
            Self::InlineHooks => ("inline hooks", Scope::InlineHooksRead),
            Self::EventHooks => ("event hooks", Scope::EventHooksRead),
            Self::TelephonyProviders => ("telephony providers", Scope::TelephonyProvidersRead),
        }
    }
}

/// What is left of Okta's limits, as its answers told: so that a limit is found out by reading, not by running into it.
#[derive(Default)]
pub(super) struct Buckets(Mutex<State>);

#[derive(Default)]
struct State {
    windows: HashMap<Bucket, Window>,
    /// Too many requests at one time, whichever they were.
    crowded_until: Option<Instant>,
    /// How often in a row.
    crowded: u32,
}

/// The time until a limit is renewed.
struct Window {
    limit: i64,
    /// By the last answer, less what was asked since.
    left: i64,
    ends: Instant,
}

/// Too many at one time: the shortest wait, and the longest.
const CROWDED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(16));

impl Buckets {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, or says how long it has to wait. Of the limit, `reserve` percent are left to others.
    pub(super) fn admit(&self, bucket: Bucket, now: Instant, reserve: u8) -> Result<(), Duration> {
        let mut state = self.lock();
        if let Some(wait) = state.wait(bucket, now, reserve) {
            return Err(wait);
        }
        if let Some(window) = state.windows.get_mut(&bucket).filter(|window| now < window.ends) {
            window.left -= 1;
        }
        Ok(())
    }

    /// How long a request would have to wait.
    pub(super) fn wait(&self, bucket: Bucket, now: Instant, reserve: u8) -> Option<Duration> {
        self.lock().wait(bucket, now, reserve)
    }

    /// How long everything would have to wait, because too much was asked at one time.
    pub(super) fn crowded(&self, now: Instant) -> Option<Duration> {
        self.lock().crowded(now)
    }

    /// What an answer that is no 429 tells.
    pub(super) fn note(&self, bucket: Bucket, told: &RateLimit, now: Instant, entropy: &dyn Entropy) {
        let mut state = self.lock();
        state.crowded = 0;
        if let Some((limit, left, until)) = told.window(entropy) {
            let ends = now + until;
            match state.windows.get_mut(&bucket).filter(|window| now < window.ends) {
                // Answers overtake each other: of one window the least is true.
                Some(window) if ends < window.ends + Duration::from_secs(5) => {
                    window.limit = limit;
                    window.left = window.left.min(left);
                }
                _ => drop(state.windows.insert(bucket, Window { limit, left, ends })),
            }
        }
    }

    /// A 429: how long to wait.
    pub(super) fn refused(
        &self,
        bucket: Bucket,
        told: &RateLimit,
        now: Instant,
        entropy: &dyn Entropy,
    ) -> Duration {
        let mut state = self.lock();
        if told.is_crowded() {
            let most = (CROWDED.0 * 2u32.saturating_pow(state.crowded.min(8))).min(CROWDED.1);
            let wait = most / 2 + entropy.jitter(most / 2);
            let until = now + wait;
            // Those that were refused at the same time are one refusal.
            if state.crowded(now).is_none() {
                state.crowded += 1;
                state.crowded_until = Some(until);
            }
            return state.crowded(now).unwrap_or(wait);
        }
        let wait = told.wait_after_refusal(entropy);
        let ends = now + wait;
        let window = state.windows.entry(bucket).or_insert(Window { limit: 0, left: 0, ends });
        window.left = 0;
        window.ends = window.ends.max(ends);
        window.ends.saturating_duration_since(now)
    }
}

impl State {
    fn crowded(&self, now: Instant) -> Option<Duration> {
        let left = self.crowded_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    fn wait(&self, bucket: Bucket, now: Instant, reserve: u8) -> Option<Duration> {
        if let Some(wait) = self.crowded(now) {
            return Some(wait);
        }
        let window = self.windows.get(&bucket).filter(|window| now < window.ends)?;
        let kept = (window.limit * i64::from(reserve.min(100)) + 99) / 100;
        (window.left <= kept).then(|| window.ends.saturating_duration_since(now))
    }
}
