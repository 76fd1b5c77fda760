//! Locking without panics, waiting without sleeping.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Locks, also after a panic elsewhere: the simulators' states are consistent between statements.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rings when something has changed.
#[derive(Clone)]
pub(crate) struct Bell(watch::Sender<()>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.send_replace(());
    }

    /// Waits until `look`, tried now and at every ring, finds something; `None` if `timeout` passed first.
    pub(crate) async fn wait<T>(&self, timeout: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
        let mut rings = self.0.subscribe();
        let found = async {
            loop {
                if let Some(found) = look() {
                    return Some(found);
                }
                rings.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, found).await.ok().flatten()
    }
}

/// `items`, if they are at least `n`.
pub(crate) fn at_least<T>(n: usize, items: Vec<T>) -> Option<Vec<T>> {
    (items.len() >= n).then_some(items)
}
