//! How far each reader has come.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::{CursorError, Seq};

/// A moved cursor is written after this long. Losing the move costs its reader a repetition and nothing else.
const KEEP_AFTER: Duration = Duration::from_millis(250);

/// Every cursor, in memory; the writer keeps them on disk.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    at: Mutex<HashMap<String, Seq>>,
    moved: AtomicBool,
    wake: Notify,
}

impl Cursors {
    /// As they are on disk.
    pub(crate) fn new(kept: Vec<(String, Seq)>) -> Self {
        Self { at: Mutex::new(kept.into_iter().collect()), ..Self::default() }
    }

    /// Where a cursor is; an unknown one is before everything.
    pub(crate) fn get(&self, name: &str) -> Seq {
        self.lock().get(name).copied().unwrap_or(0)
    }

    /// The lowest of these.
    pub(crate) fn lowest(&self, names: &[&str]) -> Option<Seq> {
        let at = self.lock();
        names.iter().map(|name| at.get(*name).copied().unwrap_or(0)).min()
    }

    /// Moves a cursor forward; going back, or standing still, does nothing.
    pub(crate) fn advance(&self, name: &str, to: Seq, last: Seq) -> Result<(), CursorError> {
        if to > last {
            return Err(CursorError::Ahead { name: name.to_owned(), to, last });
        }
        let mut at = self.lock();
        match at.get_mut(name) {
            Some(seq) if *seq >= to => return Ok(()),
            Some(seq) => *seq = to,
            None => drop(at.insert(name.to_owned(), to)),
        }
        drop(at);
        self.mark_moved();
        Ok(())
    }

    /// Ends when there are moves that should be kept by now.
    pub(crate) async fn due(&self) {
        self.wake.notified().await;
        tokio::time::sleep(KEEP_AFTER).await;
    }

    /// All cursors, if any has moved since the last call.
    pub(crate) fn take_moved(&self) -> Option<Vec<(String, Seq)>> {
        if !self.moved.swap(false, Ordering::AcqRel) {
            return None;
        }
        Some(self.lock().iter().map(|(name, seq)| (name.clone(), *seq)).collect())
    }

    /// They could not be kept: once more, later.
    pub(crate) fn mark_moved(&self) {
        self.moved.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Seq>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
