//! Telesign: what each product is asked, and what is told afterwards.

mod afterwards;

use std::time::Duration;

use otp::AttemptOutcome::*;
use otp::{Channel, Passcode, Purpose};
use serde_json::{Value, json};
use telephony::telesign::{Product, Telesign, TelesignOptions};
use telephony::{AttemptReport, Hints, Level, Outgoing, Provider, Scope};

use crate::server::{Reply, Server, body, fields, has_line};
use crate::setup::{TRANSACTION, budget, message, telesign_options};

const PATIENCE: Duration = Duration::from_secs(30);

async fn sent(
    product: Product,
    message: &Outgoing,
    set: impl FnOnce(TelesignOptions) -> TelesignOptions,
) -> (AttemptReport, String) {
    let server = Server::start([Reply::sample(200, "telesign-omnichannel-ok.json")]).await;
    let provider = Telesign::new(set(telesign_options(&server.url, product))).unwrap();
    let report = provider.send(message, Hints::default(), budget()).await;
    (report, server.requests().into_iter().next().unwrap_or_default())
}

fn full(options: TelesignOptions) -> TelesignOptions {
    TelesignOptions {
        sender_id: Some("Ringback".to_owned()),
        callback_url: "https://otp.example.com/callbacks/t".parse().ok(),
        ..options
    }
}

fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn omnichannel_takes_our_text_and_a_number_without_its_plus() {
    let message = Outgoing { template: Some("Your \"Example\" code is 019284".into()), ..message() };
    let (report, request) = sent(Product::Omnichannel, &message, |options| options).await;
    assert_eq!((report.outcome, report.provider_code.as_deref()), (Accepted, Some("3001")));
    assert_eq!(report.provider_ref.as_deref(), Some("35C8B5D509BC10689196FED2AD551B8A"));
    assert!(request.starts_with("POST /v1/omnichannel HTTP/1.1\r\n"), "{request}");
    for line in [
        "authorization: Basic QUFBQUFBQUEtQkJCQi1DQ0NDLUREREQtRUVFRUVFRUVFRUVFOkFRSURCQVVHQndnSkNnc01EUTRQRUE9PQ==",
        "content-type: application/json",
        "accept: application/json",
    ] {
        assert!(has_line(&request, line), "{line} in {request}");
    }
    let Reply::Answer(_, _, sample) = Reply::sample(0, "telesign-omnichannel-request-sms.json") else {
        unreachable!()
    };
    let mut expected: Value = serde_json::from_slice(&sample).unwrap();
    expected["recipient"]["phone_number"] = json!("15555550101");
    expected["message"]["sms"]["parameters"]["text"] = json!("Your \"Example\" code is 019284");
    expected["external_id"] = json!(TRANSACTION);
    assert_eq!(serde_json::from_str::<Value>(body(&request)).unwrap(), expected);
}

#[tokio::test]
async fn omnichannel_calls_with_their_words_and_our_digits() {
    for (locale, language) in
        [(None, "en-US"), (Some("EN-US"), "en-US"), (Some("fr_CA"), "fr-CA"), (Some("de"), "de")]
    {
        let message = Outgoing {
            channel: Channel::Voice,
            locale: locale.map(str::to_owned),
            purpose: Purpose::Unknown,
            ..message()
        };
        let (report, request) = sent(Product::Omnichannel, &message, full).await;
        assert_eq!(report.outcome, Accepted);
        let expected = json!({
            "channels": [{"channel": "voice"}],
            "recipient": {"phone_number": "15555550101"},
            "message": {"voice": {"template": "otp_voice", "parameters": {"otp_code": "019284", "language": language}}},
            "message_type": "OTP",
            "external_id": TRANSACTION,
            "sender_id": "Ringback",
            "callback_url": "https://otp.example.com/callbacks/t",
        });
        assert_eq!(serde_json::from_str::<Value>(body(&request)).unwrap(), expected);
    }
}

#[tokio::test]
async fn sms_verify_puts_the_code_into_our_text() {
    let message = Outgoing {
        template: Some("019284 is your code".into()),
        locale: Some("EN-GB".to_owned()),
        purpose: Purpose::PasswordReset,
        ..message()
    };
    let (report, request) = sent(Product::SmsVerify, &message, full).await;
    assert_eq!(report.outcome, Accepted);
    assert!(request.starts_with("POST /v1/verify/sms HTTP/1.1\r\n"), "{request}");
    assert!(has_line(&request, "content-type: application/x-www-form-urlencoded"));
    assert_eq!(
        pairs(&fields(body(&request))),
        [
            ("phone_number", "15555550101"),
            ("verify_code", "019284"),
            ("template", "$$CODE$$ is your code"),
            ("language", "en-GB"),
            ("ucid", "PWRT"),
            ("sender_id", "Ringback"),
            ("callback_url", "https://otp.example.com/callbacks/t"),
        ]
    );
}

