//! What happened, as it is written to the journal before anything depends on it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Answer, AttemptOutcome, Channel, EventId, EventSource, EventState, FailureClass, MatchedBy, OktaEvent,
    OktaSendEvent, OrgName, PhoneHmac, Purpose, ReportResult, SealedPhone, Settler, TransactionId,
    TransactionStatus, Verdict,
};

/// One thing that happened. Applying facts to the ledger twice, or those of two nodes in any order, ends in the same rows.
///
/// A fact never holds a passcode, and a phone number only as [`SealedPhone`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A telephony hook was taken in.
    HookReceived(HookReceived),
    /// A provider is about to be called.
    AttemptStarted(AttemptStarted),
    /// A call to a provider ended.
    AttemptEnded(AttemptEnded),
    /// How a transaction stands now.
    TransactionSettled(TransactionSettled),
    /// Okta was told something.
    HookAnswered(HookAnswered),
    /// An event came in.
    EventReceived(EventReceived),
    /// An event needs nothing more.
    EventSettled(EventSettled),
    /// A report to a provider ended.
    FeedbackReported(FeedbackReported),
    /// Something was given up.
    DeadLettered(DeadLettered),
    /// A person had an event put through the queue again.
    EventReplayed(EventReplayed),
    /// A body nobody could read was put aside.
    Quarantined(Quarantined),
    /// A provider said what became of a message.
    ReceiptReceived(ReceiptReceived),
    /// Okta said something about sending a code.
    SendNoted(SendNoted),
    /// Okta's System Log was read so far.
    LogRead(LogRead),
}

/// A telephony hook, on disk before a provider is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookReceived {
    /// The transaction it began.
    pub transaction: TransactionId,
    /// Whose hook.
    pub org: OrgName,
    /// Okta's `eventId`; missing only in odd payloads.
    pub okta_event_id: Option<String>,
    /// Okta's `requestType`.
    pub purpose: Purpose,
    /// Okta's `deliveryChannel`; `None` where it is none we know.
    pub channel: Option<Channel>,
    /// Okta's `userProfile.userId`.
    pub okta_user_id: Option<String>,
    /// The number; `None` where it is none.
    pub phone: Option<SealedPhone>,
    /// Okta's `locale`.
    pub locale: Option<String>,
    /// Okta's `otpExpires`.
    pub otp_expires_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// Which node took it.
    pub node: String,
}

/// The intent to call a provider. Found without an end after a crash, it becomes `ambiguous`, never a second send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted {
    /// Which transaction.
    pub transaction: TransactionId,
    /// 1 for the first call.
    pub n: u8,
    /// The provider's configured name.
    pub provider: String,
    /// When.
    pub started_at: Timestamp,
}

/// The end of one call to a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEnded {
    /// Which transaction.
    pub transaction: TransactionId,
    /// 1 for the first call.
    pub n: u8,
    /// The provider's configured name.
    pub provider: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub outcome: AttemptOutcome,
    /// The HTTP status, where one came.
    pub http_status: Option<u16>,
    /// The provider's own code, where one came.
    pub provider_code: Option<String>,
    /// The provider's reference of the message (Verify: VE SID).
    pub provider_ref: Option<String>,
    /// The provider's reference of the attempt (Verify: VL SID).
    pub attempt_ref: Option<String>,
}

/// How a transaction stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransactionSettled {
    /// Which transaction.
    pub transaction: TransactionId,
    /// Its status now.
    pub status: TransactionStatus,
    /// Why it was not accepted.
    pub failure_class: Option<FailureClass>,
    /// The provider that took it, or tried last.
    pub provider: Option<String>,
    /// That provider's reference.
    pub provider_ref: Option<String>,
    /// When.
    pub settled_at: Timestamp,
    /// Who says so.
    pub by: Settler,
}

impl TransactionSettled {
    /// Its rank in the books: a higher one stands, in whatever order they come. Of two that looked at the provider's list, the one that
    /// found the send is right: the other looked too early, or in the wrong place.
    pub fn rank(&self) -> i64 {
        match (self.by, self.status) {
            (Settler::Recovery, _) => 1,
            (Settler::Dispatcher, _) => 2,
            (Settler::Reconciler, TransactionStatus::Accepted) => 4,
            (Settler::Reconciler, _) => 3,
        }
    }
}

