use otp::{ErasureMark, OrgName, PhoneHmac};
use serde::Serialize;

/// Who is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// An Okta user, in one org or in all.
    User {
        /// The org.
        org: Option<OrgName>,
        /// Okta's id of the user.
        okta_user_id: String,
    },
    /// Whoever has a number.
    Phone(PhoneHmac),
}

impl Person {
    /// By which the books know them again.
    pub(crate) fn mark(&self) -> ErasureMark {
        match self {
            Self::User { org, okta_user_id } => ErasureMark::user(org.as_ref(), okta_user_id),
            Self::Phone(hmac) => ErasureMark::phone(hmac.as_str()),
        }
    }

    pub(crate) fn org(&self) -> Option<&str> {
        match self {
            Self::User { org, .. } => org.as_ref().map(OrgName::as_str),
            Self::Phone(_) => None,
        }
    }

    pub(crate) fn okta_user_id(&self) -> Option<&str> {
        match self {
            Self::User { okta_user_id, .. } => Some(okta_user_id),
            Self::Phone(_) => None,
        }
    }

    pub(crate) fn hmac(&self) -> Option<&str> {
        match self {
            Self::User { .. } => None,
            Self::Phone(hmac) => Some(hmac.as_str()),
        }
    }
}

/// Rows that named a person, by table. They stay, without them; claims and quarantined bodies go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Of `otp_transactions`: user, pseudonym, sealed number.
    pub transactions: u64,
    /// Of `okta_events`: user.
    pub events: u64,
    /// Of `okta_send_events`: user.
    pub sends: u64,
    /// Of `feedback_reports`: pseudonym.
    pub reports: u64,
    /// Of `report_claims`.
    pub claims: u64,
}

impl Erased {
    pub(crate) fn add(&mut self, more: Self) {
        self.transactions += more.transactions;
        self.events += more.events;
        self.sends += more.sends;
        self.reports += more.reports;
        self.claims += more.claims;
    }
}

/// A body that nobody could read, for somebody who has the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedBody {
    /// Its id, and the place it is sealed to.
    pub id: uuid::Uuid,
    /// The org it came for.
    pub org: String,
    /// The body, sealed by the vault.
    pub sealed_body: String,
}
