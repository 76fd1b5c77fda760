use jiff::Timestamp;
use otp::{MatchedBy, OrgName, ReportResult, TransactionId, Verdict};
use serde::Serialize;

/// What a provider was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedbackRow {
    /// Whose.
    pub org: OrgName,
    /// The event that asked for it.
    pub event_uuid: String,
    /// The transaction it is about, where there is a record.
    pub transaction_id: Option<TransactionId>,
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

/// The rank of a result where one report has several: an effect outranks "it was final already" (which is what the second try of
/// a report sees whose first try had its effect), and anything outranks having given up (somebody may have replayed it).
pub(crate) fn standing(result: ReportResult) -> i64 {
    match result {
        ReportResult::Dead => 1,
        ReportResult::Unsupported => 2,
        ReportResult::Expired => 3,
        ReportResult::AlreadyFinal => 4,
        ReportResult::Reported => 5,
    }
}
