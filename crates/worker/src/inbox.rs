//! What this process is doing and did lately, so that copies of an event, and several events of one verification, cause one report.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// Work by key: one at a time, and remembered for a while when it is done.
pub(crate) struct Inbox<K> {
    capacity: usize,
    state: Mutex<State<K>>,
}

struct State<K> {
    under_way: HashSet<K>,
    /// And when.
    done: HashMap<K, Timestamp>,
    order: VecDeque<K>,
    doubtful: HashSet<K>,
}

/// The right to work on a key; given back when dropped.
pub(crate) struct Place<'a, K: Hash + Eq + Clone> {
    inbox: &'a Inbox<K>,
    key: K,
    /// How often it was tried in vain.
    tries: AtomicU32,
}

/// What an [`Inbox`] says to somebody who wants to work on a key.
pub(crate) enum Entry<'a, K: Hash + Eq + Clone> {
    /// Go on.
    Free(Place<'a, K>),
    /// Somebody is at it.
    Busy,
    /// It was done, then.
    Done(Timestamp),
}

impl<K: Hash + Eq + Clone> Inbox<K> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            under_way: HashSet::new(),
            done: HashMap::new(),
            order: VecDeque::new(),
            doubtful: HashSet::new(),
        };
        Self { capacity, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was done before `at` is to be done again.
    pub(crate) fn forget_before(&self, key: &K, at: Timestamp) {
        let mut state = self.lock();
        if state.done.get(key).is_some_and(|done| *done < at) {
            state.done.remove(key);
            state.order.retain(|known| known != key);
        }
    }

    /// Asks for the right to work on `key`, which was tried `tries` times in vain.
    pub(crate) fn enter(&self, key: K, tries: u32) -> Entry<'_, K> {
        let mut state = self.lock();
        if let Some(at) = state.done.get(&key) {
            Entry::Done(*at)
        } else if state.under_way.insert(key.clone()) {
            Entry::Free(Place { inbox: self, key, tries: AtomicU32::new(tries) })
        } else {
            Entry::Busy
        }
    }
}

impl<K: Hash + Eq + Clone> Place<'_, K> {
    /// It is done, at `now`, and need not be done again.
    pub(crate) fn done(self, now: Timestamp) {
        let mut state = self.inbox.lock();
        state.doubtful.remove(&self.key);
        if state.done.insert(self.key.clone(), now).is_none() {
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

    /// How often it was tried in vain: waiting for something is no try.
    pub(crate) fn tries(&self) -> u32 {
        self.tries.load(Ordering::Relaxed)
    }

    /// It was tried in vain once more.
    pub(crate) fn failed(&self) {
        self.tries.store(self.tries().saturating_add(1), Ordering::Relaxed);
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
    use jiff::Timestamp;

    use super::{Entry, Inbox};

    #[test]
    fn what_was_done_before_a_replay_is_done_again() {
        let (inbox, at) = (Inbox::new(2), |seconds| Timestamp::from_second(seconds).unwrap());
        let Entry::Free(place) = inbox.enter(1, 0) else { panic!("free") };
        place.done(at(5));
        inbox.forget_before(&1, at(5));
        assert!(matches!(inbox.enter(1, 0), Entry::Done(_)), "it was done for this replay, or after it");
        inbox.forget_before(&1, at(6));
        assert!(matches!(inbox.enter(1, 0), Entry::Free(_)));
    }

    #[test]
    fn e4_one_works_others_wait_and_what_is_done_stays_done() {
        let (inbox, at) = (Inbox::new(2), Timestamp::UNIX_EPOCH);
        let Entry::Free(place) = inbox.enter(1, 0) else { panic!("free") };
        assert!(matches!(inbox.enter(1, 0), Entry::Busy));
        place.doubt();
        place.failed();
        assert_eq!(place.tries(), 1);
        drop(place);
        let Entry::Free(place) = inbox.enter(1, 0) else { panic!("free again") };
        assert!(place.doubtful(), "doubt outlives a retry");
        place.done(at);
        assert!(matches!(inbox.enter(1, 0), Entry::Done(_)));
        for key in [2, 3] {
            if let Entry::Free(place) = inbox.enter(key, 0) {
                place.done(at);
            }
        }
        assert!(matches!(inbox.enter(1, 0), Entry::Free(_)), "bounded: the oldest is forgotten");
        assert!(matches!(inbox.enter(3, 0), Entry::Done(_)));
    }
}
