use jiff::Timestamp;
use otp::{Answer, FailureClass, TransactionId};
use serde::Serialize;

/// What Okta was told about a hook, so that the same can be said again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredAnswer {
    /// The transaction that was answered for.
    pub transaction: TransactionId,
    /// The answer.
    pub answer: Answer,
    /// Why it was not `SUCCESSFUL`.
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

/// What the books know of a hook that somebody has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierHook {
    /// It was answered so.
    Answered(StoredAnswer),
    /// The books know of no answer: its node is at it, or has ended in the middle. The code may have been sent.
    Unanswered(TransactionId),
}
