//! The JSON of `POST /v1/omnichannel`, read as strictly as Telesign documents it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::header;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::code;
use crate::handset::spoken_message;
use crate::telesign::error::TelesignError;
use crate::telesign::journal::TelesignProduct;
use crate::telesign::settings::TelesignSettings;
use crate::vendor::Arrival;

pub(crate) const MESSAGE_TYPES: [&str; 3] = ["OTP", "ARN", "MKT"];
const LIFECYCLE_EVENTS: [&str; 5] = ["create", "sign-in", "transact", "update", "delete"];
const CHANNELS: [&str; 7] = ["sms", "voice", "rcs", "whatsapp", "mms", "viber", "email"];
const LONGEST_PAYLOAD: usize = 10 * 1024;

/// What a request asks for, whichever product it came to.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) product: TelesignProduct,
    /// As Telesign calls it.
    pub(crate) channel: &'static str,
    /// Digits only.
    pub(crate) phone: String,
    /// The text, or what the call says.
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) external_id: Option<String>,
    pub(crate) callback_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    channels: Vec<ChannelChoice>,
    #[serde(default)]
    recipient: Option<Recipient>,
    #[serde(default)]
    phone_number: Option<String>,
    message: BTreeMap<String, Template>,
    message_type: String,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    callback_url: Option<String>,
    #[serde(default)]
    account_lifecycle_event: Option<String>,
    #[serde(default, rename = "sender_id")]
    _sender_id: Option<String>,
    #[serde(default)]
    originating_ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelChoice {
    channel: String,
    #[serde(default)]
    fallback_time: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipient {
    phone_number: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    template: String,
    parameters: BTreeMap<String, Value>,
}

/// The number of a request that may not even be well-formed: for faults by number.
pub(crate) fn number_of(body: &[u8]) -> Option<(String, &'static str)> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let phone =
        document["recipient"]["phone_number"].as_str().or_else(|| document["phone_number"].as_str())?;
    let voice = document["channels"][0]["channel"] == "voice";
    Some((phone.to_owned(), if voice { "call" } else { "sms" }))
}

/// Reads and checks the request. Of several channels only the first is simulated.
pub(crate) fn read(arrival: &Arrival, settings: &TelesignSettings) -> Result<Wanted, TelesignError> {
    if arrival.body.len() > LONGEST_PAYLOAD {
        return Err(TelesignError::new(3116));
    }
    if !settings.omnichannel_enabled {
        return Err(TelesignError::new(3206));
    }
    let essence =
        arrival.header(&header::CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
    let invalid = || TelesignError::new(3110);
    if !essence.is_some_and(|it| it.eq_ignore_ascii_case("application/json")) {
        return Err(invalid());
    }
    let it: Document = serde_json::from_slice(&arrival.body).map_err(|_| invalid())?;
    let phone = it.recipient.as_ref().map(|to| &to.phone_number).or(it.phone_number.as_ref());
    let phone = phone.ok_or_else(|| TelesignError::new(3302))?;
    if !is_phone(phone) {
        return Err(TelesignError::saying(
            3101,
            format!("Invalid value for parameter phone_number: {phone}"),
        ));
    }
    let known = it.channels.iter().all(|choice| {
        CHANNELS.contains(&choice.channel.as_str())
            && choice.fallback_time.is_none_or(|seconds| (30..=3600).contains(&seconds))
    });
    let context = [&it.external_id, &it.account_lifecycle_event, &it.originating_ip, &it.callback_url]
        .map(Option::as_deref);
    if !known || !MESSAGE_TYPES.contains(&it.message_type.as_str()) || check_context(context).is_err() {
        return Err(invalid());
    }
    if it.callback_url.is_some() && !settings.callback_url_allowed {
        return Err(TelesignError::new(3203));
    }
    let names: Vec<&str> = it.channels.iter().map(|choice| choice.channel.as_str()).collect();
    let addressed = |name: &str| name == "default" || names.contains(&name);
    if !it.message.keys().all(|name| addressed(name)) {
        return Err(invalid());
    }
    if let Some(name) = names.iter().find(|name| !settings.channels.contains(**name)) {
        return Err(TelesignError::saying(3200, format!("{name} channel is not enabled for customer")));
    }
    let channel = names.first().and_then(|first| CHANNELS.into_iter().find(|known| known == first));
    let channel = channel.ok_or_else(invalid)?;
    let template = it.message.get(channel).or_else(|| it.message.get("default")).ok_or_else(invalid)?;
    let (text, code) =
        if channel == "voice" { spoken(template) } else { written(template, phone) }.ok_or_else(invalid)?;
    Ok(Wanted {
        product: TelesignProduct::Omnichannel,
        channel,
        phone: phone.clone(),
        text,
        code,
        external_id: it.external_id,
        callback_url: it.callback_url,
    })
}

/// `{"template": "text", "parameters": {"text": …}}`
fn written(it: &Template, phone: &str) -> Option<(String, String)> {
    let text = it.parameters.get("text")?.as_str().filter(|text| !text.is_empty())?;
    let whole = it.template == "text" && it.parameters.len() == 1;
    whole.then(|| (text.to_owned(), code::in_text(text, phone)))
}

/// `{"template": "otp_voice", "parameters": {"otp_code": …, "language": …}}`
fn spoken(it: &Template) -> Option<(String, String)> {
    let code = it.parameters.get("otp_code")?.as_str()?;
    let language = it.parameters.get("language")?.as_str()?;
    let digits = (1..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    let whole = it.template == "otp_voice" && it.parameters.len() == 2 && digits && !language.is_empty();
    whole.then(|| (spoken_message("Example", code), code.to_owned()))
}

/// Country code and number: digits only, no `+`.
pub(crate) fn is_phone(number: &str) -> bool {
    (7..=15).contains(&number.len()) && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit())
}

/// Checks external id, lifecycle event, address of origin and callback, or names the first that is wrong.
pub(crate) fn check_context(
    [external_id, event, origin, callback]: [Option<&str>; 4],
) -> Result<(), &'static str> {
    let checks = [
        ("external_id", external_id.is_none_or(|it| it.len() <= 100 && it.is_ascii())),
        ("account_lifecycle_event", event.is_none_or(|it| LIFECYCLE_EVENTS.contains(&it))),
        ("originating_ip", origin.is_none_or(|it| it.parse::<IpAddr>().is_ok())),
        ("callback_url", callback.is_none_or(|it| Url::parse(it).is_ok())),
    ];
    checks.iter().find(|(_, fits)| !fits).map_or(Ok(()), |(name, _)| Err(*name))
}
