//! One answer per hook: copies of a hook that is under way wait for it, later copies get what was said.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use otp::{OrgName, TransactionId};

use crate::progress::Progress;
use crate::seen::Seen;
use crate::told::Told;

/// What became of a hook's claim to be the first of its kind.
pub(crate) enum Claim {
    /// It is: somebody has to do the work.
    First(Arc<Progress>),
    /// It is a copy of one under way.
    Copy(Arc<Progress>),
    /// It is a copy of one that was answered.
    Answered {
        /// What was said, or what is said now about one that a crash left without an answer.
        told: Told,
        /// The transaction in whose books this answer is still missing.
        owed: Option<TransactionId>,
    },
}

type Key = (OrgName, String);

/// The answers given lately, by org and Okta's `eventId`.
pub(crate) struct Answers {
    capacity: usize,
    known: Mutex<Known>,
}

struct Known {
    slots: HashMap<Arc<Key>, Slot>,
    /// Oldest first; only what was answered is forgotten.
    order: VecDeque<(Timestamp, Arc<Key>)>,
    /// No answer given since is forgotten.
    complete_since: Timestamp,
    /// Which hooks were answered, for longer than their answers are kept.
    seen: Seen,
}

enum Slot {
    Live(Arc<Progress>),
    Answered { told: Told, owed: Option<TransactionId> },
}

/// By how much Okta's clock may be ahead of ours when its word for a hook's age is taken.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

impl Answers {
    /// Remembers the last `capacity` answers; what was said before `now` is to be told by [`Answers::remember`].
    pub(crate) fn new(capacity: usize, now: Timestamp) -> Self {
        let known = Known {
            slots: HashMap::new(),
            order: VecDeque::new(),
            complete_since: now,
            seen: Seen::new(now),
        };
        Self { capacity, known: Mutex::new(known) }
    }

