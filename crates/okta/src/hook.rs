use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use otp::{Channel, Passcode, PasscodeError, Purpose};
use secrecy::SecretString;

use crate::json::{self, Json, NotJson};
use crate::{PhoneText, clean};

/// A telephony inline hook: Okta's wish that one code be sent. Shows neither code nor number nor text of the message.
///
/// Field names and values are those of Okta's telephony inline hook reference. Okta's specification requires no field at all; only
/// without `data.messageProfile` there is nothing to read.
pub struct TelephonyHook {
    /// `eventId`: one hook request. `None` where it is missing, longer than 255 bytes, or holds control characters.
    pub event_id: Option<String>,
    /// `eventTime`.
    pub event_time: Option<Timestamp>,
    /// `requestType`.
    pub purpose: Purpose,
    /// `data.userProfile.userId`.
    pub user_id: Option<String>,
    /// `data.messageProfile.phoneNumber`.
    pub phone: Option<PhoneText>,
    /// `data.messageProfile.otpExpires`; `None` also where it cannot be read.
    pub otp_expires: Option<Timestamp>,
    /// `data.messageProfile.deliveryChannel`.
    pub channel: ChannelReading,
    /// `data.messageProfile.otpCode`.
    pub passcode: Result<Passcode, PasscodeError>,
    /// `data.messageProfile.msgTemplate`: the finished message, code included. Okta leaves it out for some calls.
    pub msg_template: Option<SecretString>,
    /// `data.messageProfile.locale` with `-` between its parts, in Okta's case (`EN-US`, `en`).
    pub locale: Option<String>,
}

/// What a hook says about the way to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelReading {
    /// A spelling that was seen.
    Known(Channel),
    /// Something else, shortened: it must not be guessed.
    Unknown(String),
    /// Nothing.
    Missing,
}

impl ChannelReading {
    /// The channel, where it is known.
    pub fn known(&self) -> Option<Channel> {
        match self {
            Self::Known(channel) => Some(*channel),
            Self::Unknown(_) | Self::Missing => None,
        }
    }
}

/// Why a body is no telephony hook. Says where, never what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// The body is no JSON, or is nested more than 128 levels deep.
    #[error("the telephony hook is {0}")]
    NotJson(#[from] NotJson),
    /// The body is JSON, but no object.
    #[error("the telephony hook is no JSON object")]
    NotObject,
    /// `data.messageProfile` is missing.
    #[error("the telephony hook has no data.messageProfile")]
    NoMessageProfile,
}

impl TelephonyHook {
    /// Reads the body of a hook request.
    ///
    /// # Errors
    /// [`HookError`] where there is no message profile to read.
    pub fn parse(body: &[u8]) -> Result<Self, HookError> {
        let text = json::text(body);
        let hook = Json::parse(&text)?;
        if !hook.is_object() {
            return Err(HookError::NotObject);
        }
        let data = hook.get("data");
        let message = data.get("messageProfile");
        if !message.is_object() {
            return Err(HookError::NoMessageProfile);
        }
        let code = message.get("otpCode").text().unwrap_or_default();
        Ok(Self {
            event_id: identity(hook.get("eventId")),
            event_time: time(hook.get("eventTime")),
            purpose: hook.get("requestType").text().map_or(Purpose::Unknown, |t| Purpose::from_okta(&t)),
            user_id: identity(data.get("userProfile").get("userId")),
            phone: message.get("phoneNumber").text().and_then(|t| PhoneText::new(&t)),
            otp_expires: time(message.get("otpExpires")),
            channel: channel(message.get("deliveryChannel")),
            passcode: Passcode::new(code.trim().to_owned()),
            msg_template: message.get("msgTemplate").text().map(|t| SecretString::from(t.as_ref())),
            locale: message.get("locale").text().and_then(|t| locale(&t)),
        })
    }
}

fn identity(value: &Json<'_>) -> Option<String> {
    value.text().and_then(|t| clean::identity(t.trim()).map(str::to_owned))
}

/// Okta writes ISO 8601 in UTC with milliseconds; microseconds are what the books keep.
pub(crate) fn time(value: &Json<'_>) -> Option<Timestamp> {
    let text = value.text()?;
    let text = text.trim();
    // Without a zone it can only be UTC.
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let time: Timestamp = text.parse().ok().or_else(civil)?;
    Timestamp::from_microsecond(time.as_microsecond()).ok()
}

fn channel(value: &Json<'_>) -> ChannelReading {
    match value.text() {
        Some(text) if !text.trim().is_empty() => Channel::from_okta(&text).map_or_else(
            || ChannelReading::Unknown(clean::without_numbers(&text, 32)),
            ChannelReading::Known,
        ),
        _ => ChannelReading::Missing,
    }
}

/// Seen: `EN-US`, `en`, and `en_US` in profiles. 35 characters hold every language tag in use (RFC 5646 §4.4.1).
fn locale(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-");
    let fits = (1..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then_some(tag)
}

impl std::fmt::Debug for TelephonyHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TelephonyHook")
            .field("event_id", &self.event_id)
            .field("event_time", &self.event_time)
            .field("purpose", &self.purpose)
            .field("user_id", &self.user_id)
            .field("has_phone", &self.phone.is_some())
            .field("otp_expires", &self.otp_expires)
            .field("channel", &self.channel)
            .field("has_passcode", &self.passcode.is_ok())
            .field("has_msg_template", &self.msg_template.is_some())
            .field("locale", &self.locale)
            .finish()
    }
}
