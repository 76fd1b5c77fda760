use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of one OTP transaction (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionId(Uuid);

impl TransactionId {
    /// Its 128 bits.
    pub fn as_u128(self) -> u128 {
        self.0.as_u128()
    }
}

impl From<Uuid> for TransactionId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl std::fmt::Display for TransactionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for TransactionId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// What the user was doing when Okta asked for a code: Okta's `requestType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// `com.okta.user.telephony.mfa-verification`: signing in.
    MfaVerification,
    /// `com.okta.user.telephony.pre-enrollment`: enrolling a phone.
    PreEnrollment,
    /// `com.okta.user.telephony.account-unlock`: self-service unlock.
    AccountUnlock,
    /// `com.okta.user.telephony.password-reset`: self-service reset.
    PasswordReset,
    /// Missing, or a value not known yet.
    Unknown,
}

impl Purpose {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MfaVerification => "mfa-verification",
            Self::PreEnrollment => "pre-enrollment",
            Self::AccountUnlock => "account-unlock",
            Self::PasswordReset => "password-reset",
            Self::Unknown => "unknown",
        }
    }

    /// Reads Okta's `requestType`; only the last part counts, and what is new is [`Purpose::Unknown`].
    pub fn from_okta(request_type: &str) -> Self {
        match request_type.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "mfa-verification" => Self::MfaVerification,
            "pre-enrollment" => Self::PreEnrollment,
            "account-unlock" => Self::AccountUnlock,
            "password-reset" => Self::PasswordReset,
            _ => Self::Unknown,
        }
    }
}

/// Who said how a transaction ended. A later entry outranks an earlier one, so the books end the same in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settler {
    /// The next start of a process that found the transaction unfinished.
    Recovery,
    /// The process that sent the code.
    Dispatcher,
    /// A look at the provider's own list, afterwards.
    Reconciler,
}
