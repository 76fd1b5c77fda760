use std::time::Duration;

use otp::{Channel, OrgName, Passcode, PhoneNumber, Purpose, TransactionId};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::{Speech, Wording};

/// Okta: a code is valid for five minutes unless the hook says otherwise.
const CODE_LIFE: Duration = Duration::from_secs(300);

/// A code on its way to a user. Never cloned: every provider borrows the one passcode, which is wiped with this.
pub struct Outgoing {
    /// The transaction it belongs to; also the tag the provider keeps, so that both sides' records can be joined.
    pub transaction: TransactionId,
    /// Whose user it is for; a route may depend on it.
    pub org: OrgName,
    /// That user, as the org names them.
    pub user: Option<String>,
    /// What the user is doing; a route may depend on it.
    pub purpose: Purpose,
    /// Whom it is for.
    pub to: PhoneNumber,
    /// The code.
    pub code: Passcode,
    /// How it is to reach the user.
    pub channel: Channel,
    /// The user's locale as it came (`EN-US`, `fr_CA`); every provider reads it in its own way.
    pub locale: Option<String>,
    /// The finished text of the message with the code in it, where Okta has one. Providers that word it themselves ignore it.
    pub template: Option<SecretString>,
    /// For how long the code will be valid, where Okta says so.
    pub valid_for: Option<Duration>,
}

impl Outgoing {
    /// What an SMS says, where the text is ours.
    pub(crate) fn text(&self, wording: &Wording) -> Zeroizing<String> {
        wording.text(self.template(), &self.code, self.locale.as_deref())
    }

    /// What a call says, where the speech is ours.
    pub(crate) fn speech(&self, wording: &Wording) -> Speech {
        wording.speech(self.template(), &self.code, self.locale.as_deref())
    }

    /// For how long it is worth delivering; Okta's default where it does not say.
    pub(crate) fn life(&self) -> Duration {
        self.valid_for.unwrap_or(CODE_LIFE)
    }

    fn template(&self) -> Option<&str> {
        self.template.as_ref().map(ExposeSecret::expose_secret)
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("transaction", &self.transaction)
            .field("org", &self.org)
            .field("purpose", &self.purpose)
            .field("to", &self.to)
            .field("channel", &self.channel)
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use otp::{Channel, OrgName, Passcode, PhoneNumber, Purpose, TransactionId};

    use super::Outgoing;

    #[test]
    fn a_message_prints_neither_code_nor_number() {
        let message = Outgoing {
            transaction: TransactionId::from(uuid::Uuid::from_u128(7)),
            org: OrgName::new("main").unwrap(),
            user: None,
            purpose: Purpose::MfaVerification,
            to: PhoneNumber::parse("+15555550101", None).unwrap(),
            code: Passcode::new("918273".to_owned()).unwrap(),
            channel: Channel::Sms,
            locale: None,
            template: Some("918273 is your code".into()),
            valid_for: None,
        };
        let shown = format!("{message:?}");
        assert!(!shown.contains("918273") && !shown.contains("5555550101"), "{shown}");
    }
}
