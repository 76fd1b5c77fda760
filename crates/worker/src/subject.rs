//! Which verification does an event belong to?

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::{EventMatch, EventQuery, SendQuery, SendRecord, Unattributed};
use otp::{Channel, EventReceived, OrgName, PhoneHmac, PhoneNumber, Purpose, Reading};

use crate::books::Away;
use crate::worker::Worker;

/// A code by SMS or voice lives so long, and no setting changes it (Okta KB: "OTP Validity").
const CODE_LIFE: Duration = Duration::from_secs(300);
/// Moments may be told in whole seconds.
const WHOLE_SECOND: Duration = Duration::from_secs(1);

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
        let published = query.before;
        query.before = later(query.before, self.settings.skew);
        let found = self.books.find_send(&query).await?;
        // Only a query about an enrolment says the purpose.
        let found = match query.purpose {
            Some(_) if found.is_none() => {
                query.purpose = Some(Purpose::Unknown);
                self.books.find_send(&query).await?
            }
            _ => found,
        };
        Ok(found.filter(|send| !self.was_made_after(send, published)))
    }

    /// Whether a send's code was made after `published`, all by Okta's clock: then that clock is no excuse for it.
    fn was_made_after(&self, send: &SendRecord, published: Timestamp) -> bool {
        let Some(made) = send.otp_expires_at.map(|at| earlier(at, CODE_LIFE)) else { return false };
        // Otherwise the code lives for some other time.
        let plausible = made.duration_since(send.received_at).unsigned_abs() <= self.settings.skew;
        plausible && made > later(published, WHOLE_SECOND)
    }

    /// The user's newest code at this number that nobody has entered, by whatever channel and for whatever purpose.
    pub(crate) async fn open_code(
        &self,
        received: &EventReceived,
        phone: &PhoneHmac,
    ) -> Result<Option<SendRecord>, Away> {
        let Some(query) = self.sends(received) else { return Ok(None) };
        let before = later(self.clock.now(), self.settings.skew);
        let any = SendQuery { channel: None, purpose: None, before, ..query };
        let found = self.books.find_send(&any).await?;
        Ok(found.filter(|send| send.verified_at.is_none() && send.phone_hmac.as_ref() == Some(phone)))
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

pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

pub(crate) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_sub(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MIN)
}
