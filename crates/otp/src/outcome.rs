use serde::{Deserialize, Serialize};

/// How one call to a provider ended. It carries the decision: what may follow is a function of it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The provider took the message.
    Accepted,
    /// Certainly not sent, and nothing is wrong with the number: another provider may try.
    NotSent,
    /// The number is the problem (bad, landline, not permitted): no provider should try.
    RejectedNumber,
    /// A fraud block: nobody sends.
    RejectedFraud,
    /// The user has had as many codes as the provider allows: nobody sends.
    RejectedLimit,
    /// Our account, credentials or settings are the problem: another provider may try, and somebody must be told.
    Misconfigured,
    /// Nobody knows whether it was sent.
    Ambiguous,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::NotSent,
        Self::RejectedNumber,
        Self::RejectedFraud,
        Self::RejectedLimit,
        Self::Misconfigured,
        Self::Ambiguous,
    ];

    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotSent => "not_sent",
            Self::RejectedNumber => "rejected_number",
            Self::RejectedFraud => "rejected_fraud",
            Self::RejectedLimit => "rejected_limit",
            Self::Misconfigured => "misconfigured",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// How a transaction stands whose last attempt ended so.
    pub fn status(self) -> TransactionStatus {
        match self {
            Self::Accepted => TransactionStatus::Accepted,
            Self::RejectedNumber | Self::RejectedLimit => TransactionStatus::Rejected,
            Self::RejectedFraud => TransactionStatus::Blocked,
            Self::NotSent | Self::Misconfigured => TransactionStatus::Failed,
            Self::Ambiguous => TransactionStatus::Ambiguous,
        }
    }

    /// The failure class, unless it was accepted.
    pub fn failure_class(self) -> Option<FailureClass> {
        Some(match self {
            Self::Accepted => return None,
            Self::NotSent => FailureClass::NotSent,
            Self::RejectedNumber => FailureClass::RejectedNumber,
            Self::RejectedFraud => FailureClass::RejectedFraud,
            Self::RejectedLimit => FailureClass::RejectedLimit,
            Self::Misconfigured => FailureClass::Misconfigured,
            Self::Ambiguous => FailureClass::Ambiguous,
        })
    }
}

/// Why a transaction did not end in an accepted code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// See [`AttemptOutcome::NotSent`].
    NotSent,
    /// See [`AttemptOutcome::RejectedNumber`].
    RejectedNumber,
    /// See [`AttemptOutcome::RejectedFraud`].
    RejectedFraud,
    /// See [`AttemptOutcome::RejectedLimit`].
    RejectedLimit,
    /// See [`AttemptOutcome::Misconfigured`].
    Misconfigured,
    /// See [`AttemptOutcome::Ambiguous`].
    Ambiguous,
    /// The code had expired when the hook came: nothing was sent.
    Stale,
    /// The hook's number is none: nothing was sent.
    InvalidNumber,
    /// The hook's code is none: nothing was sent.
    InvalidCode,
    /// The hook's delivery channel is not known: nothing was sent.
    UnknownChannel,
    /// No provider is configured for it: nothing was sent.
    NoProvider,
    /// The process ended while the transaction was under way.
    Crash,
    /// Nobody knew whether it was sent; the provider's own list says it was not.
    NotAccepted,
}

impl FailureClass {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::RejectedNumber => "rejected_number",
            Self::RejectedFraud => "rejected_fraud",
            Self::RejectedLimit => "rejected_limit",
            Self::Misconfigured => "misconfigured",
            Self::Ambiguous => "ambiguous",
            Self::Stale => "stale",
            Self::InvalidNumber => "invalid_number",
            Self::InvalidCode => "invalid_code",
            Self::UnknownChannel => "unknown_channel",
            Self::NoProvider => "no_provider",
            Self::Crash => "crash",
            Self::NotAccepted => "not_accepted",
        }
    }
}

/// How a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// On disk, not ended.
    Received,
    /// A provider took the message.
    Accepted,
    /// Refused for a reason that lies in the request.
    Rejected,
    /// Blocked as fraud.
    Blocked,
    /// Nobody knows whether it was sent.
    Ambiguous,
    /// Certainly not sent, for a reason that does not lie in the request.
    Failed,
}

impl TransactionStatus {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Blocked => "blocked",
            Self::Ambiguous => "ambiguous",
            Self::Failed => "failed",
        }
    }
}

/// What Okta was told. Only `SUCCESSFUL` keeps Okta from sending the code itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// Okta's status `SUCCESSFUL`.
    #[serde(rename = "SUCCESSFUL")]
    Successful,
    /// Okta's status `PENDING`.
    #[serde(rename = "PENDING")]
    Pending,
    /// Okta's status `FAILED`.
    #[serde(rename = "FAILED")]
    Failed,
    /// An `error` object.
    #[serde(rename = "error")]
    Error,
}

impl Answer {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Successful => "SUCCESSFUL",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Error => "error",
        }
    }
}
