use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{debug, info, warn};

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Publishing,
    Consuming,
}

impl Side {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Publishing => "publishing",
            Self::Consuming => "consuming",
        }
    }

    /// Counts a connection; all but the first are told.
    pub(super) fn linked(self, links: &mut u64) {
        if *links > 0 {
            metrics::counter!("ringback_queue_reconnects_total", "connection" => self.as_str()).increment(1);
        }
        *links += 1;
    }
}

/// What is told about the queue: what is wrong, and how much is in it.
#[derive(Default)]
pub(super) struct Status {
    troubles: Mutex<[Option<String>; 2]>,
    /// Publishes that are not yet confirmed or given up.
    pub(super) unconfirmed: AtomicUsize,
    /// Deliveries that are not yet settled.
    pub(super) in_hand: AtomicUsize,
    /// What the broker said last is ready.
    ready: AtomicU32,
    /// And what of it waits anywhere; `None` where it was not asked since something was wrong.
    waiting: Mutex<Option<u32>>,
}

impl Status {
    fn troubles(&self) -> MutexGuard<'_, [Option<String>; 2]> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        let troubles = self.troubles();
        let said: Vec<_> = troubles.iter().flatten().map(String::as_str).collect();
        match said.as_slice() {
            [] => None,
            [one, rest @ ..] if rest.iter().all(|other| other == one) => Some((*one).to_owned()),
            all => Some(all.join("; ")),
        }
    }

    /// The broker has said what is ready, and what rests until its time comes.
    pub(super) fn said(&self, ready: u32, resting: u32) {
        self.ready.store(ready, Ordering::Relaxed);
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(ready.saturating_add(resting));
    }

    pub(super) fn is_empty(&self) -> bool {
        let waiting = *self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting == Some(0) && self.depth() == 0
    }

    /// Something is wrong. Logged when it was not said before.
    pub(super) fn wrong(&self, side: Side, why: String) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let before = self.troubles()[side as usize].replace(why.clone());
        if before.as_deref() == Some(why.as_str()) {
            debug!(connection = side.as_str(), cause = why, "still without RabbitMQ");
        } else {
            warn!(
                connection = side.as_str(),
                cause = why,
                "without RabbitMQ: {} waits ({why})",
                side.as_str()
            );
        }
    }

    /// All is well. Logged when it was not.
    pub(super) fn well(&self, side: Side) {
        if self.troubles()[side as usize].take().is_some() {
            info!(connection = side.as_str(), "{} goes on", side.as_str());
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.unconfirmed.load(Ordering::Relaxed)
            + self.in_hand.load(Ordering::Relaxed)
            + self.ready.load(Ordering::Relaxed) as usize
    }
}
