use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::OrgName;

use crate::Outgoing;

/// Users remembered within one span; beyond that the newest are not.
const MOST: usize = 50_000;

/// Which provider was last asked for each user, for as long as a code that did not come makes them ask for another.
///
/// Kept by a keyed hash of org and user (or number), so nobody is named here. Two generations, each as long as the span: an entry lives
/// for one to two of them and is looked at for one.
pub(crate) struct Resends {
    within: Duration,
    hasher: RandomState,
    kept: Mutex<Generations>,
}

struct Generations {
    since: Instant,
    young: HashMap<u64, (Instant, String)>,
    old: HashMap<u64, (Instant, String)>,
}

impl Resends {
    pub(crate) fn new(within: Duration, now: Instant) -> Self {
        let kept = Generations { since: now, young: HashMap::new(), old: HashMap::new() };
        Self { within, hasher: RandomState::new(), kept: Mutex::new(kept) }
    }

    fn key(&self, message: &Outgoing) -> u64 {
        match &message.user {
            Some(user) => self.hasher.hash_one((message.org.as_str(), user)),
            None => self.hasher.hash_one((message.org.as_str(), message.to.expose_e164())),
        }
    }

    fn kept(&self, now: Instant) -> MutexGuard<'_, Generations> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.saturating_duration_since(kept.since);
        if age >= self.within {
            let young = std::mem::take(&mut kept.young);
            kept.old = if age < self.within * 2 { young } else { HashMap::new() };
            kept.since = now;
        }
        kept
    }

    /// The provider that this user's last code went through, if that was a moment ago and the code was not entered since.
    pub(crate) fn last(&self, message: &Outgoing, now: Instant) -> Option<String> {
        let key = self.key(message);
        let kept = self.kept(now);
        let (at, provider) = kept.young.get(&key).or_else(|| kept.old.get(&key))?;
        (now.saturating_duration_since(*at) < self.within).then(|| provider.clone())
    }

    /// This user's code goes through `provider`.
    pub(crate) fn note(&self, message: &Outgoing, provider: &str, now: Instant) {
        let key = self.key(message);
        let mut kept = self.kept(now);
        if kept.young.len() < MOST || kept.young.contains_key(&key) {
            kept.young.insert(key, (now, provider.to_owned()));
        }
    }

    /// This user has entered a code.
    pub(crate) fn verified(&self, org: &OrgName, user: &str, now: Instant) {
        let key = self.hasher.hash_one((org.as_str(), user));
        let mut kept = self.kept(now);
        kept.young.remove(&key);
        kept.old.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use otp::{Channel, Clock as _, OrgName, Passcode, PhoneNumber, Purpose, SystemClock, TransactionId};

    use super::Resends;
    use crate::Outgoing;

    fn message(user: Option<&str>) -> Outgoing {
        Outgoing {
            transaction: TransactionId::from(uuid::Uuid::from_u128(7)),
            org: OrgName::new("main").unwrap(),
            user: user.map(str::to_owned),
            purpose: Purpose::MfaVerification,
            to: PhoneNumber::parse("+15555550101", None).unwrap(),
            code: Passcode::new("918273".to_owned()).unwrap(),
            channel: Channel::Sms,
            locale: None,
            template: None,
            valid_for: None,
        }
    }

    #[test]
    fn a_user_is_remembered_for_the_span_and_until_verified() {
        let (now, within) = (SystemClock.monotonic(), Duration::from_secs(120));
        let resends = Resends::new(within, now);
        let (ana, ben, nobody) = (message(Some("ana")), message(Some("ben")), message(None));
        resends.note(&ana, "a", now);
        resends.note(&nobody, "b", now + within / 2);
        assert_eq!(resends.last(&ana, now + within / 2).as_deref(), Some("a"));
        assert_eq!(resends.last(&ben, now), None);
        assert_eq!(resends.last(&ana, now + within), None);
        assert_eq!(resends.last(&nobody, now + within).as_deref(), Some("b"), "across generations");
        assert_eq!(resends.last(&nobody, now + within * 2), None);
        resends.note(&ana, "a", now + within * 2);
        resends.verified(&ana.org, "ana", now + within * 2);
        assert_eq!(resends.last(&ana, now + within * 2), None);
    }
}
