use jiff::fmt::rfc2822;
use otp::TransactionId;
use secrecy::SecretString;
use serde_json::Value;
use url::form_urlencoded;

use super::sid::is_sid;
use super::signature::{is_hashed, is_signed};
use crate::{Callback, CallbackError, Receipt};

/// The parameter of a status callback's URL that names the transaction: Twilio repeats nothing else we could set.
pub(crate) const TRANSACTION: &str = "transaction";

/// Verify's events about a message; what follows is the status.
const MESSAGE_EVENT: &str = "com.twilio.accountsecurity.verify.message.";

/// Reads what Twilio says of messages, calls and verifications, once it is found to be Twilio's.
///
/// # Errors
/// [`CallbackError`] when it is not taken.
pub(crate) fn receipts(
    callback: &Callback<'_>,
    auth_token: Option<&SecretString>,
) -> Result<Vec<Receipt>, CallbackError> {
    let url = callback.url.ok_or(CallbackError::Unchecked("server.public_url"))?;
    let auth_token = auth_token.ok_or(CallbackError::Unchecked("auth_token"))?;
    if !is_signed(auth_token, url, callback.headers, callback.body) {
        return Err(CallbackError::Unauthenticated);
    }
    // Read as it was signed: nothing is signed as one thing and read as another.
    if is_hashed(url) {
        events(callback.body)
    } else {
        status(url, callback.body).map(|receipt| vec![receipt]).ok_or(CallbackError::Unreadable)
    }
}

/// A status callback of Messages or Calls: a form (Twilio docs: message and call resources).
fn status(url: &str, body: &[u8]) -> Option<Receipt> {
    let form: Vec<_> = form_urlencoded::parse(body).collect();
    let find = |name: &str| form.iter().find(|(own, _)| own == name).map(|(_, value)| &**value);
    let (provider_ref, status, at) = match find("CallSid") {
        Some(sid) => (sid_of(&["CA"], sid)?, find("CallStatus")?, find("Timestamp")),
        None => {
            let sid = find("MessageSid").or_else(|| find("SmsSid"))?;
            (sid_of(&["SM", "MM"], sid)?, find("MessageStatus").or_else(|| find("SmsStatus"))?, None)
        }
    };
    Some(Receipt {
        transaction: transaction(url),
        provider_ref: Some(provider_ref),
        attempt_ref: None,
        status: word(status)?,
        error_code: find("ErrorCode").and_then(error_code),
        reported_at: at.and_then(|at| rfc2822::parse(at).ok()).map(|at| at.timestamp()),
    })
}

/// The transaction in the URL we gave with the message.
fn transaction(url: &str) -> Option<TransactionId> {
    let (_, query) = url.split_once('?')?;
    let mut all = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == TRANSACTION);
    match (all.next(), all.next()) {
        (Some((_, id)), None) => id.parse().ok(),
        _ => None,
    }
}

/// What Event Streams posts: an array of CloudEvents, of which Verify's about a message are receipts. One of those that cannot be read
/// costs the others nothing, as long as there are others.
fn events(body: &[u8]) -> Result<Vec<Receipt>, CallbackError> {
    let events = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events,
        Ok(event @ Value::Object(_)) => vec![event],
        _ => return Err(CallbackError::Unreadable),
    };
    let is_ours = |event: &&Value| {
        event.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with(MESSAGE_EVENT))
    };
    let read: Vec<_> = events.iter().filter(is_ours).map(event).collect();
    let unreadable = read.iter().filter(|receipt| receipt.is_none()).count();
    if unreadable > 0 {
        if unreadable == read.len() {
            return Err(CallbackError::Unreadable);
        }
        tracing::warn!(
            unreadable,
            of = read.len(),
            "some delivery events of Twilio Verify could not be read"
        );
    }
    Ok(read.into_iter().flatten().collect())
}

/// One of Verify's events about a message (Twilio docs: Verify events).
fn event(event: &Value) -> Option<Receipt> {
    let data = event.get("data")?;
    let find = |name: &str| data.get(name).and_then(Value::as_str);
    let at = find("created_at").or_else(|| event.get("time")?.as_str());
    let tags = match data.get("tags") {
        // As tags are given: JSON in a text.
        Some(Value::String(tags)) => serde_json::from_str(tags).unwrap_or_default(),
        Some(tags) => tags.clone(),
        None => Value::Null,
    };
    Some(Receipt {
        transaction: tags.get(TRANSACTION).and_then(Value::as_str).and_then(|id| id.parse().ok()),
        provider_ref: Some(sid_of(&["VE"], find("verification_sid")?)?),
        attempt_ref: find("attempt_sid").and_then(|sid| sid_of(&["VL"], sid)),
        status: word(find("message_status")?)?,
        error_code: data.get("error_code").and_then(|code| match code {
            Value::Number(code) => error_code(&code.to_string()),
            code => error_code(code.as_str()?),
        }),
        reported_at: at.and_then(|at| at.parse().ok()),
    })
}

