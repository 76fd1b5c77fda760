//! How a code travels.

use serde::{Deserialize, Serialize};

/// A value of Verify's `Channel`. `voice` is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifyChannel {
    /// Text message.
    Sms,
    /// Voice call.
    Call,
    /// WhatsApp message.
    Whatsapp,
    /// E-mail; not enabled on the simulated service.
    Email,
    /// Silent network authentication; not enabled on the simulated service.
    Sna,
    /// Twilio chooses; not enabled on the simulated service.
    Auto,
}

impl VerifyChannel {
    /// Reads the value of a form parameter.
    pub fn parse(value: &str) -> Option<Self> {
        Some(match value {
            "sms" => Self::Sms,
            "call" => Self::Call,
            "whatsapp" => Self::Whatsapp,
            "email" => Self::Email,
            "sna" => Self::Sna,
            "auto" => Self::Auto,
            _ => return None,
        })
    }

    /// The value as it stands in requests and at the top of answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Call => "call",
            Self::Whatsapp => "whatsapp",
            Self::Email => "email",
            Self::Sna => "sna",
            Self::Auto => "auto",
        }
    }

    /// The same inside `send_code_attempts`, where Twilio spells some channels in capitals.
    pub fn in_attempts(self) -> &'static str {
        match self {
            Self::Sms => "SMS",
            Self::Call => "CALL",
            Self::Email => "EMAIL",
            other => other.as_str(),
        }
    }
}
