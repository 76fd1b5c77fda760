//! Requests in progress: how many at once, and for which number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::sync::locked;

#[derive(Default)]
struct Counts {
    now: usize,
    most: usize,
    starts: HashMap<String, (usize, usize)>,
}

/// Counts requests between their arrival and their answer.
#[derive(Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<Counts>>);

impl Flights {
    /// Counts a request until the returned value is dropped; `number` if it starts a verification.
    pub(crate) fn enter(&self, number: Option<&str>) -> Flight {
        let mut counts = locked(&self.0);
        counts.now += 1;
        counts.most = counts.most.max(counts.now);
        let mut contended = false;
        if let Some(number) = number {
            let (now, most) = counts.starts.entry(number.to_owned()).or_default();
            contended = *now > 0;
            *now += 1;
            *most = (*most).max(*now);
        }
        Flight { counts: Arc::clone(&self.0), number: number.map(str::to_owned), contended }
    }

    /// The most requests that were in progress at once.
    pub(crate) fn most(&self) -> usize {
        locked(&self.0).most
    }

    /// The most starts for one number that were in progress at once.
    pub(crate) fn most_starts(&self, number: &str) -> usize {
        locked(&self.0).starts.get(number).map_or(0, |(_, most)| *most)
    }
}

/// One request in progress.
pub(crate) struct Flight {
    counts: Arc<Mutex<Counts>>,
    number: Option<String>,
    /// Another start for the same number was in progress when this one arrived.
    pub(crate) contended: bool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut counts = locked(&self.counts);
        counts.now -= 1;
        if let Some((now, _)) = self.number.as_ref().and_then(|number| counts.starts.get_mut(number)) {
            *now -= 1;
        }
    }
}
