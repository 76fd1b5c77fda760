//! The form that starts a verification, read as strictly as Twilio documents it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::twilio::call::Call;
use crate::twilio::channel::VerifyChannel;
use crate::twilio::error::TwilioError;
use crate::twilio::settings::TwilioSettings;

const PARAMETERS: [&str; 20] = [
    "To",
    "Channel",
    "CustomCode",
    "Locale",
    "CustomFriendlyName",
    "CustomMessage",
    "SendDigits",
    "RateLimits",
    "RiskCheck",
    "Tags",
    "TemplateSid",
    "TemplateCustomSubstitutions",
    "Templates",
    "DeviceIp",
    "ChannelConfiguration",
    "AppHash",
    "Amount",
    "Payee",
    "EnableSnaClientToken",
    "Risk.TelemetryId",
];

/// What a start asks for.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) to: String,
    pub(crate) channel: VerifyChannel,
    pub(crate) custom_code: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Start {
    /// Reads and checks the form. `resource` names the collection in a 404.
    pub(crate) fn read(call: &Call, settings: &TwilioSettings, resource: &str) -> Result<Self, TwilioError> {
        let form = call.form(&PARAMETERS)?;
        let to = form.required("To")?;
        if !is_e164(to) {
            return Err(TwilioError::invalid("To"));
        }
        let channel =
            VerifyChannel::parse(form.required("Channel")?).ok_or_else(|| TwilioError::invalid("Channel"))?;
        if settings.disabled_channels.contains(&channel) {
            return Err(TwilioError::channel_disabled(channel.in_attempts()));
        }
        let custom_code = form.get("CustomCode");
        if custom_code.is_some_and(|code| !(4..=10).contains(&code.chars().count())) {
            return Err(TwilioError::invalid("CustomCode"));
        }
        let tags = read_tags(form.get("Tags"))?;
        object_if_given(form.get("RateLimits"), "RateLimits")?;
        if form.get("RiskCheck").is_some_and(|value| !matches!(value, "enable" | "disable")) {
            return Err(TwilioError::invalid("RiskCheck"));
        }
        if form.get("CustomFriendlyName").is_some() {
            return Err(TwilioError::new(60204)); // needs Twilio's Sales to enable it
        }
        if custom_code.is_some() && !settings.custom_code_enabled {
            return Err(TwilioError::new(60204));
        }
        let locale = form.get("Locale");
        if locale.is_some_and(|locale| !settings.locales.contains(&locale.replace('_', "-"))) {
            return Err(TwilioError::not_found(resource));
        }
        Ok(Self {
            to: to.to_owned(),
            channel,
            custom_code: custom_code.map(str::to_owned),
            locale: locale.map(str::to_owned),
            tags,
        })
    }
}

/// `+` and 7 to 15 digits, the first not 0.
pub(crate) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn object_if_given(value: Option<&str>, parameter: &str) -> Result<(), TwilioError> {
    match value.map(serde_json::from_str::<Value>) {
        None | Some(Ok(Value::Object(_))) => Ok(()),
        Some(_) => Err(TwilioError::invalid(parameter)),
    }
}

fn read_tags(value: Option<&str>) -> Result<BTreeMap<String, String>, TwilioError> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    let tags: BTreeMap<String, String> =
        serde_json::from_str(value).map_err(|_| TwilioError::invalid("Tags"))?;
    let short = |text: &str| text.chars().count() <= 128;
    if tags.len() > 10 || !tags.iter().all(|(key, value)| short(key) && short(value)) {
        return Err(TwilioError::invalid("Tags"));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert!(is_e164("+12025550101"));
        for wrong in ["12025550101", "+02025550101", "+1-202-555-0101", "+123", "+1202555010112345", "", "+"]
        {
            assert!(!is_e164(wrong), "{wrong}");
        }
    }

    #[test]
    fn tags() {
        assert_eq!(read_tags(None).unwrap().len(), 0);
        assert_eq!(read_tags(Some(r#"{"id":"7"}"#)).unwrap()["id"], "7");
        let eleven: BTreeMap<String, &str> = (0..11).map(|n| (n.to_string(), "x")).collect();
        let eleven = serde_json::to_string(&eleven).unwrap();
        let long = format!(r#"{{"k":"{}"}}"#, "x".repeat(129));
        for wrong in ["7", "[]", r#"{"k":7}"#, "{", eleven.as_str(), long.as_str()] {
            assert_eq!(read_tags(Some(wrong)), Err(TwilioError::invalid("Tags")), "{wrong}");
        }
    }
}