/// What Okta was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookAnswered {
    /// Which transaction.
    pub transaction: TransactionId,
    /// Whose hook.
    pub org: OrgName,
    /// Okta's `eventId`, so that the answer can be given again.
    pub okta_event_id: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// Why it was not `SUCCESSFUL`; the sentence in an `error` answer follows from it.
    pub failure_class: Option<FailureClass>,
    /// The provider named in it.
    pub provider: Option<String>,
    /// `transactionId` in it.
    pub provider_ref: Option<String>,
    /// `transactionMetadata` in it.
    pub attempt_ref: Option<String>,
    /// When.
    pub answered_at: Timestamp,
}

/// One event of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventReceived {
    /// The event.
    pub event: OktaEvent,
    /// Which delivery (one POST) brought it: the same event in two deliveries counts twice, the same fact applied twice once.
    pub delivery: Uuid,
    /// When it came.
    pub received_at: Timestamp,
    /// Which node took it.
    pub node: String,
    /// The W3C `traceparent` it came under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// When a person had it put through the queue again: an end of before then does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_at: Option<Timestamp>,
    /// Which way it came.
    #[serde(default, skip_serializing_if = "EventSource::is_hook")]
    pub source: EventSource,
}

impl EventReceived {
    /// When it happened: what Okta says, or when it came.
    pub fn published(&self) -> Timestamp {
        self.event.published_at.unwrap_or(self.received_at)
    }
}

/// The end of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventSettled {
    /// Which event.
    #[serde(flatten)]
    pub event: EventId,
    /// Its state now.
    pub state: EventState,
    /// Why, in a word or two.
    pub note: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// The transaction it belongs to.
    pub transaction: Option<TransactionId>,
    /// When the user entered the code, where that is known and belongs to the transaction.
    pub verified_at: Option<Timestamp>,
    /// When.
    pub settled_at: Timestamp,
    /// The [`EventReceived::replayed_at`] of what was settled: which time through the queue this is the end of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_at: Option<Timestamp>,
}

/// An event that is to go through the queue again, whatever had become of it.
///
/// In the books it is queued from then on, until an end that is later; its dead letters of before then wait no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventReplayed {
    /// The event as it came in, with [`EventReceived::replayed_at`] set.
    pub received: EventReceived,
    /// When: later than any end it had.
    pub replayed_at: Timestamp,
    /// Work on it may have had its effect, and nobody knows.
    #[serde(default)]
    pub doubtful: bool,
}

impl EventReplayed {
    /// The replay of `received`, which came to be in `state` at some moment, if it did: now, or as soon after that as can be told apart,
    /// because clocks differ between machines.
    pub fn new(
        received: EventReceived,
        state: Option<(EventState, Option<Timestamp>)>,
        now: Timestamp,
    ) -> Self {
        // Any other end says what its effect was.
        let doubtful = !matches!(
            state,
            Some((EventState::Done | EventState::Skipped | EventState::Expired | EventState::NoMatch, _))
        );
        let settled_at = state.and_then(|(_, at)| at);
        let after = settled_at.map(|at| at.saturating_add(SignedDuration::from_micros(1)).unwrap_or(at));
        let replayed_at = after.map_or(now, |after| after.max(now));
        Self { received: EventReceived { replayed_at: Some(replayed_at), ..received }, replayed_at, doubtful }
    }
}

/// The end of a report to a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedbackReported {
    /// The event that asked for it.
    #[serde(flatten)]
    pub event: EventId,
    /// The transaction it is about, where there is a record.
    pub transaction: Option<TransactionId>,
    /// The number it is about, where there is no record.
    pub phone_hmac: Option<PhoneHmac>,
    /// The provider's configured name.
    pub provider: String,
    /// The provider's reference.
    pub provider_ref: Option<String>,
    /// What it was told.
    pub verdict: Verdict,
    /// How that ended.
    pub result: ReportResult,
    /// How the verification was found.
    pub matched_by: MatchedBy,
    /// When.
    pub reported_at: Timestamp,
}

/// Something that was given up and waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLettered {
    /// The event.
    #[serde(flatten)]
    pub event: EventId,
    /// Why, for a person.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When.
    pub dead_at: Timestamp,
}