    /// Whether a hook that Okta made at `made` was certainly not answered before, as far as this process can have answered it or taken
    /// over the answer: it would be known here. The books know about the others.
    pub(crate) fn is_new(&self, org: &OrgName, event_id: &str, made: Option<Timestamp>) -> bool {
        let Some(made) = made else { return false };
        let since = |start: Timestamp| made > start.saturating_add(SKEW).unwrap_or(Timestamp::MAX);
        let known = self.lock();
        since(known.complete_since)
            || (since(known.seen.since()) && !known.seen.may_hold(&(org.as_str(), event_id)))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who works on this hook? Without an `eventId` every hook is the first of its kind.
    pub(crate) fn claim(&self, org: &OrgName, event_id: Option<&str>) -> Claim {
        let Some(event_id) = event_id else { return Claim::First(Arc::new(Progress::new())) };
        let mut known = self.lock();
        let key = (org.clone(), event_id.to_owned());
        match known.slots.get_mut(&key) {
            Some(Slot::Live(progress)) => Claim::Copy(progress.clone()),
            Some(Slot::Answered { told, owed }) => Claim::Answered { told: told.clone(), owed: owed.take() },
            None => {
                let progress = Arc::new(Progress::new());
                known.slots.insert(Arc::new(key), Slot::Live(progress.clone()));
                Claim::First(progress)
            }
        }
    }

    /// The hook has its answer, at `now`.
    pub(crate) fn answered(&self, org: &OrgName, event_id: Option<&str>, told: Told, now: Timestamp) {
        if let Some(event_id) = event_id {
            self.insert((org.clone(), event_id.to_owned()), Slot::Answered { told, owed: None }, now);
        }
    }

    /// An earlier process gave this answer, or, where `owed` says so, left its hook without one.
    pub(crate) fn remember(
        &self,
        org: OrgName,
        event_id: String,
        told: Told,
        owed: Option<TransactionId>,
        now: Timestamp,
    ) {
        self.insert((org, event_id), Slot::Answered { told, owed }, now);
    }

    fn insert(&self, key: Key, slot: Slot, now: Timestamp) {
        let mut known = self.lock();
        let key = match known.slots.get_key_value(&key) {
            Some((key, _)) => key.clone(),
            None => Arc::new(key),
        };
        if let Some(Slot::Answered { .. }) = known.slots.insert(key.clone(), slot) {
            return;
        }
        known.seen.add(&(key.0.as_str(), key.1.as_str()), now);
        known.order.push_back((now, key));
        while known.order.len() > self.capacity {
            if let Some((at, oldest)) = known.order.pop_front() {
                known.slots.remove(&oldest);
                known.complete_since = known.complete_since.max(at);
            }
        }
    }

    /// The hook was refused: a copy of it may try again.
    pub(crate) fn forget(&self, org: &OrgName, event_id: Option<&str>) {
        let Some(event_id) = event_id else { return };
        let mut known = self.lock();
        let key = (org.clone(), event_id.to_owned());
        if let Some(Slot::Live(_)) = known.slots.get(&key) {
            known.slots.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use otp::{Clock as _, Deadline, OrgName, SystemClock, TransactionId};

    use super::{Answers, Claim};
    use crate::progress::Reply;
    use crate::settings::AnswerPolicy;
    use crate::told::Told;

    fn main_org() -> OrgName {
        OrgName::new("main").unwrap()
    }

    #[tokio::test]
    async fn g4_copies_wait_for_the_first_and_later_ones_get_its_answer() {
        let (answers, org, policy) =
            (Answers::new(10, Timestamp::UNIX_EPOCH), main_org(), AnswerPolicy::default());
        let Claim::First(first) = answers.claim(&org, Some("e")) else { panic!("first") };
        let Claim::Copy(copy) = answers.claim(&org, Some("e")) else { panic!("copy") };
        assert!(matches!(answers.claim(&org, Some("f")), Claim::First(_)));
        assert!(first.start_sending());
        assert_eq!(first.decide(Told::accepted("VE1")), Some(Told::accepted("VE1")));
        let later = Deadline::after(SystemClock.monotonic(), Duration::from_secs(60));
        let waiting = tokio::spawn(async move { copy.reply(later, &policy).await });
        answers.answered(&org, Some("e"), Told::accepted("VE1"), Timestamp::UNIX_EPOCH);
        first.end(Reply::Told(Told::accepted("VE1")));
        assert_eq!(waiting.await.unwrap(), Reply::Told(Told::accepted("VE1")));
        assert!(
            matches!(answers.claim(&org, Some("e")), Claim::Answered { told: t, owed: None } if t == Told::accepted("VE1"))
        );
    }

    #[test]
    fn p2_an_answer_that_a_crash_left_owing_is_owed_once() {
        let (answers, org) = (Answers::new(2, Timestamp::UNIX_EPOCH), main_org());
        let transaction = TransactionId::from(uuid::Uuid::from_u128(1));
        answers.remember(
            org.clone(),
            "e".to_owned(),
            Told::accepted("VE1"),
            Some(transaction),
            Timestamp::UNIX_EPOCH,
        );
        assert!(
            matches!(answers.claim(&org, Some("e")), Claim::Answered { owed: Some(t), .. } if t == transaction)
        );
        assert!(matches!(answers.claim(&org, Some("e")), Claim::Answered { owed: None, .. }));
    }

    #[test]
    fn only_answered_hooks_are_forgotten_and_the_oldest_first() {
        let (answers, org) = (Answers::new(2, Timestamp::UNIX_EPOCH), main_org());
        let Claim::First(_live) = answers.claim(&org, Some("live")) else { panic!("first") };
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        for (minute, event) in [(1, "1"), (2, "2"), (3, "3")] {
            answers.claim(&org, Some(event));
            answers.answered(&org, Some(event), Told::accepted(event), at(minute));
        }
        // The first is forgotten, but not that it was answered: of hooks of its time, clocks allowed for, the books must be asked
        // about that one.
        assert!(!answers.is_new(&org, "1", Some(at(2))) && !answers.is_new(&org, "4", None));
        assert!(answers.is_new(&org, "4", Some(at(2))) && answers.is_new(&org, "4", Some(at(3))));
        // Before it began to answer, nothing is known.
        assert!(!answers.is_new(&org, "4", Some(at(1))));
        assert!(matches!(answers.claim(&org, Some("live")), Claim::Copy(_)));
        assert!(matches!(answers.claim(&org, Some("3")), Claim::Answered { .. }));
        assert!(matches!(answers.claim(&org, Some("1")), Claim::First(_)));
        answers.forget(&org, Some("live"));
        assert!(matches!(answers.claim(&org, Some("live")), Claim::First(_)));
        answers.forget(&org, Some("3"));
        assert!(
            matches!(answers.claim(&org, Some("3")), Claim::Answered { .. }),
            "an answer is not forgotten on request"
        );
    }
}
