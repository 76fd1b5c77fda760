use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

use otp::PhoneNumber;

use crate::Full;

/// Numbers in one of the two generations.
const MOST: usize = 10_000;

/// Verifications that have had nearly all the sends they may have, by a keyed hash of their number. When the younger generation is full it
/// becomes the older one: what is forgotten costs its user a refusal, after which it is known again.
#[derive(Default)]
pub(super) struct Capped {
    hasher: RandomState,
    kept: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<u64, Full>,
    old: HashMap<u64, Full>,
}

impl Capped {
    /// This number's verification is full.
    pub(super) fn note(&self, to: &PhoneNumber, full: Full) {
        let key = self.hasher.hash_one(to.expose_e164());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.young.len() >= MOST {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(key, full);
    }

    /// The number's verification, if it is full; once.
    pub(super) fn take(&self, to: &PhoneNumber) -> Option<Full> {
        let key = self.hasher.hash_one(to.expose_e164());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let old = kept.old.remove(&key);
        kept.young.remove(&key).or(old)
    }
}

#[cfg(test)]
mod tests {
    use otp::PhoneNumber;

    use super::{Capped, MOST};
    use crate::Full;

    fn sid(text: &str) -> Full {
        Full::Reference(text.to_owned())
    }

    fn number(n: usize) -> PhoneNumber {
        PhoneNumber::parse(&format!("+1555{n:07}"), None).unwrap()
    }

    #[test]
    fn a_number_is_known_once_and_not_for_ever() {
        let capped = Capped::default();
        capped.note(&number(5_550_100), sid("VE1"));
        assert_eq!(capped.take(&number(5_550_101)), None);
        assert_eq!(capped.take(&number(5_550_100)), Some(sid("VE1")));
        assert_eq!(capped.take(&number(5_550_100)), None);
        (0..=MOST).for_each(|n| capped.note(&number(2_000_000 + n), sid("VE2")));
        assert!(capped.take(&number(2_000_000)).is_some(), "one generation ago");
        (0..=MOST).for_each(|n| capped.note(&number(3_000_000 + n), sid("VE3")));
        assert!(capped.take(&number(2_000_001)).is_none(), "two generations ago");
    }
}
