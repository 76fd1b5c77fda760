use serde_json::Value;

/// What Twilio says about a request it did not carry out.
///
/// Legacy `{code, message, more_info, status}`, or RFC 9457 problem JSON `{type, title, status, detail, code}`; anything else (a load
/// balancer's HTML) is an error without a code. The text itself goes no further than this type.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TwilioError {
    /// Twilio's error code.
    pub(crate) code: Option<u32>,
    /// The parameter it names as invalid, in lower case.
    pub(crate) parameter: Option<String>,
}

impl TwilioError {
    pub(crate) fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return Self::default() };
        let code = body.get("code").and_then(|code| match code {
            Value::String(digits) => digits.trim().parse().ok(),
            number => number.as_u64().and_then(|n| n.try_into().ok()),
        });
        let texts = ["message", "detail", "title"];
        let parameter = texts.iter().filter_map(|name| body.get(*name)?.as_str()).find_map(invalid_parameter);
        Self { code, parameter }
    }
}

/// The name in "Invalid parameter: To" (Twilio docs: error 60200), "Invalid parameter `To`: +1…" and "Invalid To …".
fn invalid_parameter(text: &str) -> Option<String> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    if !words.next()?.eq_ignore_ascii_case("invalid") {
        return None;
    }
    let word = words.next()?;
    let name = if word.eq_ignore_ascii_case("parameter") { words.next()? } else { word };
    (name.len() <= 64).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TwilioError;

    fn read(body: &str) -> (Option<u32>, Option<String>) {
        let error = TwilioError::read(body.as_bytes());
        (error.code, error.parameter)
    }

    #[test]
    fn every_shape_of_an_error_is_read() {
        let to = Some("to".to_owned());
        for (body, expected) in [
            (r#"{"code":60200,"message":"Invalid parameter: To","status":400}"#, (Some(60200), to.clone())),
            (r#"{"code":60200,"message":"Invalid parameter `To`: +1555"}"#, (Some(60200), to.clone())),
            (r#"{"code":60200,"message":"Invalid To phone number"}"#, (Some(60200), to.clone())),
            (
                r#"{"type":"https://…","title":"Bad","status":400,"detail":"Invalid parameter: To","code":60200}"#,
                (Some(60200), to),
            ),
            (r#"{"code":"60203","message":"Max send attempts reached"}"#, (Some(60203), None)),
            (r#"{"code":60200,"message":"Invalid parameter"}"#, (Some(60200), None)),
            (r#"{"code":-1,"message":5}"#, (None, None)),
            (r#"{"code":99999999999}"#, (None, None)),
            ("[]", (None, None)),
            ("<html>503</html>", (None, None)),
            ("", (None, None)),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }

    proptest! {
        #[test]
        fn c13_no_body_panics(body in prop::collection::vec(any::<u8>(), 0..300)) {
            TwilioError::read(&body);
        }

        #[test]
        fn c13_no_message_panics(message in ".{0,120}") {
            TwilioError::read(serde_json::json!({"code": 60200, "message": message}).to_string().as_bytes());
        }
    }
}
