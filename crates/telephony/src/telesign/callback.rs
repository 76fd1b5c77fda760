use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::Value;

use super::signature::is_signed;
use crate::{Callback, CallbackError, Receipt};

/// Reads what Telesign says of a message, once it is found to be Telesign's (Telesign docs: omnichannel delivery callbacks). The
/// signature covers no URL, so none is needed.
///
/// # Errors
/// [`CallbackError`] when it is not taken.
pub(crate) fn receipts(
    callback: &Callback<'_>,
    customer_id: &str,
    api_key: &SecretString,
) -> Result<Vec<Receipt>, CallbackError> {
    if !is_signed(customer_id, api_key, callback.headers, callback.body) {
        return Err(CallbackError::Unauthenticated);
    }
    receipt(callback.body).map(|receipt| vec![receipt]).ok_or(CallbackError::Unreadable)
}

fn receipt(body: &[u8]) -> Option<Receipt> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let status = body.get("status")?;
    let code = number(status.get("code")?)?;
    let word = word(code);
    let error = word.is_failure().then(|| channel_code(&body, status).unwrap_or(code));
    Some(Receipt {
        transaction: body.get("external_id").and_then(Value::as_str).and_then(|id| id.parse().ok()),
        provider_ref: Some(body.get("reference_id")?.as_str().filter(|id| is_reference(id))?.to_owned()),
        attempt_ref: None,
        status: word.text(code),
        error_code: error.map(|code| code.to_string()),
        reported_at: status.get("updated_on").and_then(Value::as_str).and_then(time),
    })
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Fine(&'static str),
    Failure(&'static str),
    Unknown,
}

/// Telesign's status codes (Telesign docs: omnichannel status codes).
fn word(code: i64) -> Word {
    match code {
        3000 => Word::Fine("delivered"),
        3001 => Word::Fine("in_progress"),
        3002 => Word::Fine("sent"),
        3003 => Word::Failure("failed"),
        3004 => Word::Fine("sent_no_receipt"),
        3005 => Word::Fine("read"),
        3040 => Word::Fine("queued"),
        // The time for this channel has passed; the next one is tried.
        3056 => Word::Fine("fallback"),
        3030..=3034 | 3037..=3039 | 3041..=3044 | 3046 | 3050..=3053 | 3072 => Word::Failure("undelivered"),
        _ => Word::Unknown,
    }
}

impl Word {
    fn is_failure(self) -> bool {
        matches!(self, Self::Failure(_))
    }

    fn text(self, code: i64) -> String {
        match self {
            Self::Fine(word) | Self::Failure(word) => word.to_owned(),
            Self::Unknown => format!("code_{code}"),
        }
    }
}

/// The code of the channel that was tried last, which says more than "failed".
fn channel_code(body: &Value, status: &Value) -> Option<i64> {
    let channels = body.get("channel_status")?.as_array()?;
    let last = status.get("last_channel").and_then(Value::as_str);
    let named = |name: &str| channels.iter().rev().find_map(|channel| channel.get(name));
    let any = || channels.last()?.as_object()?.values().next();
    number(last.and_then(named).or_else(any)?.get("code")?)
}

/// A code as a number or as a text of digits, of at most five.
fn number(value: &Value) -> Option<i64> {
    let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (0..100_000).contains(&number).then_some(number)
}

fn is_reference(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A time as RFC 3339 or as `2020-05-04 22:07:01:226`, which is UTC with milliseconds after a colon.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let colons = text.matches(':').count();
    let text = match text.rsplit_once(':') {
        Some((seconds, fraction)) if colons == 3 => format!("{seconds}.{fraction}"),
        _ => text.to_owned(),
    };
    let time: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::signature::tests::{CUSTOMER, KEY, sign};
    use super::{receipt, receipts, time};
    use crate::{Callback, CallbackError, Receipt};

    const REFERENCE: &str = "35C8B5D509BC10689196FED2AD551B8A";
    const DELIVERED: &str = include_str!("../../tests/samples/telesign-callback-delivered.json");
    const FAILED: &str = include_str!("../../tests/samples/telesign-callback-failed.json");

    fn posted(body: &str) -> Result<Vec<Receipt>, CallbackError> {
        let headers = sign(body);
        receipts(&Callback { url: None, headers: &headers, body: body.as_bytes() }, CUSTOMER, &KEY.into())
    }

    #[test]
    fn c21_a_status_is_read() {
        let delivered = Receipt {
            transaction: None,
            provider_ref: Some(REFERENCE.to_owned()),
            attempt_ref: None,
            status: "delivered".to_owned(),
            error_code: None,
            reported_at: "2026-11-20T20:00:06.226Z".parse().ok(),
        };
        assert_eq!(posted(DELIVERED), Ok(vec![delivered.clone()]));

        let id = "019a9f3e-7c00-7000-8000-000000000007";
        let ours = DELIVERED.replace("okta-evt-7f3c2a", id);
        assert_eq!(posted(&ours), Ok(vec![Receipt { transaction: id.parse().ok(), ..delivered.clone() }]));

        let failed = Receipt {
            status: "failed".to_owned(),
            error_code: Some("3041".to_owned()),
            reported_at: "2026-11-20T20:00:31.226Z".parse().ok(),
            ..delivered
        };
        assert_eq!(posted(FAILED), Ok(vec![failed]));
    }

    #[test]
    fn c21_every_code_has_its_word_and_only_failures_an_error() {
        for (code, word, error) in [
            (json!(3000), "delivered", None),
            (json!(3001), "in_progress", None),
            (json!("3002"), "sent", None),
            (json!(3003), "failed", Some("3050")),
            (json!(3004), "sent_no_receipt", None),
            (json!(3005), "read", None),
            (json!(3031), "undelivered", Some("3050")),
            (json!(3040), "queued", None),
            (json!(3051), "undelivered", Some("3050")),
            (json!(3056), "fallback", None),
            (json!(3999), "code_3999", None),
            (json!(0), "code_0", None),
        ] {
            let body = json!({"reference_id": "A1", "status": {"code": code, "last_channel": "sms"},
                "channel_status": [{"sms": {"code": 3041}}, {"viber": {"code": 3042}}, {"sms": {"code": 3050}}]});
            let read = receipt(body.to_string().as_bytes()).unwrap();
            assert_eq!((&*read.status, read.error_code.as_deref()), (word, error), "{code}");
        }
    }

    #[test]
    fn the_error_is_the_last_channels_or_the_messages_own() {
        for (channels, error) in [
            (json!([{"viber": {"code": 3042}}]), "3042"),
            (json!([]), "3003"),
            (json!(null), "3003"),
            (json!([{"sms": {}}]), "3003"),
            (json!([7, {}]), "3003"),
        ] {
            let body = json!({"reference_id": "A1", "status": {"code": 3003, "last_channel": "sms"},
                "channel_status": channels});
            let read = receipt(body.to_string().as_bytes()).unwrap();
            assert_eq!(read.error_code.as_deref(), Some(error), "{channels}");
        }
    }

    #[test]
    fn times_are_read_in_either_form() {
        for (text, expected) in [
            ("2020-05-04 22:07:01:226", Some("2020-05-04T22:07:01.226Z")),
            ("2020-05-04 22:07:01", Some("2020-05-04T22:07:01Z")),
            ("2020-05-04T22:07:01.226000Z", Some("2020-05-04T22:07:01.226Z")),
            ("2020-05-04T22:07:01+02:00", Some("2020-05-04T20:07:01Z")),
            ("2020-05-04T22:07:01.226", Some("2020-05-04T22:07:01.226Z")),
            ("yesterday", None),
            ("", None),
            (":::", None),
        ] {
            assert_eq!(time(text), expected.map(|t| t.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn c13_a_signed_body_that_makes_no_sense_is_unreadable() {
        let sample: Value = serde_json::from_str(DELIVERED).unwrap();
        let with = |name: &str, value: Value| {
            let mut body = sample.clone();
            body[name] = value;
            body.to_string()
        };
        for body in [
            "{".to_owned(),
            "[]".to_owned(),
            with("reference_id", json!(null)),
            with("reference_id", json!("../x")),
            with("reference_id", json!("A".repeat(65))),
            with("status", json!(3000)),
            with("status", json!({"code": null})),
            with("status", json!({"code": "many"})),
            with("status", json!({"code": 100_000})),
            with("status", json!({"code": -1})),
        ] {
            assert_eq!(posted(&body), Err(CallbackError::Unreadable), "{body}");
        }
    }

    #[test]
    fn an_unsigned_body_is_not_read() {
        let headers = HeaderMap::new();
        let callback = Callback { url: None, headers: &headers, body: DELIVERED.as_bytes() };
        assert_eq!(receipts(&callback, CUSTOMER, &KEY.into()), Err(CallbackError::Unauthenticated));
    }

    proptest! {
        #[test]
        fn c13_no_body_panics(body in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,60}") {
            receipt(&body);
            time(&text);
            let body = json!({"reference_id": text, "external_id": text, "status": {"code": 3003, "updated_on": text}});
            receipt(body.to_string().as_bytes());
        }
    }
}
