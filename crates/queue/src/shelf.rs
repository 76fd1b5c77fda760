use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use otp::Clock;
use tokio::sync::Notify;

/// Things to be taken, now or from some moment on. Many may wait for the next one; a cancelled wait loses nothing.
pub(crate) struct Shelf<T> {
    clock: Arc<dyn Clock>,
    changed: Notify,
    state: Mutex<State<T>>,
}

struct State<T> {
    ready: VecDeque<T>,
    /// By the moment they are due, and a number that keeps equal moments apart.
    delayed: BTreeMap<(Instant, u64), T>,
    delays: u64,
    closed: bool,
}

impl<T> Shelf<T> {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State { ready: VecDeque::new(), delayed: BTreeMap::new(), delays: 0, closed: false };
        Self { clock, changed: Notify::new(), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Every section below leaves the state whole, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be taken now. Given back once the shelf is closed.
    pub(crate) fn put(&self, thing: T) -> Result<(), T> {
        {
            let mut state = self.lock();
            if state.closed {
                return Err(thing);
            }
            state.ready.push_back(thing);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// To be taken from `due` on. Given back once the shelf is closed.
    pub(crate) fn put_until(&self, thing: T, due: Instant) -> Result<(), T> {
        {
            let mut state = self.lock();
            if state.closed {
                return Err(thing);
            }
            state.delays += 1;
            let place = (due, state.delays);
            state.delayed.insert(place, thing);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// The next thing that is due; `None` once the shelf is closed.
    pub(crate) async fn next(&self) -> Option<T> {
        loop {
            let changed = self.changed.notified();
            match self.take() {
                Taken::Thing(thing) => {
                    // Others may wait while more is ready: one signal wakes one of them.
                    self.changed.notify_one();
                    return Some(thing);
                }
                Taken::Closed => return None,
                Taken::Nothing(Some(due)) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(due.into()) => {}
                },
                Taken::Nothing(None) => changed.await,
            }
        }
    }

    fn take(&self) -> Taken<T> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        if state.closed {
            return Taken::Closed;
        }
        let due = state.delayed.first_key_value().map(|((at, _), _)| *at);
        if due.is_some_and(|at| at <= now)
            && let Some((_, thing)) = state.delayed.pop_first()
        {
            return Taken::Thing(thing);
        }
        state.ready.pop_front().map_or(Taken::Nothing(due), Taken::Thing)
    }

    /// How many things are on it.
    pub(crate) fn len(&self) -> usize {
        let state = self.lock();
        state.ready.len() + state.delayed.len()
    }

    /// Drops all that is on it.
    pub(crate) fn clear(&self) {
        let (ready, delayed) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.ready), std::mem::take(&mut state.delayed))
        };
        // Outside the lock: a thing may do something when it is dropped.
        drop((ready, delayed));
    }

    /// Drops all that is on it and ends all waiting.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.clear();
        self.changed.notify_waiters();
        self.changed.notify_one();
    }
}

enum Taken<T> {
    Thing(T),
    /// And when to look again.
    Nothing(Option<Instant>),
    Closed,
}
