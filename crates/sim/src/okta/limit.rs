//! Okta's rate limits: so many requests per minute and endpoint, so many at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::okta::api::OktaOp;
use crate::okta::settings::OktaSettings;
use crate::sync::locked;

/// What `X-Rate-Limit-*` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the next window begins, in epoch seconds.
    pub(crate) reset: i64,
    /// Whether this request is refused.
    pub(crate) exceeded: bool,
}

#[derive(Default)]
struct Counts {
    now: usize,
    windows: HashMap<OktaOp, (i64, u32)>,
}

/// The counters.
#[derive(Clone, Default)]
pub(crate) struct RateLimits(Arc<Mutex<Counts>>);

impl RateLimits {
    /// Counts a request; its place among the concurrent ones is held until the second value is dropped.
    pub(crate) fn count(&self, op: OktaOp, settings: &OktaSettings, now: Timestamp) -> (Quota, Held) {
        let mut counts = locked(&self.0);
        counts.now += 1;
        let held = Held(Arc::clone(&self.0));
        let minute = now.as_second().div_euclid(60);
        let reset = (minute + 1) * 60;
        if counts.now > settings.concurrent_requests {
            return (Quota { limit: 0, remaining: 0, reset, exceeded: true }, held);
        }
        let (window, used) = counts.windows.entry(op).or_default();
        if *window != minute {
            (*window, *used) = (minute, 0);
        }
        let limit = settings.requests_per_minute;
        let exceeded = *used >= limit;
        *used = used.saturating_add(1);
        (Quota { limit, remaining: limit.saturating_sub(*used), reset, exceeded }, held)
    }
}

/// A place among the concurrent requests.
pub(crate) struct Held(Arc<Mutex<Counts>>);

impl Drop for Held {
    fn drop(&mut self) {
        locked(&self.0).now -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_minute_of_one_endpoint() {
        let limits = RateLimits::default();
        let settings = OktaSettings { requests_per_minute: 2, ..OktaSettings::default() };
        let count = |op, second| limits.count(op, &settings, Timestamp::from_second(second).unwrap()).0;
        assert_eq!(count(OktaOp::Users, 61), Quota { limit: 2, remaining: 1, reset: 120, exceeded: false });
        assert_eq!(count(OktaOp::Users, 119), Quota { limit: 2, remaining: 0, reset: 120, exceeded: false });
        assert!(count(OktaOp::Users, 119).exceeded);
        assert!(!count(OktaOp::Factors, 119).exceeded);
        assert!(!count(OktaOp::Users, 120).exceeded);
    }

    #[test]
    fn too_many_at_once_is_limit_zero() {
        let limits = RateLimits::default();
        let settings = OktaSettings { concurrent_requests: 1, ..OktaSettings::default() };
        let (first, held) = limits.count(OktaOp::Users, &settings, Timestamp::UNIX_EPOCH);
        assert!(!first.exceeded);
        let (second, _) = limits.count(OktaOp::Users, &settings, Timestamp::UNIX_EPOCH);
        assert_eq!((second.limit, second.remaining, second.exceeded), (0, 0, true));
        drop(held);
        assert!(!limits.count(OktaOp::Users, &settings, Timestamp::UNIX_EPOCH).0.exceeded);
    }
}
