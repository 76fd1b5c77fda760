//! What can be set about the simulated Verify service.

use std::collections::HashSet;
use std::time::Duration;

use crate::twilio::channel::VerifyChannel;

/// Which code a resend delivers when it carries a different `CustomCode`; Twilio documents neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResendDelivers {
    /// The code of the resend.
    #[default]
    NewCode,
    /// The code the verification was started with, until it ends.
    OldCode,
}

/// The simulated Verify service's settings; change them with [`TwilioVerify::configure`](crate::TwilioVerify::configure).
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// How long a verification stays pending, counted from its first send.
    pub window: Duration,
    /// Sends per verification; one more is refused with 60203.
    pub max_sends: usize,
    /// Wrong checks per verification; one more is refused with 60202.
    pub max_checks: u32,
    /// Refuse a start with 60212 while another one for the same number is in progress.
    pub concurrency_check: bool,
    /// Which code a resend delivers.
    pub resend_delivers: ResendDelivers,
    /// Whether the service accepts `CustomCode` (60204 if not).
    pub custom_code_enabled: bool,
    /// Whether answers carry the carrier in `lookup`.
    pub lookup_enabled: bool,
    /// Channels that are off for the service (60223).
    pub disabled_channels: HashSet<VerifyChannel>,
    /// Accepted values of `Locale`; others are 404.
    pub locales: HashSet<String>,
    /// The name in the messages.
    pub friendly_name: String,
    /// Digits of a code that Verify makes itself.
    pub code_length: u32,
    /// Where the event stream is posted; nowhere if not set.
    pub event_sink: Option<String>,
}

impl Default for TwilioSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(600),
            max_sends: 5,
            max_checks: 5,
            concurrency_check: false,
            resend_delivers: ResendDelivers::default(),
            custom_code_enabled: true,
            lookup_enabled: false,
            disabled_channels: [VerifyChannel::Email, VerifyChannel::Sna, VerifyChannel::Auto].into(),
            locales: LOCALES.iter().map(|&locale| locale.to_owned()).collect(),
            friendly_name: "Example".to_owned(),
            code_length: 6,
            event_sink: None,
        }
    }
}

const LOCALES: [&str; 43] = [
    "af", "ar", "ca", "cs", "da", "de", "el", "en", "en-GB", "es", "et", "fi", "fr", "he", "hi", "hr", "hu",
    "id", "it", "ja", "kn", "ko", "lt", "mr", "ms", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sv",
    "te", "th", "tl", "tr", "uk", "vi", "zh", "zh-CN", "zh-HK",
];
