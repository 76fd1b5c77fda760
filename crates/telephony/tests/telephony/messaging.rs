//! Twilio Programmable Messaging and Voice: what is asked for, and what is told afterwards.

mod afterwards;

use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::Channel;
use telephony::twilio::messaging::{Messaging, MessagingOptions};
use telephony::{AttemptReport, Hints, Outgoing, Provider, Scope};

use crate::server::{Reply, Server, body, fields, has_line};
use crate::setup::{AC, TRANSACTION, budget, message, messaging_options};

const PATIENCE: Duration = Duration::from_secs(30);
const SM: &str = "SMa7b6c5d4e3f2019f8e7d6c5b4a392817";
const CA: &str = "CA6f5e4d3c2b1a09f8e7d6c5b4a3928170";
const MG: &str = "MG5117000000000000000000000000f4ce";

/// The report of one send, and its request.
async fn sent(
    message: &Outgoing,
    set: impl FnOnce(MessagingOptions) -> MessagingOptions,
) -> (AttemptReport, String) {
    let sample =
        if message.channel == Channel::Sms { "messages-create-from.json" } else { "calls-create.json" };
    let server = Server::start([Reply::sample(201, sample)]).await;
    let provider = Messaging::new(set(messaging_options(&server.url))).unwrap();
    let report = provider.send(message, Hints::default(), budget()).await;
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    (report, request.clone())
}

#[tokio::test]
async fn an_sms_is_the_request_twilio_documents() {
    let (report, request) = sent(&message(), |options| options).await;
    assert_eq!((report.outcome, report.provider_ref.as_deref()), (Accepted, Some(SM)));
    let first = format!("POST /2010-04-01/Accounts/{AC}/Messages.json HTTP/1.1\r\n");
    assert!(request.starts_with(&first), "{request}");
    for line in [
        // AC…:s3cret
        "authorization: Basic QUNkNDFmM2MwYTliNWU0ZTdmOGExYjJjM2Q0ZTVmNjA3MTpzM2NyZXQ=",
        "content-type: application/x-www-form-urlencoded",
        "accept: application/json",
    ] {
        assert!(has_line(&request, line), "{line} in {request}");
    }
    assert_eq!(
        body(&request),
        "To=%2B15555550101&From=%2B15555550199&\
         Body=Your+verification+code+is+019284.+Do+not+share+it+with+anyone.&\
         ProvideFeedback=true&ValidityPeriod=300"
    );
}

