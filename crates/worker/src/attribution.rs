//! Events that ended before their send was in the books: told by number, or not at all. When the books have caught up they say which
//! code was entered, so that a stall of theirs does not look like logins that nobody completed.

use std::time::Duration;

use ledger::{Ledger, Unattributed, UnattributedQuery};
use otp::{EventSettled, EventState, Fact};
use tracing::{debug, info};

use crate::subject::{earlier, later};
use crate::worker::Worker;

/// Looked at together. The events of one delivery came at one moment, and there are not more of them.
const PAGE: u32 = 1_000;
/// In one round.
const PAGES: u32 = 20;
/// Noted where nobody was told.
const NOTE: &str = "its send came into the books when it was over";

impl Worker {
    /// Attributes the events of the last `span`.
    pub async fn attribute(&self, ledger: &Ledger, span: Duration) {
        let mut received_after = earlier(self.clock.now(), span);
        for _ in 0..PAGES {
            let query = UnattributedQuery { received_after, life: self.settings.life, limit: PAGE };
            let events = match ledger.unattributed(&query).await {
                Ok(events) => events,
                Err(err) => return debug!(error = %err, "events without a send cannot be looked at"),
            };
            let Some(last) = events.last().map(|event| event.received_at) else { return };
            let is_last = events.len() < PAGE as usize;
            for end in self.all_attributed(events).await {
                let (event, transaction) = (end.event.uuid.clone(), end.transaction);
                if let Err(err) = self.record(&[Fact::EventSettled(end)]).await {
                    return debug!(error = %err, "what an event belongs to is not on disk; it is found again");
                }
                info!(
                    event,
                    transaction = transaction.map(tracing::field::display),
                    "an event's send is known now"
                );
            }
            if is_last {
                return;
            }
            // Some of these may never be attributed; what came after them is looked at all the same.
            received_after = last;
        }
    }

    async fn all_attributed(&self, events: Vec<Unattributed>) -> Vec<EventSettled> {
        let mut ends = Vec::new();
        for event in events {
            ends.extend(self.attributed(event).await);
        }
        ends
    }

    /// How it ended, as the books show it now.
    async fn attributed(&self, event: Unattributed) -> Option<EventSettled> {
        let record = match self.find_since(&event).await {
            Ok(Some(record)) if record.verified_at.is_none() => record,
            _ => return None,
        };
        // What was open for the number has a reference; a send without it is an earlier one, and the right one is still on its way.
        if event.reported_ref.is_some() && event.reported_ref != record.provider_ref {
            return None;
        }
        let end = EventSettled {
            transaction: Some(record.transaction),
            verified_at: Some(event.published_at),
            ..event.end
        };
        match end.state {
            // What is said of it stands, and is told apart from what was said before by its transaction alone.
            EventState::Done | EventState::Skipped | EventState::Expired => Some(end),
            _ if later(record.received_at, self.settings.life) > self.clock.now() => None,
            _ => Some(EventSettled {
                state: EventState::Expired,
                note: Some(NOTE.to_owned()),
                settled_at: self.clock.now(),
                ..end
            }),
        }
    }
}
