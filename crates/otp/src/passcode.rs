use zeroize::Zeroizing;

/// A one-time passcode on its way to a provider.
///
/// It cannot be printed, serialised, compared or cloned, and is wiped when dropped. Leading zeros count, so it is text.
pub struct Passcode(Zeroizing<String>);

/// Why a text is no passcode. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a passcode is 4 to 10 digits")]
pub struct PasscodeError;

impl Passcode {
    /// Takes a code of 4 to 10 ASCII digits (what Twilio Verify takes as `CustomCode`; Okta's are 5 or 6).
    ///
    /// # Errors
    /// [`PasscodeError`] for anything else.
    pub fn new(code: String) -> Result<Self, PasscodeError> {
        let code = Zeroizing::new(code);
        if !(4..=10).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PasscodeError);
        }
        Ok(Self(code))
    }

    /// The digits. Only the request to a provider may hold them.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Passcode;

    #[test]
    fn g13_only_four_to_ten_digits_are_a_passcode() {
        for good in ["0000", "11111", "019284", "0123456789"] {
            assert_eq!(Passcode::new(good.to_owned()).map(|p| p.expose().to_owned()), Ok(good.to_owned()));
        }
        for bad in ["", "123", "12345678901", "12a456", " 123456", "１２３４５６"] {
            assert!(Passcode::new(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
