use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The last calls, at most so many: however much went well before, a provider is judged by what it does now.
const CALLS: usize = 100;
/// And none that is older: what failed a while ago says nothing either.
const SPAN: Duration = Duration::from_secs(30);

/// How the last calls went.
#[derive(Debug, Default)]
pub(super) struct Window {
    calls: VecDeque<(Instant, bool)>,
}

impl Window {
    pub(super) fn note(&mut self, now: Instant, bad: bool) {
        if self.calls.len() == CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back((now, bad));
    }

    /// All calls, and the bad ones among them.
    pub(super) fn counts(&mut self, now: Instant) -> (usize, usize) {
        let old = |(at, _): &(Instant, bool)| now.saturating_duration_since(*at) > SPAN;
        while self.calls.front().is_some_and(old) {
            self.calls.pop_front();
        }
        (self.calls.len(), self.calls.iter().filter(|(_, bad)| *bad).count())
    }
}
