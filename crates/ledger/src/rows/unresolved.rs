use jiff::{SignedDuration, Timestamp};
use otp::{Channel, OrgName, PhoneHmac, TransactionId, TransactionStatus};
use uuid::Uuid;

/// Which calls of which nobody knows whether they were sent, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedQuery {
    /// Begun after.
    pub started_after: Timestamp,
    /// Begun at or before.
    pub started_before: Timestamp,
    /// Only what comes after this place: begin, transaction and number of the last call of the page before.
    pub after: Option<(Timestamp, TransactionId, u8)>,
    /// At most so many; never more than 1,000.
    pub limit: u32,
}

impl UnresolvedQuery {
    /// The place after which the page begins: what begun at `started_after` itself is before it, whatever its transaction.
    pub(crate) fn place(&self) -> (Timestamp, TransactionId, u8) {
        let start = (self.started_after, TransactionId::from(Uuid::max()), u8::MAX);
        self.after.map_or(start, |after| after.max(start))
    }
}

/// A call to a provider that is recorded as ambiguous, with what is needed to ask the provider about it and to settle it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedSend {
    /// For which transaction.
    pub transaction: TransactionId,
    /// 1 for the first call.
    pub n: u8,
    /// The provider's configured name.
    pub provider: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, or when recovery found it without an end.
    pub ended_at: Timestamp,
    /// The HTTP status, where one came.
    pub http_status: Option<u16>,
    /// The provider's own code, where one came.
    pub provider_code: Option<String>,
    /// Whose; `None` while the hook is not in the books.
    pub org: Option<OrgName>,
    /// How the code was sent.
    pub channel: Option<Channel>,
    /// The number; gone after its retention.
    pub phone_sealed: Option<String>,
    /// The number's pseudonym.
    pub phone_hmac: Option<PhoneHmac>,
    /// How the transaction stands: `accepted` where another provider took it afterwards.
    pub status: TransactionStatus,
    /// When the code ends.
    pub otp_expires_at: Option<Timestamp>,
    /// When its hook came.
    pub received_at: Option<Timestamp>,
    /// The references (of the message, of the attempt) in the newest receipt of this provider for this transaction. There is one only if
    /// the provider took it.
    pub receipt: Option<(Option<String>, Option<String>)>,
}

impl UnresolvedSend {
    /// After its beginning, and not longer than anybody could mistake another send for it.
    pub(crate) fn soon_after(&self) -> (Timestamp, Timestamp) {
        let last = self.started_at.saturating_add(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MAX);
        (self.started_at, last)
    }
}
