//! Making sense of a body whose form nobody has told: number, channel and code.

use serde_json::Value;

use crate::code;
use crate::twilio::is_e164;

const NUMBERS: [&str; 10] = [
    "to",
    "phone",
    "phonenumber",
    "recipient",
    "destination",
    "msisdn",
    "mobile",
    "number",
    "address",
    "target",
];
/// Fields with a code in them, the likeliest first.
const CODES: [&str; 6] = ["code", "otp", "text", "message", "body", "content"];

/// What could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    /// In E.164.
    pub(crate) to: Option<String>,
    pub(crate) channel: &'static str,
    /// The code; empty if none could be found.
    pub(crate) code: String,
    pub(crate) text: String,
}

impl Fields {
    /// Reads JSON, or else a form.
    pub(crate) fn read(body: &str) -> Self {
        let mut pairs = Vec::new();
        match serde_json::from_str::<Value>(body) {
            Ok(document) => flatten("", &document, &mut pairs),
            Err(_) => pairs.extend(url::form_urlencoded::parse(body.as_bytes()).into_owned()),
        }
        let named = |wanted: &'static str| pairs.iter().filter(move |(name, _)| plain(name) == wanted);
        let by_name = NUMBERS.iter().flat_map(|name| named(name)).find_map(|(_, value)| number(value));
        let to = by_name
            .or_else(|| pairs.iter().find(|(_, value)| is_e164(value)).map(|(_, value)| value.clone()));
        let phone = to.clone().unwrap_or_default();
        let about = |part: &'static str| pairs.iter().filter(move |(name, _)| plain(name).contains(part));
        let found = CODES.iter().flat_map(|part| about(part)).find_map(|(_, value)| {
            let code = code::in_speech(value, &phone);
            (!code.is_empty()).then(|| (code, value.clone()))
        });
        let (code, text) = found.unwrap_or_else(|| (code::in_text(body, &phone), body.to_owned()));
        let spoken = about("channel").any(|(_, value)| {
            let value = value.to_ascii_lowercase();
            value.contains("voice") || value.contains("call")
        });
        Self { to, channel: if spoken { "call" } else { "sms" }, code, text }
    }
}

/// A field's name without case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

/// A phone number, with or without its `+`.
fn number(value: &str) -> Option<String> {
    let number = format!("+{}", value.trim_start_matches('+'));
    is_e164(&number).then_some(number)
}

/// All texts and numbers, each under the last name above it.
fn flatten(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(name, value, pairs)),
        Value::Array(items) => items.iter().for_each(|value| flatten(name, value, pairs)),
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Number(number) => pairs.push((name.to_owned(), number.to_string())),
        Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<String>, String) {
        let fields = Fields::read(body);
        (fields.to, fields.code)
    }

    #[test]
    fn bodies() {
        let ana = || Some("+12025550101".to_owned());
        assert_eq!(read(r#"{"to":"+12025550101","code":"123456"}"#), (ana(), "123456".to_owned()));
        assert_eq!(
            read(r#"{"messages":[{"to":"12025550101","text":"It is 4711."}]}"#),
            (ana(), "4711".to_owned())
        );
        assert_eq!(read("Phone_Number=%2B12025550101&Body=Code+123456"), (ana(), "123456".to_owned()));
        assert_eq!(
            read(r#"{"target":{"value":"+12025550101"},"secret":"998877"}"#),
            (ana(), "998877".to_owned())
        );
        assert_eq!(
            read(r#"{"country_code":"1","to":"+12025550101","text":"1, 2, 3, 4"}"#),
            (ana(), "1234".to_owned())
        );
        assert_eq!(read("hello"), (None, String::new()));
        assert_eq!(Fields::read(r#"{"channel":"VOICE"}"#).channel, "call");
    }
}
