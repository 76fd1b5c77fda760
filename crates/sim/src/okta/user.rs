//! Users and their factors.

use serde::{Deserialize, Serialize};

use crate::entropy;

/// The two ways a phone can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text message.
    Sms,
    /// Voice call.
    #[serde(alias = "call")]
    Voice,
}

impl Channel {
    /// `debugData.factor` of this channel's events.
    pub fn factor_name(self) -> &'static str {
        match self {
            Self::Sms => "SMS_FACTOR",
            Self::Voice => "CALL_FACTOR",
        }
    }

    /// `factorType` of this channel's factor.
    pub fn factor_type(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "call",
        }
    }
}

/// Why a code is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Sign-in.
    #[default]
    MfaVerification,
    /// Enrolling a phone.
    PreEnrollment,
    /// Self-service unlock.
    AccountUnlock,
    /// Self-service password reset.
    PasswordReset,
}

impl Purpose {
    /// The hook's `requestType`.
    pub fn request_type(self) -> &'static str {
        match self {
            Self::MfaVerification => "com.okta.user.telephony.mfa-verification",
            Self::PreEnrollment => "com.okta.user.telephony.pre-enrollment",
            Self::AccountUnlock => "com.okta.user.telephony.account-unlock",
            Self::PasswordReset => "com.okta.user.telephony.password-reset",
        }
    }

    /// `debugData.factorIntent` of the event that follows.
    pub(crate) fn factor_intent(self) -> &'static str {
        match self {
            Self::MfaVerification => "LOGIN",
            Self::PreEnrollment => "CREDENTIAL_ENROLLMENT",
            Self::AccountUnlock | Self::PasswordReset => "CREDENTIAL_RECOVERY",
        }
    }

    /// The path of the request that triggers the hook.
    pub(crate) fn request_path(self) -> &'static str {
        match self {
            Self::PreEnrollment => "/idp/idx/credential/enroll",
            _ => "/idp/idx/challenge",
        }
    }
}

/// A user of the simulated org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// `00u…`
    pub id: String,
    /// The sign-in name.
    pub login: String,
    /// First name.
    #[serde(default)]
    pub first_name: String,
    /// Last name.
    #[serde(default)]
    pub last_name: String,
    /// The profile's free-text `mobilePhone`; not necessarily the enrolled number.
    #[serde(default)]
    pub mobile_phone: Option<String>,
    /// What is enrolled.
    #[serde(default)]
    pub factors: Vec<Factor>,
}

impl User {
    /// A user without phone.
    pub fn new(id: &str, login: &str) -> Self {
        let first = login.split(['.', '@']).next().unwrap_or(login);
        let mut letters = first.chars();
        let first_name = letters.next().map(|letter| letter.to_uppercase().chain(letters).collect());
        Self {
            id: id.to_owned(),
            login: login.to_owned(),
            first_name: first_name.unwrap_or_default(),
            last_name: "Fake".to_owned(),
            mobile_phone: None,
            factors: Vec::new(),
        }
    }

    /// Enrols `phone` for SMS and for calls, and writes it into the profile.
    #[must_use]
    pub fn phone(self, phone: &str) -> Self {
        self.mobile_phone(phone).factor(Factor::sms(phone)).factor(Factor::call(phone))
    }

    /// Sets the profile's `mobilePhone`.
    #[must_use]
    pub fn mobile_phone(mut self, phone: &str) -> Self {
        self.mobile_phone = Some(phone.to_owned());
        self
    }

    /// Adds a factor.
    #[must_use]
    pub fn factor(mut self, factor: Factor) -> Self {
        self.factors.push(factor);
        self
    }

    /// The active factor of a type (`sms`, `call`, …).
    pub fn active_factor(&self, factor_type: &str) -> Option<&Factor> {
        self.factors.iter().find(|it| it.factor_type == factor_type && it.status == "ACTIVE")
    }

    pub(crate) fn display_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// Something a user is enrolled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// `sms…`, `clf…`, `mbl…`, …
    pub id: String,
    /// `sms`, `call`, `email`, `push`, …
    pub factor_type: String,
    /// `ACTIVE`, `PENDING_ACTIVATION`, …
    pub status: String,
    /// The number, as it was typed in: dashes and spaces occur.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// The extension of a call factor.
    #[serde(default)]
    pub phone_extension: Option<String>,
}

impl Factor {
    /// An active SMS factor.
    pub fn sms(phone: &str) -> Self {
        Self::new("sms", "sms", Some(phone))
    }

    /// An active call factor.
    pub fn call(phone: &str) -> Self {
        Self::new("clf", "call", Some(phone))
    }

    /// An active Okta Verify push factor.
    pub fn push() -> Self {
        Self::new("opf", "push", None)
    }

    /// The same with another status.
    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    fn new(prefix: &str, factor_type: &str, phone: Option<&str>) -> Self {
        Self {
            id: entropy::okta_id(prefix),
            factor_type: factor_type.to_owned(),
            status: "ACTIVE".to_owned(),
            phone_number: phone.map(str::to_owned),
            phone_extension: None,
        }
    }
}

/// `+` and digits: how the hook spells a number that was typed with dashes, spaces or parentheses.
pub(crate) fn dialable(phone: &str) -> String {
    phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}
