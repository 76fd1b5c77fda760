use otp::{Country, PhoneError, PhoneNumber};
use secrecy::{ExposeSecret as _, SecretString};

/// A phone number as Okta wrote it: E.164 in live hooks, anything in a profile. Does not print itself, and what may be done with
/// it is to read it as a number.
#[derive(Debug, Clone)]
pub struct PhoneText(SecretString);

impl PhoneText {
    /// Nothing where there is nothing to read.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.into()))
    }

    /// The number; `default_country` says how to read one without a country code.
    ///
    /// # Errors
    /// [`PhoneError`] where it is none.
    pub fn read(&self, default_country: Option<&Country>) -> Result<PhoneNumber, PhoneError> {
        PhoneNumber::parse(self.0.expose_secret(), default_country)
    }
}
