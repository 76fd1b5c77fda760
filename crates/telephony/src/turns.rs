use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otp::PhoneNumber;
use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// One send at a time per provider and number: Verify refuses parallel ones (Twilio docs: error 60212).
///
/// Kept by a keyed hash of both, so no number is held here; two that share a hash merely wait for each other. An
/// entry lives as long as somebody holds or awaits it, so there are never more than messages under way.
#[derive(Default)]
pub(crate) struct Turns {
    hasher: RandomState,
    locks: Mutex<HashMap<u64, Arc<Lock<()>>>>,
}

/// A place in one line, and the turn once it has come. Leaves the line when dropped.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    key: u64,
    lock: Option<Arc<Lock<()>>>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits up to `within` for this number's turn at `provider`.
    pub(crate) async fn take(
        self: &Arc<Self>,
        provider: &str,
        phone: &PhoneNumber,
        within: Duration,
    ) -> Option<Turn> {
        let key = self.hasher.hash_one((provider, phone.expose_e164()));
        let lock = Arc::clone(self.locks().entry(key).or_default());
        let mut turn = Turn { turns: Arc::clone(self), key, lock: Some(lock), held: None };
        turn.held = turn.wait(within).await;
        turn.held.is_some().then_some(turn)
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<u64, Arc<Lock<()>>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    async fn wait(&self, within: Duration) -> Option<OwnedMutexGuard<()>> {
        let lock = self.lock.as_ref()?;
        match Arc::clone(lock).try_lock_owned() {
            Ok(held) => Some(held),
            Err(_) => tokio::time::timeout(within, Arc::clone(lock).lock_owned()).await.ok(),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        // The last one in line removes the entry: counted and dropped under the same lock, so that two leaving at once cannot
        // both take the other for still there.
        let mut locks = self.turns.locks();
        self.lock = None;
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use otp::PhoneNumber;

    use super::Turns;

    fn phone(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text, None).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_number_waits_and_another_does_not() {
        let turns = Arc::new(Turns::default());
        let (one, two) = (phone("+15555550101"), phone("+15555550102"));
        let first = turns.take("a", &one, Duration::ZERO).await.unwrap();
        let other = turns.take("a", &two, Duration::ZERO).await.unwrap();
        assert!(turns.take("a", &one, Duration::from_millis(500)).await.is_none(), "within its time only");
        assert!(turns.take("b", &one, Duration::ZERO).await.is_some(), "another provider minds nothing");
        let second = tokio::spawn({
            let (turns, one) = (Arc::clone(&turns), one.clone());
            async move { turns.take("a", &one, Duration::from_secs(1)).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(second.await.unwrap(), "the turn is passed on");
        drop(other);
        assert!(turns.locks().is_empty(), "nothing is kept");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_leaves_the_line() {
        let turns = Arc::new(Turns::default());
        let one = phone("+15555550101");
        let first = turns.take("a", &one, Duration::ZERO).await.unwrap();
        let given_up = tokio::spawn({
            let (turns, one) = (Arc::clone(&turns), one.clone());
            async move { turns.take("a", &one, Duration::from_secs(9)).await.is_some() }
        });
        tokio::task::yield_now().await;
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
        drop(first);
        assert!(turns.locks().is_empty());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_crowd_leaves_nothing_behind() {
        let turns = Arc::new(Turns::default());
        let crowd: Vec<_> = (0..2_000)
            .map(|n| {
                let (turns, phone) = (Arc::clone(&turns), phone(&format!("+1555555010{}", n % 4)));
                tokio::spawn(async move {
                    if let Some(_turn) = turns.take("a", &phone, Duration::from_secs(30)).await {
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for one in crowd {
            one.await.unwrap();
        }
        assert!(turns.locks().is_empty());
    }
}
