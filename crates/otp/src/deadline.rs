use std::time::{Duration, Instant};

use crate::Clock;

/// The moment by which something must have ended, on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// `budget` after `start`.
    pub fn after(start: Instant, budget: Duration) -> Self {
        Self(start + budget)
    }

    /// The same moment `reserve` earlier, for work that must still follow.
    #[must_use]
    pub fn minus(self, reserve: Duration) -> Self {
        Self(self.0.checked_sub(reserve).unwrap_or(self.0))
    }

    /// The earlier of the two.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// What is left; zero once it has passed.
    pub fn remaining(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_duration_since(clock.monotonic())
    }

    /// The moment itself.
    pub fn instant(self) -> Instant {
        self.0
    }
}
