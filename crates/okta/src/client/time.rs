use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use http::header::DATE;
use jiff::{SignedDuration, Timestamp};
use otp::Clock;

/// By how much Okta's clock is ahead of ours, as its last answer showed.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<SignedDuration>>);

/// Okta's clock is read to the second and a way away.
const NOT_WORTH_MENTIONING: SignedDuration = SignedDuration::from_secs(10);

/// The moment an answer was made, by Okta's own clock.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

impl Ahead {
    pub(super) fn note(&self, headers: &HeaderMap, clock: &dyn Clock) {
        if let Some(date) = date(headers) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(date.duration_since(clock.now()));
        }
    }

    pub(super) fn get(&self) -> Option<SignedDuration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Okta's clock shows now: what we sign must be right by it, whatever ours says.
    pub(super) fn now(&self, clock: &dyn Clock) -> Timestamp {
        let now = clock.now();
        let ahead = self.get().filter(|ahead| ahead.abs() > NOT_WORTH_MENTIONING).unwrap_or_default();
        now.saturating_add(ahead).unwrap_or(now)
    }
}
