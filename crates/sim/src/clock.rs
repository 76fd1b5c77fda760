//! The one place that reads the machine's clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The simulators' wall clock: the machine's, shifted by an offset that a test may set.
///
/// Shifting it forward passes Verify's ten-minute window, or a code's five minutes, without waiting. A simulation that wants the same
/// times in every run lets it [stand](Self::stand_at) instead.
#[derive(Clone, Debug, Default)]
pub struct SimClock {
    offset_ms: Arc<AtomicI64>,
    /// Milliseconds since 1970 at which it stands; 0 while it runs.
    standing_ms: Arc<AtomicI64>,
}

impl SimClock {
    /// The simulated time.
    #[expect(clippy::disallowed_methods, reason = "this is the simulators' clock")]
    pub fn now(&self) -> Timestamp {
        let standing = self.standing_ms.load(Ordering::SeqCst);
        if standing != 0
            && let Ok(at) = Timestamp::from_millisecond(standing)
        {
            return at;
        }
        let real = Timestamp::now();
        real.checked_add(SignedDuration::from_millis(self.offset_ms())).unwrap_or(real)
    }

    /// Stops it at `at` (whole milliseconds), until it is told to stand at another time. The offset means nothing from then on.
    pub fn stand_at(&self, at: Timestamp) {
        self.standing_ms.store(at.as_millisecond(), Ordering::SeqCst);
    }

    /// How far the simulated time is ahead of the machine's, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Sets the simulated time `offset_ms` ahead of the machine's (behind it if negative).
    pub fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
    }

    /// Moves the simulated time forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(by, Ordering::SeqCst);
    }
}

/// Measures how long something really took; not affected by [`SimClock`].
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the simulated Okta measures its callee's answer time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// `at` plus a duration; `at` itself when that does not fit.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(at)
}

/// ISO 8601 with seconds, as Twilio writes it.
pub(crate) fn iso_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 2822, as Twilio's older APIs write it.
pub(crate) fn rfc_2822(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// ISO 8601 with microseconds, as Telesign writes it.
pub(crate) fn iso_micros(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// ISO 8601 with milliseconds, as Okta writes it.
pub(crate) fn iso_millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Serialises a duration as whole milliseconds.
pub(crate) fn as_millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Durations as whole milliseconds, both ways.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub(crate) use super::as_millis as serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
