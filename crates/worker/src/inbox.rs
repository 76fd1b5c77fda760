//! What this process is doing and did lately, so that copies of an event, and several events of one verification, cause one report.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Work by key: one at a time, and remembered for a while when it is done.
pub(crate) struct Inbox<K> {
    capacity: usize,
    state: Mutex<State<K>>,
}

struct State<K> {
    under_way: HashSet<K>,
    done: HashSet<K>,
    order: VecDeque<K>,
    doubtful: HashSet<K>,
    /// How often it was tried in vain.
    failures: HashMap<K, u32>,
}

/// The right to work on a key; given back when dropped.
pub(crate) struct Place<'a, K: Hash + Eq + Clone> {
    inbox: &'a Inbox<K>,
    key: K,
}

/// What an [`Inbox`] says to somebody who wants to work on a key.
pub(crate) enum Entry<'a, K: Hash + Eq + Clone> {
    /// Go on.
    Free(Place<'a, K>),
    /// Somebody is at it.
    Busy,
    /// It was done.
    Done,
}

impl<K: Hash + Eq + Clone> Inbox<K> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            under_way: HashSet::new(),
            done: HashSet::new(),
            order: VecDeque::new(),
            doubtful: HashSet::new(),
            failures: HashMap::new(),
        };
        Self { capacity, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, key: K) -> Entry<'_, K> {
        let mut state = self.lock();
        if state.done.contains(&key) {
            Entry::Done
        } else if state.under_way.insert(key.clone()) {
            Entry::Free(Place { inbox: self, key })
        } else {
            Entry::Busy
        }
    }
}

impl<K: Hash + Eq + Clone> Place<'_, K> {
    /// It is done and need not be done again.
    pub(crate) fn done(self) {
        let mut state = self.inbox.lock();
        state.doubtful.remove(&self.key);
        state.failures.remove(&self.key);
        if state.done.insert(self.key.clone()) {
            state.order.push_back(self.key.clone());
        }
        while state.order.len() > self.inbox.capacity {
            if let Some(oldest) = state.order.pop_front() {
                state.done.remove(&oldest);
            }
        }
    }

    /// A report was tried whose effect is not known.
    pub(crate) fn doubt(&self) {
        self.inbox.lock().doubtful.insert(self.key.clone());
    }

    /// Which try this is, 1 the first time: waiting for something is none.
    pub(crate) fn attempt(&self) -> u32 {
        self.inbox.lock().failures.get(&self.key).map_or(1, |failures| failures.saturating_add(1))
    }

    /// It was tried in vain.
    pub(crate) fn failed(&self) {
        let mut state = self.inbox.lock();
        let failures = state.failures.entry(self.key.clone()).or_default();
        *failures = failures.saturating_add(1);
    }

    /// Was a report tried whose effect is not known?
    pub(crate) fn doubtful(&self) -> bool {
        self.inbox.lock().doubtful.contains(&self.key)
    }
}

impl<K: Hash + Eq + Clone> Drop for Place<'_, K> {
    fn drop(&mut self) {
        self.inbox.lock().under_way.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Inbox};

    #[test]
    fn e4_one_works_others_wait_and_what_is_done_stays_done() {
        let inbox = Inbox::new(2);
        let Entry::Free(place) = inbox.enter(1) else { panic!("free") };
        assert!(matches!(inbox.enter(1), Entry::Busy));
        assert_eq!(place.attempt(), 1);
        place.doubt();
        place.failed();
        drop(place);
        let Entry::Free(place) = inbox.enter(1) else { panic!("free again") };
        assert!(place.doubtful(), "doubt outlives a retry");
        assert_eq!(place.attempt(), 2);
        place.done();
        assert!(matches!(inbox.enter(1), Entry::Done));
        for key in [2, 3] {
            if let Entry::Free(place) = inbox.enter(key) {
                place.done();
            }
        }
        assert!(matches!(inbox.enter(1), Entry::Free(_)), "bounded: the oldest is forgotten");
        assert!(matches!(inbox.enter(3), Entry::Done));
    }
}