/// A body nobody could read, kept unreadable for others too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its id, and the place it is sealed to.
    pub id: Uuid,
    /// Whose.
    pub org: OrgName,
    /// What was wrong, without its content.
    pub reason: String,
    /// The body's size in bytes.
    pub bytes: u64,
    /// The body, sealed by the vault.
    pub sealed_body: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Which node took it.
    pub node: String,
}

/// What a provider said of a message after it had taken it: one status of many, in no certain order, perhaps twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiptReceived {
    /// The provider's configured name.
    pub provider: String,
    /// The provider's reference of the message.
    pub provider_ref: Option<String>,
    /// The provider's reference of the attempt.
    pub attempt_ref: Option<String>,
    /// The transaction, where the provider repeats what it was given as such.
    pub transaction: Option<TransactionId>,
    /// The provider's word in lower case (`delivered`, `undelivered`, …).
    pub status: String,
    /// The provider's code of what went wrong.
    pub error_code: Option<String>,
    /// When it happened, as the provider says.
    pub reported_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
}

/// What Okta said about sending a code. The same event may come by both ways; the first one to come counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendNoted {
    /// The event.
    pub event: OktaSendEvent,
    /// Which way it came.
    pub source: EventSource,
    /// When it came.
    pub received_at: Timestamp,
    /// Which node took it.
    pub node: String,
}

impl SendNoted {
    /// When it happened: what Okta says, or when it came.
    pub fn published(&self) -> Timestamp {
        self.event.published_at.unwrap_or(self.received_at)
    }
}

/// How far an org's System Log has been read. Written with what was found, or after it: never before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRead {
    /// Whose log.
    pub org: OrgName,
    /// Everything published before this moment has been read.
    pub until: Timestamp,
}

/// Why a record is no fact of ours.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A type, or a version of a type, that this binary does not know: it stays in the journal for one that does.
    #[error("unknown fact {kind} version {version}")]
    Unknown {
        /// The record's type.
        kind: String,
        /// The record's version.
        version: u16,
    },
    /// A type we know with content we do not understand.
    #[error("unreadable fact {kind}: {source}")]
    Unreadable {
        /// The record's type.
        kind: String,
        /// What the parser said (its position; facts hold nothing secret).
        source: serde_json::Error,
    },
}

impl Fact {
    /// The version written today, for every type.
    pub const VERSION: u16 = 1;
    /// Record type of [`Fact::HookReceived`].
    pub const HOOK_RECEIVED: &'static str = "hook_received";
    /// Record type of [`Fact::AttemptStarted`].
    pub const ATTEMPT_STARTED: &'static str = "attempt_started";
    /// Record type of [`Fact::AttemptEnded`].
    pub const ATTEMPT_ENDED: &'static str = "attempt_ended";
    /// Record type of [`Fact::TransactionSettled`].
    pub const TRANSACTION_SETTLED: &'static str = "transaction_settled";
    /// Record type of [`Fact::HookAnswered`].
    pub const HOOK_ANSWERED: &'static str = "hook_answered";
    /// Record type of [`Fact::EventReceived`].
    pub const EVENT_RECEIVED: &'static str = "event_received";
    /// Record type of [`Fact::EventSettled`].
    pub const EVENT_SETTLED: &'static str = "event_settled";
    /// Record type of [`Fact::FeedbackReported`].
    pub const FEEDBACK_REPORTED: &'static str = "feedback_reported";
    /// Record type of [`Fact::DeadLettered`].
    pub const DEAD_LETTERED: &'static str = "dead_lettered";
    /// Record type of [`Fact::EventReplayed`].
    pub const EVENT_REPLAYED: &'static str = "event_replayed";
    /// Record type of [`Fact::Quarantined`].
    pub const QUARANTINED: &'static str = "quarantined";
    /// Record type of [`Fact::ReceiptReceived`].
    pub const RECEIPT_RECEIVED: &'static str = "receipt_received";
    /// Record type of [`Fact::SendNoted`].
    pub const SEND_NOTED: &'static str = "send_noted";
    /// Record type of [`Fact::LogRead`].
    pub const LOG_READ: &'static str = "log_read";

