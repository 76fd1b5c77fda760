//! Which hooks were answered lately: "certainly not", or "maybe". Two megabytes know a million hooks and more, of which the answers
//! themselves would take hundreds.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};

use jiff::Timestamp;

/// Bits of one generation; a power of two.
const BITS: usize = 1 << 23;
/// Hooks in one generation: more would make too many "maybe" (at this number it is one in thirty).
const MOST: usize = 1_000_000;
/// Bits for each hook.
const EACH: u64 = 5;

/// A Bloom filter in two generations: the older one goes when the younger is full.
pub(crate) struct Seen {
    hasher: RandomState,
    young: Generation,
    old: Option<Generation>,
    most: usize,
}

struct Generation {
    since: Timestamp,
    hooks: usize,
    bits: Box<[u64]>,
}

impl Generation {
    fn new(since: Timestamp) -> Self {
        Self { since, hooks: 0, bits: vec![0; BITS / 64].into() }
    }

    fn holds(&self, hash: u64) -> bool {
        places(hash).all(|place| self.bits[place / 64] & (1 << (place % 64)) != 0)
    }

    fn add(&mut self, hash: u64) {
        self.hooks += 1;
        places(hash).for_each(|place| self.bits[place / 64] |= 1 << (place % 64));
    }
}

/// Bits that stand for a hash: the two halves of it, combined in several ways.
fn places(hash: u64) -> impl Iterator<Item = usize> {
    let (start, step) = (hash >> 32, (hash & 0xffff_ffff) | 1);
    (0..EACH).map(move |n| (start.wrapping_add(n.wrapping_mul(step)) % BITS as u64) as usize)
}

impl Seen {
    /// Nothing was answered yet, from `now` on.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { hasher: RandomState::new(), young: Generation::new(now), old: None, most: MOST }
    }

    /// Nothing that was answered since then is forgotten.
    pub(crate) fn since(&self) -> Timestamp {
        self.old.as_ref().map_or(self.young.since, |old| old.since)
    }

    /// It was answered, at `now`.
    pub(crate) fn add(&mut self, key: &impl Hash, now: Timestamp) {
        if self.young.hooks >= self.most {
            self.old = Some(std::mem::replace(&mut self.young, Generation::new(now)));
        }
        self.young.add(self.hasher.hash_one(key));
    }

    /// False: it was certainly not answered since [`Seen::since`].
    pub(crate) fn may_hold(&self, key: &impl Hash) -> bool {
        let hash = self.hasher.hash_one(key);
        self.young.holds(hash) || self.old.as_ref().is_some_and(|old| old.holds(hash))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Seen;

    #[test]
    fn what_was_answered_is_never_taken_for_new() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut seen = Seen { most: 1000, ..Seen::new(at(0)) };
        for n in 0..2500i64 {
            seen.add(&n, at(n));
        }
        assert_eq!(seen.since(), at(1000), "the first thousand is forgotten, and that is known");
        assert!((1000..2500).all(|n: i64| seen.may_hold(&n)));
        let mistaken = (10_000..20_000i64).filter(|n| seen.may_hold(n)).count();
        assert!(mistaken < 10, "{mistaken} of 10,000");
    }
}
