//! Which verification does an event belong to?

use jiff::{SignedDuration, Timestamp};
use ledger::{EventMatch, EventQuery, SendQuery, SendRecord, Unattributed};
use otp::{Channel, EventReceived, OrgName, PhoneNumber, Purpose, Reading};

use crate::books::Away;
use crate::worker::Worker;

/// What the books say.
pub(crate) enum Match {
    /// This send.
    Record(Box<SendRecord>),
    /// A send of the same enrolment by the other channel: Okta reports SMS and CALL for one phone, whichever was used.
    Twin(Box<SendRecord>),
    /// None that is known here.
    None,
    /// The books could not be asked.
    Away,
}

impl Match {
    pub(crate) fn of(received: &EventReceived, record: SendRecord) -> Self {
        let enrolled = received.event.reading == Reading::PhoneEnrolled;
        match (received.event.factor.channel(), record.channel) {
            (Some(told), Some(sent)) if enrolled && told != sent => Self::Twin(Box::new(record)),
            _ => Self::Record(Box::new(record)),
        }
    }
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
        let Some(query) = self.sends(received) else { return Match::None };
        match self.find(query).await {
            Ok(Some(record)) => Match::of(received, record),
            Ok(None) => Match::None,
            Err(Away) => Match::Away,
        }
    }

    /// The same for an event that ended long ago.
    pub(crate) async fn find_since(&self, event: &Unattributed) -> Result<Option<SendRecord>, Away> {
        let Unattributed { end, okta_user_id, channel, reading, published_at, .. } = event;
        let query =
            self.sends_to(end.event.org.clone(), okta_user_id.clone(), *channel, *reading, *published_at);
        match self.books.find_send(&query).await? {
            Some(record) => Ok(Some(record)),
            None => self.find(query).await,
        }
    }

    async fn find(&self, mut query: SendQuery) -> Result<Option<SendRecord>, Away> {
        query.before = later(query.before, self.settings.skew);
        let found = self.books.find_send(&query).await?;
        // Only a query about an enrolment says the purpose.
        if found.is_some() || query.purpose.is_none() {
            return Ok(found);
        }
        query.purpose = Some(Purpose::Unknown);
        self.books.find_send(&query).await
    }

    /// The newest send for the enrolment that an event tells of, by its own channel.
    pub(crate) async fn find_own(&self, received: &EventReceived) -> Result<Option<SendRecord>, Away> {
        let Some(query) = self.sends(received) else { return Ok(None) };
        self.find(SendQuery { channel: received.event.factor.channel(), ..query }).await
    }

    /// The sends that an event can be about.
    fn sends(&self, received: &EventReceived) -> Option<SendQuery> {
        let event = &received.event;
        let user = event.okta_user_id.clone()?;
        let channel = event.factor.channel();
        Some(self.sends_to(event.id.org.clone(), user, channel, event.reading, received.published()))
    }

    fn sends_to(
        &self,
        org: OrgName,
        okta_user_id: String,
        channel: Option<Channel>,
        reading: Reading,
        published: Timestamp,
    ) -> SendQuery {
        let enrolled = reading == Reading::PhoneEnrolled;
        SendQuery {
            org,
            okta_user_id,
            // Of an enrolment Okta reports both channels, whichever the code went by: it is the newest that was entered.
            channel: channel.filter(|_| !enrolled),
            // A phone can be enrolled without a code, by an admin: then the code of a login under way is not the one.
            purpose: enrolled.then_some(Purpose::PreEnrollment),
            after: earlier(published, self.settings.life),
            before: published,
        }
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
