use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use otp::{Clock, Entropy};
use sim::SimClock;

use crate::dice::Dice;

/// Milliseconds since the day began.
pub(crate) type Ms = i64;

pub(crate) const SECOND: Ms = 1_000;
pub(crate) const MINUTE: Ms = 60 * SECOND;

/// When the day begins, in seconds since 1970: 20 November 2026, 08:00 UTC.
const MORNING: i64 = 1_795_161_600;

/// The moment `at`.
pub(crate) fn moment(at: Ms) -> Timestamp {
    Timestamp::from_second(MORNING).unwrap() + SignedDuration::from_millis(at)
}

/// The reverse of [`moment`].
pub(crate) fn ms_of(at: Timestamp) -> Ms {
    at.as_millisecond() - MORNING * 1_000
}

/// Everybody's clock. It stands until it is moved.
#[derive(Clone)]
pub(crate) struct VirtualClock {
    base: Instant,
    at: Arc<AtomicI64>,
    simulators: Vec<SimClock>,
}

impl VirtualClock {
    /// A clock that moves those of `simulators` with it.
    pub(crate) fn new(simulators: Vec<SimClock>) -> Self {
        let clock = Self { base: Instant::now(), at: Arc::default(), simulators };
        clock.set(0);
        clock
    }

    /// Moves it.
    pub(crate) fn set(&self, at: Ms) {
        self.at.store(at, Ordering::SeqCst);
        self.simulators.iter().for_each(|it| it.stand_at(moment(at)));
    }

    /// Where it stands.
    pub(crate) fn at(&self) -> Ms {
        self.at.load(Ordering::SeqCst)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        moment(self.at())
    }

    fn monotonic(&self) -> Instant {
        self.base + Duration::from_millis(self.at().unsigned_abs())
    }
}

/// Ids and jitter that are the same in every run.
pub(crate) struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    pub(crate) fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill(bytes);
    }
}
