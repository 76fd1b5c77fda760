use serde::{Deserialize, Serialize};

/// How a code reaches the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A text message.
    Sms,
    /// A phone call that speaks the code.
    Voice,
}

impl Channel {
    /// The word used in the books and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
        }
    }

    /// Reads Okta's `deliveryChannel` in every spelling that was seen (`SMS`, `Voice`, `voice call`, `CALL`, any case).
    /// What is none of them is `None`: a channel is never guessed.
    pub fn from_okta(spelling: &str) -> Option<Self> {
        match spelling.trim().to_ascii_lowercase().replace(['_', '-'], " ").as_str() {
            "sms" => Some(Self::Sms),
            "voice" | "call" | "voice call" => Some(Self::Voice),
            _ => None,
        }
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Channel {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "sms" => Ok(Self::Sms),
            "voice" => Ok(Self::Voice),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Channel;

    #[test]
    fn g14_every_spelling_of_okta_is_read_and_nothing_is_guessed() {
        for spelling in ["SMS", "sms", " Sms "] {
            assert_eq!(Channel::from_okta(spelling), Some(Channel::Sms), "{spelling}");
        }
        for spelling in ["Voice", "voice call", "VOICE CALL", "CALL", "voice_call"] {
            assert_eq!(Channel::from_okta(spelling), Some(Channel::Voice), "{spelling}");
        }
        for spelling in ["", "whatsapp", "email", "sms voice", "recall"] {
            assert_eq!(Channel::from_okta(spelling), None, "{spelling}");
        }
    }
}
