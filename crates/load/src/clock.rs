//! The machine's clocks: a load generator measures real time.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Now, for measuring.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Microseconds since `then`.
pub(crate) fn micros_since(then: Instant) -> u32 {
    u32::try_from(now().saturating_duration_since(then).as_micros()).unwrap_or(u32::MAX)
}

/// By how much Okta's clock is ahead.
static AHEAD: OnceLock<Duration> = OnceLock::new();

/// Sets Okta's clock ahead, once.
pub(crate) fn set_ahead(ahead: Duration) {
    let _ = AHEAD.set(ahead);
}

/// Okta's wall clock, `ahead` from now, as Okta writes it.
pub(crate) fn stamp(ahead: Duration) -> String {
    #[expect(clippy::disallowed_methods, reason = "Okta's clock is the real one")]
    let now = Timestamp::now();
    let ahead = ahead + AHEAD.get().copied().unwrap_or_default();
    let at = now + SignedDuration::try_from(ahead).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