#[tokio::test]
async fn sms_verify_falls_back_to_our_short_text_where_oktas_is_too_long() {
    let long = format!("{} 019284", "x".repeat(160));
    let message = Outgoing { template: Some(long.into()), ..message() };
    let (_, request) = sent(Product::SmsVerify, &message, |options| options).await;
    assert_eq!(
        pairs(&fields(body(&request))),
        [
            ("phone_number", "15555550101"),
            ("verify_code", "019284"),
            ("template", "Your verification code is $$CODE$$. Do not share it with anyone."),
        ]
    );
}

#[tokio::test]
async fn sms_verify_leaves_a_code_that_is_too_long_to_another_provider() {
    let message = Outgoing { code: Passcode::new("01928374".to_owned()).unwrap(), ..message() };
    let (report, request) = sent(Product::SmsVerify, &message, |options| options).await;
    assert_eq!((report.outcome, report.cause), (NotSent, Some("code_too_long")));
    assert_eq!((report.scope, request.as_str()), (Scope::Message, ""), "and it says nothing of Telesign");
}

#[tokio::test]
async fn messaging_takes_our_text() {
    let (report, request) = sent(Product::Messaging, &message(), full).await;
    assert_eq!(report.outcome, Accepted);
    assert!(request.starts_with("POST /v1/messaging HTTP/1.1\r\n"), "{request}");
    assert_eq!(
        pairs(&fields(body(&request))),
        [
            ("phone_number", "15555550101"),
            ("message", "Your verification code is 019284. Do not share it with anyone."),
            ("message_type", "OTP"),
            ("external_id", TRANSACTION),
            ("sender_id", "Ringback"),
            ("callback_url", "https://otp.example.com/callbacks/t"),
        ]
    );
}

#[tokio::test]
async fn c7_c8_c12_the_code_in_the_answer_counts_and_not_the_http_status() {
    for (status, sample, expected) in [
        (503, "telesign-omnichannel-ok.json", Accepted),
        (429, "telesign-omnichannel-error-3206.json", Misconfigured),
        (200, "telesign-omnichannel-error-3204.json", NotSent),
        (200, "telesign-omnichannel-error-3500.json", NotSent),
        (500, "telesign-omnichannel-error-3101.json", RejectedNumber),
        (200, "telesign-omnichannel-error-3400.json", Misconfigured),
    ] {
        let server = Server::start([Reply::sample(status, sample)]).await;
        let provider = Telesign::new(telesign_options(&server.url, Product::Omnichannel)).unwrap();
        let report = provider.send(&message(), Hints::default(), budget()).await;
        assert_eq!((report.outcome, report.http_status), (expected, Some(status)), "{sample}");
    }
}

#[tokio::test]
async fn the_check_up_says_what_to_do() {
    for (reply, level, word) in [
        (Reply::json(404, r#"{"status":{"code":-10004}}"#), Level::Ok, "takes the credentials"),
        (Reply::sample(401, "telesign-omnichannel-error-3400.json"), Level::Fail, "credentials"),
        (Reply::sample(429, "telesign-omnichannel-error-3206.json"), Level::Warn, "cannot be asked"),
        (Reply::json(503, ""), Level::Fail, "no usable answer"),
        (Reply::Reset, Level::Fail, "did not answer"),
    ] {
        let server = Server::start([reply]).await;
        let provider = Telesign::new(telesign_options(&server.url, Product::Omnichannel)).unwrap();
        let findings = provider.check(PATIENCE).await;
        assert!(findings.iter().any(|f| f.level == level && f.what.contains(word)), "{word} {findings:?}");
        assert!(server.requests()[0].starts_with("GET /v1/omnichannel/"));
    }
}

#[test]
fn every_wrong_setting_is_named_and_no_value_is() {
    let wrong = TelesignOptions {
        customer_id: "hunter 2".to_owned(),
        api_key: " ".into(),
        ..telesign_options("ftp://hunter2:x@example.com/?a=b", Product::Omnichannel)
    };
    let error = Telesign::new(wrong).err().unwrap().to_string();
    for key in ["customer_id", "api_key", "base_url"] {
        assert!(error.contains(key), "{key} in {error}");
    }
    assert!(!error.contains("hunter"), "{error}");
}
