use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::Clock;
use serde::Serialize;

use super::{Admission, Breaker, BreakerState, Override, Sign};
use crate::AttemptReport;

/// Every provider's breaker. One for all orgs and routes: a provider that is down is down for everybody.
#[derive(Clone)]
pub struct Breakers {
    breakers: Arc<BTreeMap<String, Mutex<Kept>>>,
    clock: Arc<dyn Clock>,
}

struct Kept {
    breaker: Breaker,
    /// As it was last seen, and since when.
    seen: BreakerState,
    since: Instant,
}

/// How a provider's breaker stands, for people and machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreakerStatus {
    /// The provider.
    pub provider: String,
    /// `closed`, `half_open` or `open`.
    pub state: &'static str,
    /// Why it is not closed: `failing`, `slow`, `misconfigured`, `busy`.
    pub why: Option<&'static str>,
    /// `open` or `closed` where a person has decided.
    pub forced: Option<&'static str>,
    /// For how many seconds it has stood so.
    pub seconds: u64,
}

impl BreakerStatus {
    /// The provider is asked, as far as this goes.
    pub fn is_closed(&self) -> bool {
        self.state == BreakerState::Closed.as_str()
    }

    /// A person has taken the provider out.
    pub fn is_forced_open(&self) -> bool {
        self.forced == Some("open")
    }
}

impl Breakers {
    /// A closed one for each provider.
    pub fn new<'n>(providers: impl IntoIterator<Item = &'n str>, clock: Arc<dyn Clock>) -> Self {
        let now = clock.monotonic();
        let kept = || Mutex::new(Kept { breaker: Breaker::new(), seen: BreakerState::Closed, since: now });
        let breakers: BTreeMap<_, _> = providers.into_iter().map(|name| (name.to_owned(), kept())).collect();
        Self { breakers: Arc::new(breakers), clock }
    }

    fn kept(&self, provider: &str) -> Option<MutexGuard<'_, Kept>> {
        self.breakers.get(provider).map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the provider would be asked now.
    pub(crate) fn would_admit(&self, provider: &str) -> bool {
        let now = self.clock.monotonic();
        self.kept(provider).is_none_or(|kept| kept.breaker.would_admit(now) != Admission::Refused)
    }

    /// A person keeps the provider from being asked.
    pub(crate) fn is_forced_open(&self, provider: &str) -> bool {
        self.kept(provider).is_some_and(|kept| kept.breaker.is_forced_open())
    }

    /// Leave to ask the provider. `anyway` takes it also where there is none: nobody is left to ask. Not from a person who has taken
    /// the provider out since.
    pub(crate) fn permit(&self, provider: &str, anyway: bool) -> Option<Permit> {
        let now = self.clock.monotonic();
        let (admission, taken_out) = self.kept(provider).map_or((Admission::Free, false), |mut kept| {
            (kept.breaker.admit(now), kept.breaker.is_forced_open())
        });
        let allowed = admission != Admission::Refused || anyway && !taken_out;
        allowed.then(|| Permit {
            breakers: self.clone(),
            provider: provider.to_owned(),
            admission,
            used: false,
        })
    }

    /// Sets or ends a person's decision; false where there is no such provider.
    pub fn force(&self, provider: &str, forced: Option<Override>) -> bool {
        let Some(mut kept) = self.kept(provider) else { return false };
        kept.breaker.force(forced);
        self.look(provider, &mut kept);
        true
    }

    /// Every provider's.
    pub fn statuses(&self) -> Vec<BreakerStatus> {
        let now = self.clock.monotonic();
        let status = |provider: &String| {
            let mut kept = self.kept(provider)?;
            let state = self.look(provider, &mut kept);
            Some(BreakerStatus {
                provider: provider.clone(),
                state: state.as_str(),
                why: kept.breaker.why().map(super::Why::as_str),
                forced: kept.breaker.forced().map(|forced| match forced {
                    Override::Open => "open",
                    Override::Closed => "closed",
                }),
                seconds: now.saturating_duration_since(kept.since).as_secs(),
            })
        };
        self.breakers.keys().filter_map(status).collect()
    }

    /// Puts every state into the metrics: 0 closed, 1 half open, 2 open.
    pub fn measure(&self) {
        for status in self.statuses() {
            let value = match status.state {
                "closed" => 0.0,
                "half_open" => 1.0,
                _ => 2.0,
            };
            metrics::gauge!("ringback_breaker_state", "provider" => status.provider).set(value);
        }
    }

    /// Says so where the state has changed.
    fn look(&self, provider: &str, kept: &mut Kept) -> BreakerState {
        let now = self.clock.monotonic();
        let state = kept.breaker.state(now);
        if state == kept.seen {
            return state;
        }
        let lasted = now.saturating_duration_since(kept.since).as_secs();
        let why = kept.breaker.why().map(super::Why::as_str);
        (kept.seen, kept.since) = (state, now);
        match state {
            BreakerState::Open => {
                metrics::counter!("ringback_breaker_opened_total", "provider" => provider.to_owned())
                    .increment(1);
                tracing::warn!(provider, why, "{provider} is not asked any more");
            }
            BreakerState::HalfOpen => tracing::info!(provider, why, "{provider} is tried out"),
            BreakerState::Closed => {
                tracing::info!(provider, seconds = lasted, "{provider} is asked again");
            }
        }
        state
    }
}

/// Leave to make one call. What is not used is given back.
pub(crate) struct Permit {
    breakers: Breakers,
    provider: String,
    admission: Admission,
    used: bool,
}

impl Permit {
    /// The call was made, and ended so.
    pub(crate) fn settle(mut self, report: &AttemptReport, took: Duration, allowed: Duration) {
        self.used = true;
        let now = self.breakers.clock.monotonic();
        if let Some(mut kept) = self.breakers.kept(&self.provider) {
            kept.breaker.settle(self.admission, Sign::of(report, took, allowed), now);
            self.breakers.look(&self.provider, &mut kept);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.used
            && self.admission == Admission::Probe
            && let Some(mut kept) = self.breakers.kept(&self.provider)
        {
            kept.breaker.give_back();
        }
    }
}