    /// Every record type.
    pub const KINDS: [&'static str; 14] = [
        Self::HOOK_RECEIVED,
        Self::ATTEMPT_STARTED,
        Self::ATTEMPT_ENDED,
        Self::TRANSACTION_SETTLED,
        Self::HOOK_ANSWERED,
        Self::EVENT_RECEIVED,
        Self::EVENT_SETTLED,
        Self::FEEDBACK_REPORTED,
        Self::DEAD_LETTERED,
        Self::EVENT_REPLAYED,
        Self::QUARANTINED,
        Self::RECEIPT_RECEIVED,
        Self::SEND_NOTED,
        Self::LOG_READ,
    ];

    /// The record type it is journalled under.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HookReceived(_) => Self::HOOK_RECEIVED,
            Self::AttemptStarted(_) => Self::ATTEMPT_STARTED,
            Self::AttemptEnded(_) => Self::ATTEMPT_ENDED,
            Self::TransactionSettled(_) => Self::TRANSACTION_SETTLED,
            Self::HookAnswered(_) => Self::HOOK_ANSWERED,
            Self::EventReceived(_) => Self::EVENT_RECEIVED,
            Self::EventSettled(_) => Self::EVENT_SETTLED,
            Self::FeedbackReported(_) => Self::FEEDBACK_REPORTED,
            Self::DeadLettered(_) => Self::DEAD_LETTERED,
            Self::EventReplayed(_) => Self::EVENT_REPLAYED,
            Self::Quarantined(_) => Self::QUARANTINED,
            Self::ReceiptReceived(_) => Self::RECEIPT_RECEIVED,
            Self::SendNoted(_) => Self::SEND_NOTED,
            Self::LogRead(_) => Self::LOG_READ,
        }
    }

    /// As it is journalled: its type, its version and its bytes.
    pub fn encode(&self) -> (&'static str, u16, Vec<u8>) {
        // Plain data under fixed names: there is nothing in it that serde could refuse.
        let mut payload = Vec::with_capacity(512);
        let _ = serde_json::to_writer(&mut payload, self);
        (self.kind(), Self::VERSION, payload)
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`DecodeError::Unknown`] for a newer binary's record (to be kept and passed over), [`DecodeError::Unreadable`] otherwise.
    pub fn decode(kind: &str, version: u16, payload: &[u8]) -> Result<Self, DecodeError> {
        if version != Self::VERSION {
            return Err(DecodeError::Unknown { kind: kind.to_owned(), version });
        }
        // By the record's type, not by the tag within: that would have to be looked for first, and everything before it kept aside.
        let fact = match kind {
            Self::HOOK_RECEIVED => serde_json::from_slice(payload).map(Self::HookReceived),
            Self::ATTEMPT_STARTED => serde_json::from_slice(payload).map(Self::AttemptStarted),
            Self::ATTEMPT_ENDED => serde_json::from_slice(payload).map(Self::AttemptEnded),
            Self::TRANSACTION_SETTLED => serde_json::from_slice(payload).map(Self::TransactionSettled),
            Self::HOOK_ANSWERED => serde_json::from_slice(payload).map(Self::HookAnswered),
            Self::EVENT_RECEIVED => serde_json::from_slice(payload).map(Self::EventReceived),
            Self::EVENT_SETTLED => serde_json::from_slice(payload).map(Self::EventSettled),
            Self::FEEDBACK_REPORTED => serde_json::from_slice(payload).map(Self::FeedbackReported),
            Self::DEAD_LETTERED => serde_json::from_slice(payload).map(Self::DeadLettered),
            Self::EVENT_REPLAYED => serde_json::from_slice(payload).map(Self::EventReplayed),
            Self::QUARANTINED => serde_json::from_slice(payload).map(Self::Quarantined),
            Self::RECEIPT_RECEIVED => serde_json::from_slice(payload).map(Self::ReceiptReceived),
            Self::SEND_NOTED => serde_json::from_slice(payload).map(Self::SendNoted),
            Self::LOG_READ => serde_json::from_slice(payload).map(Self::LogRead),
            _ => return Err(DecodeError::Unknown { kind: kind.to_owned(), version }),
        };
        fact.map_err(|source| DecodeError::Unreadable { kind: kind.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, EventReceived, EventSettled, Fact, LogRead, SendNoted};
    use crate::{
        Channel, EventId, EventSource, EventState, Factor, OktaEvent, OktaSendEvent, OrgName, Reading,
        SendEventKind, SendOutcome, SentBy,
    };

    fn settled() -> Fact {
        Fact::EventSettled(EventSettled {
            event: EventId { org: OrgName::new("main").unwrap(), uuid: "u".to_owned() },
            state: EventState::Done,
            note: None,
            attempts: 1,
            transaction: None,
            verified_at: None,
            settled_at: "2026-11-20T10:15:30.412Z".parse().unwrap(),
            replayed_at: None,
        })
    }

    #[test]
    fn a_fact_comes_back_as_it_was() {
        let fact = settled();
        let (kind, version, payload) = fact.encode();
        assert_eq!(Fact::decode(kind, version, &payload).unwrap(), fact);
    }

    fn id() -> EventId {
        EventId { org: OrgName::new("main").unwrap(), uuid: "u".to_owned() }
    }

    #[test]
    fn what_okta_says_of_sends_comes_back_as_it_was() {
        let event = OktaSendEvent {
            id: id(),
            event_type: "system.sms.send_factor_verify_message".to_owned(),
            kind: SendEventKind::Send,
            channel: Some(Channel::Sms),
            okta_user_id: Some("00u1".to_owned()),
            country: Some("us".parse().unwrap()),
            phone_prefix: Some("+1555555".to_owned()),
            sent_by: Some(SentBy::Okta),
            provider: Some("okta".to_owned()),
            provider_ref: None,
            outcome: SendOutcome::Sent,
            reason: None,
            published_at: Some("2026-11-20T10:15:30.412Z".parse().unwrap()),
        };
        let received_at = "2026-11-20T10:15:31Z".parse().unwrap();
        let noted = SendNoted { event, source: EventSource::Log, received_at, node: "n".to_owned() };
        let unsaid =
            SendNoted { event: OktaSendEvent { published_at: None, ..noted.event.clone() }, ..noted.clone() };
        assert_eq!(unsaid.published(), received_at);
        let read = LogRead { org: OrgName::new("main").unwrap(), until: received_at };
        for fact in [Fact::SendNoted(noted), Fact::SendNoted(unsaid), Fact::LogRead(read)] {
            let (kind, version, payload) = fact.encode();
            assert!(Fact::KINDS.contains(&kind), "{kind}");
            assert_eq!(Fact::decode(kind, version, &payload).unwrap(), fact);
        }
    }

    #[test]
    fn f16_an_older_binarys_event_came_by_the_hook() {
        let event = OktaEvent {
            id: id(),
            event_type: "user.authentication.auth_via_mfa".to_owned(),
            okta_user_id: None,
            factor: Factor::Other,
            result: None,
            reason: None,
            published_at: None,
            reading: Reading::Nothing,
            by_other: false,
        };
        let by = |source| {
            Fact::EventReceived(EventReceived {
                event: event.clone(),
                delivery: uuid::Uuid::nil(),
                received_at: jiff::Timestamp::UNIX_EPOCH,
                node: "n".to_owned(),
                traceparent: None,
                replayed_at: None,
                source,
            })
        };
        let (kind, version, hook) = by(EventSource::Hook).encode();
        assert!(!String::from_utf8(hook.clone()).unwrap().contains("source"), "as it always was written");
        assert_eq!(Fact::decode(kind, version, &hook).unwrap(), by(EventSource::Hook));
        let (_, _, log) = by(EventSource::Log).encode();
        assert_eq!(Fact::decode(kind, version, &log).unwrap(), by(EventSource::Log));
    }

    #[test]
    fn f16_a_newer_fact_is_told_from_a_damaged_one() {
        let (kind, version, payload) = settled().encode();
        assert!(matches!(Fact::decode("future", version, &payload), Err(DecodeError::Unknown { .. })));
        assert!(matches!(Fact::decode(kind, version + 1, &payload), Err(DecodeError::Unknown { .. })));
        assert!(matches!(Fact::decode(kind, version, b"{}"), Err(DecodeError::Unreadable { .. })));
        // A field that this version does not know is no reason to refuse.
        let text = String::from_utf8(payload).unwrap().replacen('{', "{\"new_field\":1,", 1);
        assert!(Fact::decode(kind, version, text.as_bytes()).is_ok());
    }
}
