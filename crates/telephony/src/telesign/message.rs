use otp::{Channel, Passcode, Purpose};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Telesign;
use super::api::Body;
use crate::{Outgoing, SmsLength, observe, wire};

/// The longest `template` that SMS Verify takes.
const MOST_TEMPLATE: usize = 160;
/// Where SMS Verify puts the code into it.
const CODE_PLACE: &str = "$$CODE$$";
/// The longest code that SMS Verify takes.
const MOST_CODE: usize = 7;

/// `POST /v1/omnichannel`.
#[derive(Serialize)]
struct Omnichannel<'a> {
    channels: [Way; 1],
    recipient: Recipient<'a>,
    message: Content<'a>,
    message_type: &'static str,
    external_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_lifecycle_event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Way {
    channel: &'static str,
}

#[derive(Serialize)]
struct Recipient<'a> {
    phone_number: &'a str,
}

/// One message for its channel.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Content<'a> {
    Sms(Template<Text<'a>>),
    Voice(Template<Spoken<'a>>),
}

#[derive(Serialize)]
struct Template<P> {
    template: &'static str,
    parameters: P,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Spoken<'a> {
    otp_code: &'a str,
    language: String,
}

impl Telesign {
    /// `POST /v1/omnichannel`: our text by SMS, or Telesign's own words by voice.
    pub(super) fn omnichannel(&self, message: &Outgoing) -> Body {
        let text;
        let (channel, content) = match message.channel {
            Channel::Sms => {
                text = message.text(&self.wording);
                observe::worded(&self.name, SmsLength::of(&text));
                ("sms", Content::Sms(Template { template: "text", parameters: Text { text: &text } }))
            }
            Channel::Voice => {
                let spoken = Spoken { otp_code: message.code.expose(), language: language(message) };
                ("voice", Content::Voice(Template { template: "otp_voice", parameters: spoken }))
            }
        };
        let request = Omnichannel {
            channels: [Way { channel }],
            recipient: Recipient { phone_number: digits(message) },
            message: content,
            message_type: "OTP",
            external_id: message.transaction.to_string(),
            account_lifecycle_event: lifecycle(message.purpose),
            sender_id: self.sender_id.as_deref(),
            callback_url: self.callback_url.as_deref(),
        };
        // Enough room for every message, so that it is not copied to grow: a code is in it.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        // Plain data under fixed names: there is nothing in it that serde could refuse.
        let _ = serde_json::to_writer(&mut *bytes, &request);
        Body::Json(bytes)
    }

    /// `POST /v1/messaging`: our text, by SMS.
    pub(super) fn messaging(&self, message: &Outgoing) -> Body {
        let text = message.text(&self.wording);
        observe::worded(&self.name, SmsLength::of(&text));
        let id = message.transaction.to_string();
        let mut fields = vec![
            ("phone_number", digits(message)),
            ("message", text.as_str()),
            ("message_type", "OTP"),
            ("external_id", &id),
        ];
        fields.extend(self.sender_and_callback());
        Body::Form(wire::form(&fields))
    }

    /// `POST /v1/verify/sms`: our code in our text; `None` where the code is too long for it.
    pub(super) fn sms_verify(&self, message: &Outgoing) -> Option<Body> {
        let code = message.code.expose();
        if code.len() > MOST_CODE {
            return None;
        }
        let template = self.template(message, &message.code);
        let language = message.locale.is_some().then(|| language(message));
        let mut fields = vec![("phone_number", digits(message)), ("verify_code", code)];
        fields.extend(template.as_deref().map(|template| ("template", template)));
        fields.extend(language.as_deref().map(|language| ("language", language)));
        if message.purpose == Purpose::PasswordReset {
            fields.push(("ucid", "PWRT"));
        }
        fields.extend(self.sender_and_callback());
        Some(Body::Form(wire::form(&fields)))
    }

    /// Our text with Telesign's mark in the code's place; `None` where it is too long, and Telesign's own text must do.
    fn template(&self, message: &Outgoing, code: &Passcode) -> Option<String> {
        let short = |text: &str| text.replace(code.expose(), CODE_PLACE);
        let fits = |template: &String| template.chars().count() <= MOST_TEMPLATE;
        let own = || self.wording.text(None, code, message.locale.as_deref());
        Some(short(&message.text(&self.wording))).filter(fits).or_else(|| Some(short(&own())).filter(fits))
    }

    fn sender_and_callback(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let sender = self.sender_id.as_deref().map(|id| ("sender_id", id));
        sender.into_iter().chain(self.callback_url.as_deref().map(|url| ("callback_url", url)))
    }
}

/// Telesign takes numbers without their `+`.
fn digits(message: &Outgoing) -> &str {
    message.to.expose_e164().trim_start_matches('+')
}

/// The user's locale as `en-US`; Okta writes `EN-US`.
fn language(message: &Outgoing) -> String {
    let locale = message.locale.as_deref().unwrap_or("en-US").trim().replace('_', "-");
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    parts.fold(language, |whole, part| {
        let part = match part.len() {
            2 => part.to_ascii_uppercase(),
            _ => part.to_owned(),
        };
        format!("{whole}-{part}")
    })
}

/// What the user is doing, in Telesign's words.
fn lifecycle(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::MfaVerification => Some("sign-in"),
        Purpose::PreEnrollment | Purpose::AccountUnlock | Purpose::PasswordReset => Some("update"),
        Purpose::Unknown => None,
    }
}