#[tokio::test]
async fn an_sms_through_a_service_with_oktas_text_and_a_callback() {
    let text = "019284 – votre code & rien d'autre";
    let message = Outgoing {
        template: Some(text.into()),
        valid_for: Some(Duration::from_secs(90)),
        locale: Some("fr".to_owned()),
        ..message()
    };
    let (_, request) = sent(&message, |options| MessagingOptions {
        messaging_service_sid: Some(MG.to_owned()),
        status_callback: "https://otp.example.com/callbacks/m?x=1".parse().ok(),
        ..options
    })
    .await;
    let callback = format!("https://otp.example.com/callbacks/m?x=1&transaction={TRANSACTION}");
    let expected = [
        ("To", "+15555550101"),
        ("MessagingServiceSid", MG),
        ("Body", text),
        ("ProvideFeedback", "true"),
        ("ValidityPeriod", "90"),
        ("StatusCallback", &callback),
    ];
    let is = fields(body(&request));
    assert_eq!(is.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_sms_is_worth_delivering_as_long_as_its_code() {
    for (seconds, expected) in [(0, "1"), (600, "600"), (86_400, "36000")] {
        let message = Outgoing { valid_for: Some(Duration::from_secs(seconds)), ..message() };
        let (_, request) = sent(&message, |options| options).await;
        assert!(body(&request).ends_with(&format!("&ValidityPeriod={expected}")), "{request}");
    }
}

#[tokio::test]
async fn a_call_says_what_it_has_to_say() {
    let callback = |options| MessagingOptions {
        status_callback: "https://otp.example.com/callbacks/m".parse().ok(),
        messaging_service_sid: Some(MG.to_owned()),
        ..options
    };
    for (template, locale, said) in [
        (None, None, r#"<Say language="en-US">Your verification code is 0, 1, 9, 2, 8, 4."#),
        (Some("A & B <say>: 019284"), Some("en-GB"), r#">A &amp; B &lt;say&gt;: 0, 1, 9, 2, 8, 4</Say>"#),
    ] {
        let message = Outgoing {
            channel: Channel::Voice,
            template: template.map(Into::into),
            locale: locale.map(str::to_owned),
            ..message()
        };
        let (report, request) = sent(&message, callback).await;
        assert_eq!((report.outcome, report.provider_ref.as_deref()), (Accepted, Some(CA)));
        assert!(request.starts_with(&format!("POST /2010-04-01/Accounts/{AC}/Calls.json HTTP/1.1\r\n")));
        let form = fields(body(&request));
        let [to, from, twiml, status] = form.as_slice() else { panic!("{form:?}") };
        assert_eq!((to.0.as_str(), to.1.as_str()), ("To", "+15555550101"));
        assert_eq!((from.0.as_str(), from.1.as_str()), ("From", "+15555550199"), "a service cannot call");
        assert_eq!(twiml.0, "Twiml");
        assert_eq!(twiml.1.matches(said).count(), 3, "three times: {}", twiml.1);
        assert!(twiml.1.starts_with("<Response><Pause") && twiml.1.ends_with("</Say></Response>"));
        assert_eq!(status.1, format!("https://otp.example.com/callbacks/m?transaction={TRANSACTION}"));
    }
}

#[tokio::test]
async fn without_a_number_of_ours_there_is_no_call() {
    let server = Server::start([]).await;
    for from in [None, Some("Ringback".to_owned()), Some("55555".to_owned())] {
        let service = Some(MG.to_owned());
        let options =
            MessagingOptions { from, messaging_service_sid: service, ..messaging_options(&server.url) };
        let provider = Messaging::new(options).unwrap();
        assert!(provider.carries(Channel::Sms) && !provider.carries(Channel::Voice));
        let call = Outgoing { channel: Channel::Voice, ..message() };
        let report = provider.send(&call, Hints::default(), budget()).await;
        assert_eq!((report.outcome, report.cause), (NotSent, Some("no_caller")));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn c8_c11_c12_every_sample_error_of_the_contract() {
    let rows: [(&str, u16, &str, AttemptOutcome, Scope); 7] = [
        ("messages-error-20003.json", 401, "20003", Misconfigured, Scope::Account),
        ("messages-error-20429.json", 429, "20429", NotSent, Scope::Account),
        ("messages-error-21211.json", 400, "21211", RejectedNumber, Scope::Account),
        ("messages-error-21610.json", 400, "21610", RejectedNumber, Scope::Account),
        ("messages-error-21614.json", 400, "21614", RejectedNumber, Scope::Account),
        ("messages-error-21408.json", 400, "21408", Misconfigured, Scope::Message),
        ("calls-error-21215.json", 400, "21215", Misconfigured, Scope::Message),
    ];
    for (sample, status, code, outcome, scope) in rows {
        let server = Server::start([Reply::sample(status, sample)]).await;
        let provider = Messaging::new(messaging_options(&server.url)).unwrap();
        let report = provider.send(&message(), Hints::default(), budget()).await;
        assert_eq!((report.outcome, report.provider_code.as_deref()), (outcome, Some(code)), "{sample}");
        if outcome == Misconfigured {
            assert_eq!(report.scope, scope, "{sample}");
        }
    }
}

#[test]
fn every_wrong_setting_is_named_and_no_value_is() {
    let wrong = MessagingOptions {
        account_sid: "hunter2".to_owned(),
        from: Some("hunter2!".to_owned()),
        messaging_service_sid: Some("hunter2".to_owned()),
        ..messaging_options("ftp://hunter2:x@example.com/?a=b")
    };
    let error = Messaging::new(wrong).err().unwrap().to_string();
    for key in ["account_sid", "from", "messaging_service_sid", "base_url"] {
        assert!(error.contains(key), "{key} in {error}");
    }
    assert!(!error.contains("hunter"), "{error}");
    let nobody = MessagingOptions { from: None, ..messaging_options("https://example.com") };
    assert!(Messaging::new(nobody).err().unwrap().to_string().contains("from is missing"));
}
