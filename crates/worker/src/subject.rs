//! Which verification does an event belong to?

use jiff::{SignedDuration, Timestamp};
use ledger::{SendQuery, SendRecord};
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
    /// The newest send to the event's user that the event can be about.
    pub(crate) async fn find_record(&self, received: &EventReceived) -> Match {
        let event = &received.event;
        let Some(user) = &event.okta_user_id else { return Match::None };
        let published = received.published();
        let channel = event.factor.channel();
        let mut query = SendQuery {
            org: event.id.org.clone(),
            okta_user_id: user.clone(),
            channel,
            purpose: None,
            after: earlier(published, self.settings.life),
            before: published,
        };
        let by_channel = match self.ask_allowing_for_clocks(&mut query).await {
            Ok(found) => found,
            Err(Away) => return Match::Away,
        };
        if let Some(record) = by_channel {
            return Match::Record(Box::new(record));
        }
        if event.reading != Reading::PhoneEnrolled || channel.is_none() {
            return Match::None;
        }
        query.channel = None;
        match self.ask_allowing_for_clocks(&mut query).await {
            Ok(Some(_)) => Match::Twin,
            Ok(None) => Match::None,
            Err(Away) => Match::Away,
        }
    }

    /// The newest send before the event; only where there is none, one a little after it, because Okta's clock is not ours. (The other
    /// way round, the second half of a finished login would close the next login's verification.)
    async fn ask_allowing_for_clocks(&self, query: &mut SendQuery) -> Result<Option<SendRecord>, Away> {
        let published = query.before;
        let found = self.ask(query).await?;
        if found.is_some() {
            return Ok(found);
        }
        query.before = later(published, self.settings.skew);
        let found = self.ask(query).await;
        query.before = published;
        found
    }

    async fn ask(&self, query: &SendQuery) -> Result<Option<SendRecord>, Away> {
        self.books.ask(self.ledger.find_send(query)).await
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
