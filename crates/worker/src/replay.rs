//! Events that a person had put through the queue again.

use jiff::{SignedDuration, Timestamp};
use ledger::EventMatch;
use otp::{EventReceived, EventState};

/// Whether the books say that the event needs nothing more: it has an end, and was not replayed since.
pub(crate) fn is_settled(received: &EventReceived, matched: &EventMatch) -> bool {
    let ended = matches!(
        matched.state,
        Some(EventState::Done | EventState::Skipped | EventState::Expired | EventState::NoMatch)
    );
    ended && received.replayed_at.is_none_or(|replayed| matched.settled_at.is_none_or(|at| at >= replayed))
}

/// The moment of its end, for the books, where the later word counts: an end comes after the replay it is the end of, even where
/// another machine's clock is ahead of ours.
pub(crate) fn end_of(received: &EventReceived, now: Timestamp) -> Timestamp {
    let after =
        received.replayed_at.map(|at| at.saturating_add(SignedDuration::from_micros(1)).unwrap_or(at));
    after.map_or(now, |after| after.max(now))
}
