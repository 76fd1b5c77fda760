use jiff::Timestamp;
use otp::{Answer, Channel, FailureClass, OrgName, Purpose, TransactionId, TransactionStatus};
use serde::Serialize;

use super::{AttemptRow, EventRow, FeedbackRow, ReceiptRow};

/// Which transactions to list, newest first.
#[derive(Debug, Clone)]
pub struct TransactionFilter {
    /// Of one org.
    pub org: Option<OrgName>,
    /// With one status.
    pub status: Option<TransactionStatus>,
    /// Of one user.
    pub okta_user_id: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// At most so many; never more than 1,000.
    pub limit: u32,
}

impl Default for TransactionFilter {
    fn default() -> Self {
        Self { org: None, status: None, okta_user_id: None, since: None, until: None, limit: 100 }
    }
}

/// One code that was asked for. What is `None` may come with a fact that is still on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransactionRow {
    /// Its id.
    pub id: TransactionId,
    /// Whose.
    pub org: Option<OrgName>,
    /// Okta's `eventId`.
    pub okta_event_id: Option<String>,
    /// What it was for.
    pub purpose: Option<Purpose>,
    /// How the code was to be sent.
    pub channel: Option<Channel>,
    /// For whom.
    pub okta_user_id: Option<String>,
    /// The number's country.
    pub country: Option<String>,
    /// The number as people may see it: its first digits, then dots.
    pub phone: Option<String>,
    /// Okta's `locale`.
    pub locale: Option<String>,
    /// Okta's `otpExpires`.
    pub otp_expires_at: Option<Timestamp>,
    /// When its hook came.
    pub received_at: Option<Timestamp>,
    /// When Okta was answered.
    pub answered_at: Option<Timestamp>,
    /// How it stands.
    pub status: TransactionStatus,
    /// When it came to stand so.
    pub settled_at: Option<Timestamp>,
    /// What Okta was told.
    pub answer: Option<Answer>,
    /// The provider that took it, or tried last.
    pub provider: Option<String>,
    /// That provider's reference.
    pub provider_ref: Option<String>,
    /// Why it was not accepted.
    pub failure_class: Option<FailureClass>,
    /// When the user entered the code.
    pub verified_at: Option<Timestamp>,
    /// The transaction it is a copy of: the same hook, taken by another node.
    pub duplicate_of: Option<TransactionId>,
    /// Which node took it.
    pub node: Option<String>,
}

/// One transaction with all that came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransactionDetail {
    /// The transaction.
    pub transaction: TransactionRow,
    /// Its calls to providers.
    pub attempts: Vec<AttemptRow>,
    /// The events that belong to it.
    pub events: Vec<EventRow>,
    /// What providers were told about it.
    pub reports: Vec<FeedbackRow>,
    /// What providers said of it afterwards, in the order in which that came.
    pub receipts: Vec<ReceiptRow>,
}
