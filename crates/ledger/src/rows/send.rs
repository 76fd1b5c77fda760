use jiff::Timestamp;
use otp::{
    Channel, EventId, EventState, OrgName, PhoneHmac, Purpose, ReportResult, TransactionId,
    TransactionStatus, Verdict,
};

/// Which send an event may belong to.
#[derive(Debug, Clone)]
pub struct SendQuery {
    /// Whose.
    pub org: OrgName,
    /// The user the event is about.
    pub okta_user_id: String,
    /// By this channel, where the event says one.
    pub channel: Option<Channel>,
    /// For this purpose, where the event tells.
    pub purpose: Option<Purpose>,
    /// Received after.
    pub after: Timestamp,
    /// Received at or before (the caller allows for clocks that differ).
    pub before: Timestamp,
}

/// The send that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRecord {
    /// The transaction.
    pub transaction: TransactionId,
    /// How the code was sent.
    pub channel: Option<Channel>,
    /// What it was for.
    pub purpose: Purpose,
    /// `accepted` or `ambiguous`.
    pub status: TransactionStatus,
    /// The provider that took it, or tried last.
    pub provider: Option<String>,
    /// That provider's reference.
    pub provider_ref: Option<String>,
    /// The number; gone after its retention.
    pub phone_sealed: Option<String>,
    /// The number's pseudonym.
    pub phone_hmac: Option<PhoneHmac>,
    /// When its hook came.
    pub received_at: Timestamp,
    /// When its code is over, by Okta's clock.
    pub otp_expires_at: Option<Timestamp>,
    /// When its code was entered, where that is known.
    pub verified_at: Option<Timestamp>,
    /// What a provider was already told about it, and how that ended.
    pub feedback: Option<(Verdict, ReportResult)>,
    /// True when a newer transaction of the query has no end in the books yet: the event may belong to that one.
    pub newer_in_flight: bool,
}

/// What the books know of an event, and of the send it may belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventMatch {
    /// How the event stands; `None` when the books do not know it (yet).
    pub state: Option<EventState>,
    /// When it came to stand so.
    pub settled_at: Option<Timestamp>,
    /// The newest send that the query allows: accepted or ambiguous.
    pub send: Option<SendRecord>,
}

/// An event, and what its send may be.
#[derive(Debug, Clone)]
pub struct EventQuery {
    /// The event.
    pub event: EventId,
    /// The send; `None` where the event says of nobody.
    pub send: Option<SendQuery>,
}
