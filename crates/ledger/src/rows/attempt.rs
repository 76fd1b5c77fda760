use jiff::Timestamp;
use otp::{AttemptOutcome, TransactionId};
use serde::Serialize;

/// One call to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptRow {
    /// For which transaction.
    pub transaction_id: TransactionId,
    /// 1 for the first call.
    pub n: u8,
    /// The provider's configured name.
    pub provider: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How; `None` while nobody has said.
    pub outcome: Option<AttemptOutcome>,
    /// The HTTP status, where one came.
    pub http_status: Option<u16>,
    /// The provider's own code, where one came.
    pub provider_code: Option<String>,
    /// The provider's reference of the message.
    pub provider_ref: Option<String>,
    /// The provider's reference of the attempt.
    pub attempt_ref: Option<String>,
}