fn sid_of(kinds: &[&str], text: &str) -> Option<String> {
    kinds.iter().any(|kind| is_sid(kind, text)).then(|| text.to_owned())
}

/// A status: one short word.
fn word(text: &str) -> Option<String> {
    let fine = |b: u8| b.is_ascii_alphabetic() || b == b'-' || b == b'_';
    ((1..=32).contains(&text.len()) && text.bytes().all(fine)).then(|| text.to_ascii_lowercase())
}

/// A code of what went wrong, which Twilio also writes where nothing did.
fn error_code(text: &str) -> Option<String> {
    let is_code = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    (is_code && text.bytes().any(|b| b != b'0')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use http::HeaderMap;
    use proptest::prelude::*;
    use secrecy::SecretString;
    use serde_json::{Value, json};
    use url::form_urlencoded::Serializer;

    use super::super::signature::tests::{TOKEN, sign};
    use super::{events, receipts, status};
    use crate::{Callback, CallbackError, Receipt};

    const ID: &str = "019a9f3e-7c00-7000-8000-000000000007";
    const SM: &str = "SMa7b6c5d4e3f2019f8e7d6c5b4a392817";
    const CA: &str = "CA6f5e4d3c2b1a09f8e7d6c5b4a3928170";
    const VE: &str = "VE8e1d2c3b4a5968778695a4b3c2d1e0f9";
    const VL: &str = "VL1a2b3c4d5e6f708192a3b4c5d6e7f809";
    const MESSAGE: &str = include_str!("../../tests/samples/message-status-callback.json");
    const UNDELIVERED: &str = include_str!("../../tests/samples/message-status-callback-undelivered.json");
    const CALL: &str = include_str!("../../tests/samples/call-status-callback.json");
    const EVENTS: &str = include_str!("../../tests/samples/event-streams-message-delivered.json");

    fn url() -> String {
        format!("https://byot.example.com/receipts/sms?transaction={ID}")
    }

    fn form(sample: &str) -> Vec<(String, String)> {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let pairs = sample.as_object().unwrap().iter();
        pairs.map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned())).collect()
    }

    /// A form as Twilio sends it, signed by hand.
    fn posted(url: &str, mut pairs: Vec<(String, String)>) -> Result<Vec<Receipt>, CallbackError> {
        let body = Serializer::new(String::new()).extend_pairs(&pairs).finish();
        pairs.sort();
        let signed: String = pairs.iter().flat_map(|(n, v)| [&**n, v]).collect();
        let headers = sign(&format!("{url}{signed}"));
        receipts(
            &Callback { url: Some(url), headers: &headers, body: body.as_bytes() },
            Some(&SecretString::from(TOKEN)),
        )
    }

    fn streamed(body: &str) -> Result<Vec<Receipt>, CallbackError> {
        let hash = hex::encode(digest(&SHA256, body.as_bytes()));
        let url = format!("https://byot.example.com/receipts/verify?bodySHA256={hash}");
        let headers = sign(&url);
        receipts(
            &Callback { url: Some(&url), headers: &headers, body: body.as_bytes() },
            Some(&SecretString::from(TOKEN)),
        )
    }

    #[test]
    fn c21_a_messages_status_is_read() {
        let expected = Receipt {
            transaction: ID.parse().ok(),
            provider_ref: Some(SM.to_owned()),
            attempt_ref: None,
            status: "delivered".to_owned(),
            error_code: None,
            reported_at: None,
        };
        assert_eq!(posted(&url(), form(MESSAGE)), Ok(vec![expected.clone()]));
        let failed = Receipt {
            status: "undelivered".to_owned(),
            error_code: Some("30003".to_owned()),
            transaction: None,
            ..expected
        };
        assert_eq!(posted("https://byot.example.com/receipts/sms", form(UNDELIVERED)), Ok(vec![failed]));
    }

    #[test]
    fn c21_a_calls_status_is_read_and_its_sip_code_is_no_error() {
        let mut pairs = form(CALL);
        let expected = Receipt {
            transaction: ID.parse().ok(),
            provider_ref: Some(CA.to_owned()),
            attempt_ref: None,
            status: "completed".to_owned(),
            error_code: None,
            reported_at: "2026-11-20T20:01:05Z".parse().ok(),
        };
        assert_eq!(posted(&url(), pairs.clone()), Ok(vec![expected.clone()]));
        pairs.push(("ErrorCode".to_owned(), "13224".to_owned()));
        let failed = Receipt { error_code: Some("13224".to_owned()), ..expected };
        assert_eq!(posted(&url(), pairs), Ok(vec![failed]));
    }

    #[test]
    fn c21_verifys_events_are_read() {
        let mut sample: Value = serde_json::from_str(EVENTS).unwrap();
        let expected = Receipt {
            transaction: None,
            provider_ref: Some(VE.to_owned()),
            attempt_ref: Some(VL.to_owned()),
            status: "delivered".to_owned(),
            error_code: None,
            reported_at: "2026-11-20T20:00:04Z".parse().ok(),
        };
        assert_eq!(streamed(EVENTS), Ok(vec![expected.clone()]));
        assert_eq!(streamed(&sample[0].to_string()), Ok(vec![expected.clone()]));

        let data = &mut sample[0]["data"];
        data["error_code"] = json!("30003");
        data["message_status"] = json!("UNDELIVERED");
        data["tags"] = json!({"transaction": ID});
        let failed = Receipt {
            transaction: ID.parse().ok(),
            status: "undelivered".to_owned(),
            error_code: Some("30003".to_owned()),
            ..expected
        };
        assert_eq!(streamed(&sample.to_string()), Ok(vec![failed.clone()]));
        sample[0]["data"]["error_code"] = json!(30003);
        sample[0]["data"]["tags"] = json!(json!({"transaction": ID}).to_string());
        assert_eq!(streamed(&sample.to_string()), Ok(vec![failed]));
    }

    #[test]
    fn c13_other_events_say_nothing_and_a_bad_one_costs_only_itself() {
        let sample: Value = serde_json::from_str(EVENTS).unwrap();
        let good = &sample[0];
        let mut other = good.clone();
        other["type"] = json!("com.twilio.accountsecurity.verify.verification.approved");
        let mut bad = good.clone();
        bad["data"]["verification_sid"] = json!("VE../../x");
        for (events, receipts) in [
            (json!([]), Ok(0)),
            (json!([other]), Ok(0)),
            (json!([other, good, good]), Ok(2)),
            (json!([good, bad]), Ok(1)),
            (json!([other, bad]), Err(CallbackError::Unreadable)),
            (json!([7, null, {}]), Ok(0)),
            (json!("text"), Err(CallbackError::Unreadable)),
        ] {
            assert_eq!(streamed(&events.to_string()).map(|r| r.len()), receipts, "{events}");
        }
    }

    #[test]
    fn c13_a_signed_body_that_makes_no_sense_is_unreadable() {
        let with = |name: &str, value: &str| {
            let mut pairs = form(MESSAGE);
            pairs.retain(|(own, _)| own != name);
            pairs.push((name.to_owned(), value.to_owned()));
            pairs
        };
        let long = "x".repeat(33);
        for pairs in [
            vec![],
            with("MessageSid", "SM../x"),
            with("MessageSid", CA),
            with("MessageStatus", ""),
            with("MessageStatus", &long),
            with("MessageStatus", "de livered"),
            with("MessageStatus", "zugestellt✓"),
            with("CallSid", SM),
        ] {
            assert_eq!(posted(&url(), pairs.clone()), Err(CallbackError::Unreadable), "{pairs:?}");
        }
        assert_eq!(streamed("{"), Err(CallbackError::Unreadable));
        for code in ["0", "", "many", "99999999999", "-1"] {
            let read = posted(&url(), with("ErrorCode", code)).unwrap();
            assert_eq!(read[0].error_code, None, "{code}");
        }
    }

    #[test]
    fn only_one_transaction_in_the_url_is_one() {
        let base = "https://byot.example.com/receipts/sms";
        for (query, found) in [
            (format!("?transaction={ID}"), true),
            (format!("?a=1&transaction={ID}"), true),
            (format!("?transaction={ID}&transaction={ID}"), false),
            ("?transaction=7".to_owned(), false),
            (String::new(), false),
        ] {
            let read = posted(&format!("{base}{query}"), form(MESSAGE)).unwrap();
            assert_eq!(read[0].transaction.is_some(), found, "{query}");
        }
    }

    #[test]
    fn what_cannot_be_checked_is_not_read() {
        let headers = HeaderMap::new();
        let callback = Callback { url: Some("https://a.example/"), headers: &headers, body: b"" };
        let token = SecretString::from(TOKEN);
        for (id, url, token, error) in [
            ("no url", None, Some(&token), CallbackError::Unchecked("server.public_url")),
            ("no token", callback.url, None, CallbackError::Unchecked("auth_token")),
            ("no signature", callback.url, Some(&token), CallbackError::Unauthenticated),
        ] {
            assert_eq!(receipts(&Callback { url, ..callback }, token), Err(error), "{id}");
        }
    }

    proptest! {
        #[test]
        fn c13_no_body_panics(body in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,60}") {
            status(&text, &body);
            let _ = events(&body);
            let event = json!({"type": "com.twilio.accountsecurity.verify.message.sent", "data": {
                "verification_sid": VE, "message_status": text, "created_at": text, "tags": text,
            }});
            for receipt in events(event.to_string().as_bytes()).unwrap_or_default() {
                prop_assert!(receipt.status.len() <= 32);
            }
        }
    }
}
