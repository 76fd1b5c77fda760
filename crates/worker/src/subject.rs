//! Which verification does an event belong to?

use jiff::{SignedDuration, Timestamp};
use ledger::{EventMatch, EventQuery, SendQuery, SendRecord};
use otp::{EventReceived, PhoneNumber, Reading};

use crate::books::Away;
use crate::worker::Worker;

/// What the books say.
pub(crate) enum Match {
    /// This send.
    Record(Box<SendRecord>),
    /// A send of the same enrolment by the other channel: Okta reports SMS and CALL for one phone, whichever was used.
    Twin,
    /// None that is known here.
    None,
    /// The books could not be asked.
    Away,
}

impl Worker {
    /// How the event stands in the books, and the newest send to its user before it.
    pub(crate) async fn match_event(&self, received: &EventReceived) -> Result<EventMatch, Away> {
        self.books
            .match_event(EventQuery { event: received.event.id.clone(), send: self.sends(received) })
            .await
    }

    /// What else an event can be about that has no send before it: the newest a little after it, because Okta's clock is not ours. (Asked
    /// in the first place, the second half of a finished login would close the next login's verification.)
    pub(crate) async fn find_record(&self, received: &EventReceived) -> Match {
        self.find(received).await.unwrap_or(Match::Away)
    }

    async fn find(&self, received: &EventReceived) -> Result<Match, Away> {
        let Some(mut query) = self.sends(received) else { return Ok(Match::None) };
        query.before = later(query.before, self.settings.skew);
        if let Some(record) = self.books.find_send(&query).await? {
            return Ok(Match::Record(Box::new(record)));
        }
        if received.event.reading != Reading::PhoneEnrolled || query.channel.take().is_none() {
            return Ok(Match::None);
        }
        Ok(if self.books.find_send(&query).await?.is_some() { Match::Twin } else { Match::None })
    }

    /// The sends that an event can be about.
    fn sends(&self, received: &EventReceived) -> Option<SendQuery> {
        let (event, published) = (&received.event, received.published());
        Some(SendQuery {
            org: event.id.org.clone(),
            okta_user_id: event.okta_user_id.clone()?,
            channel: event.factor.channel(),
            purpose: None,
            after: earlier(published, self.settings.life),
            before: published,
        })
    }

    /// The number a record's code went to.
    pub(crate) fn number_of(&self, record: &SendRecord) -> Option<PhoneNumber> {
        self.vault.open_phone(record.phone_sealed.as_deref()?, record.transaction).ok()
    }
}

pub(crate) fn later(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

pub(crate) fn earlier(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.saturating_sub(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MIN)
}
