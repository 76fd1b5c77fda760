use jiff::Timestamp;
use otp::{OrgName, TransactionId};

/// Sends of which the provider has yet to be told how they ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntoldQuery {
    /// Their hooks came after.
    pub received_after: Timestamp,
    /// Their codes were over at this moment. (Codes of which Okta does not say when live five minutes.)
    pub over_at: Timestamp,
    /// At most so many; never more than 1,000.
    pub limit: u32,
}

/// A message that a provider took, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntoldSend {
    /// For which transaction.
    pub transaction: TransactionId,
    /// Whose.
    pub org: OrgName,
    /// The event that says that the code was entered; `None` where it was not.
    pub event_uuid: Option<String>,
    /// The provider's configured name.
    pub provider: String,
    /// Its reference of the message.
    pub provider_ref: String,
}
