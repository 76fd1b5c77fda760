use otp::{Channel, Passcode, PhoneNumber, TransactionId};

/// A code on its way to a user. Never cloned: every provider borrows the one passcode, which is wiped with this.
pub struct Outgoing {
    /// The transaction it belongs to; also the tag the provider keeps, so that both sides' records can be joined.
    pub transaction: TransactionId,
    /// Whom it is for.
    pub to: PhoneNumber,
    /// The code.
    pub code: Passcode,
    /// How it is to reach the user.
    pub channel: Channel,
    /// The user's locale as it came (`EN-US`, `fr_CA`); every provider reads it in its own way.
    pub locale: Option<String>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("transaction", &self.transaction)
            .field("to", &self.to)
            .field("channel", &self.channel)
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use otp::{Channel, Passcode, PhoneNumber, TransactionId};

    use super::Outgoing;

    #[test]
    fn a_message_prints_neither_code_nor_number() {
        let message = Outgoing {
            transaction: TransactionId::from(uuid::Uuid::from_u128(7)),
            to: PhoneNumber::parse("+15555550101", None).unwrap(),
            code: Passcode::new("918273".to_owned()).unwrap(),
            channel: Channel::Sms,
            locale: None,
        };
        let shown = format!("{message:?}");
        assert!(!shown.contains("918273") && !shown.contains("5555550101"), "{shown}");
    }
}
