//! Any vendor by configuration: what is sent, and what its answers mean.

mod answers;

use std::time::Duration;

use otp::AttemptOutcome::*;
use otp::{PhoneNumber, Purpose};
use secrecy::SecretString;
use telephony::webhook::{RequestOptions, Webhook, WebhookOptions};
use telephony::{AttemptReport, Budget, Hints, Outgoing, Provider, Scope};

use crate::server::{Reply, Server, body, fields, has_line, head};
use crate::setup::{TRANSACTION, budget, message, timed, webhook_options};

/// A request to this path with these headers and this body.
fn request(base: &str, path: &str, headers: &[(&str, &str)], body: &str) -> RequestOptions {
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), SecretString::from((*value).to_owned()));
    RequestOptions {
        method: "POST".to_owned(),
        url: format!("{base}{path}"),
        headers: headers.iter().map(header).collect(),
        body: body.to_owned(),
    }
}

/// What one send of `message` by this request looks like, and what came of it.
async fn sent(message: &Outgoing, send: impl FnOnce(&str) -> RequestOptions) -> (AttemptReport, String) {
    let server = Server::start([Reply::json(202, r#"{"id":"w-1"}"#)]).await;
    let options = WebhookOptions { send: send(&server.url), ..webhook_options(&server.url) };
    let report = Webhook::new(options).unwrap().send(message, Hints::default(), budget()).await;
    (report, server.requests().into_iter().next().unwrap_or_default())
}

/// Its text wants to break out of wherever it stands.
fn breaking_out() -> Outgoing {
    Outgoing {
        template: Some("\"},&x=1</t>\\\n{{to}} 'é' 019284".into()),
        locale: Some("fr-CA".to_owned()),
        purpose: Purpose::AccountUnlock,
        valid_for: Some(Duration::from_secs(90)),
        ..message()
    }
}

#[tokio::test]
async fn json_with_every_value() {
    let all = r#"{"a":["{{to}}","{{digits}}","{{code}}","{{spoken}}","{{channel}}","{{locale}}","{{purpose}}","{{org}}",
        "{{country}}","{{transaction}}"],"text":"{{ text }}","ttl":{{seconds}}}"#;
    let headers =
        [("Authorization", "Bearer s3cret"), ("X-Trace", "{{transaction}}"), ("x-trace", "{{country}}")];
    let to = PhoneNumber::parse("+33612345678", None).unwrap();
    let message = Outgoing { to, ..breaking_out() };
    let (report, request) =
        sent(&message, |base| request(base, "/v1/{{channel}}/{{to}}?ref={{transaction}}", &headers, all))
            .await;
    assert_eq!((report.outcome, report.provider_ref.as_deref()), (Accepted, Some("w-1")));
    let first = format!("POST /v1/sms/%2B33612345678?ref={TRANSACTION} HTTP/1.1");
    assert_eq!(head(&request).lines().next(), Some(first.as_str()));
    let trace = format!("x-trace: {TRANSACTION}");
    for line in ["authorization: Bearer s3cret", &trace, "x-trace: FR", "content-type: application/json"] {
        assert!(has_line(&request, line), "{line} in {request}");
    }
    let is: serde_json::Value = serde_json::from_str(body(&request)).unwrap();
    let expected = serde_json::json!({
        "a": ["+33612345678", "33612345678", "019284", "0, 1, 9, 2, 8, 4", "sms", "fr-CA", "account-unlock", "main",
            "FR", TRANSACTION],
        "text": "\"},&x=1</t>\\\n{{to}} 'é' 019284",
        "ttl": 90,
    });
    assert_eq!(is, expected);
}

#[tokio::test]
async fn a_form_stays_a_form() {
    let form = "recipient={{to}}&body={{text}}&last=1";
    let kind = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let (_, request) = sent(&breaking_out(), |base| request(base, "/send", &kind, form)).await;
    assert!(has_line(&request, "content-type: application/x-www-form-urlencoded; charset=utf-8"));
    let is = fields(body(&request));
    let is: Vec<_> = is.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let text = "\"},&x=1</t>\\\n{{to}} 'é' 019284";
    assert_eq!(is, [("recipient", "+15555550101"), ("body", text), ("last", "1")]);
}

#[tokio::test]
async fn xml_stays_xml() {
    let xml = "<m to=\"{{digits}}\"><t a='{{text}}'>{{text}}</t></m>";
    let (_, request) =
        sent(&breaking_out(), |base| request(base, "/send", &[("content-type", "text/xml")], xml)).await;
    let text = "&quot;},&amp;x=1&lt;/t&gt;\\\n{{to}} &apos;é&apos; 019284";
    assert_eq!(body(&request), format!("<m to=\"15555550101\"><t a='{text}'>{text}</t></m>"));
}

#[tokio::test]
async fn no_value_makes_a_header_of_its_own() {
    let headers = [("x-locale", "{{locale}}")];
    let odd = Outgoing { locale: Some("fr\r\nx-admin: yes".to_owned()), ..message() };
    let (report, sent) = sent(&odd, |base| request(base, "/", &headers, r#"{"t":"{{to}} {{code}}"}"#)).await;
    assert_eq!((report.outcome, report.cause, sent.as_str()), (NotSent, Some("header"), ""));
    assert_eq!(report.scope, Scope::Message, "the vendor has no part in it");
}

#[tokio::test]
async fn a_get_has_everything_in_its_url() {
    let get = |base: &str| RequestOptions {
        method: "GET".to_owned(),
        ..request(base, "/send?to={{to}}&text={{text}}", &[], "")
    };
    let (report, request) = sent(&message(), get).await;
    assert_eq!(report.outcome, Accepted);
    let first = "GET /send?to=%2B15555550101&\
                 text=Your%20verification%20code%20is%20019284.%20Do%20not%20share%20it%20with%20anyone. HTTP/1.1";
    assert_eq!(head(&request).lines().next(), Some(first));
    assert!(body(&request).is_empty() && !head(&request).contains("content-type"));
}

/// A vendor that is sent to by GET.
fn by_get(base: &str) -> Webhook {
    let send = RequestOptions {
        method: "GET".to_owned(),
        ..request(base, "/send?to={{to}}&code={{code}}", &[], "")
    };
    Webhook::new(WebhookOptions { send, ..webhook_options(base) }).unwrap()
}

/// A request without a body gives no sign that it is being written: to be slow is not to be away.
#[tokio::test]
async fn p4_c2_c4_a_get_without_an_answer_is_never_taken_for_one_that_was_not_sent() {
    let budget = Budget { connect: Duration::from_millis(300), total: Duration::from_millis(1_500) };
    for (id, reply) in [
        ("no answer", Reply::Stall(Vec::new())),
        ("half a head", Reply::Stall(b"HTTP/1.1 200 x\r\ncont".to_vec())),
        ("reset", Reply::Reset),
        ("half a body", Reply::Stall(b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{".to_vec())),
    ] {
        let server = Server::start([reply]).await;
        let report = by_get(&server.url).send(&message(), Hints::default(), budget).await;
        assert_eq!((report.outcome, server.requests().len()), (Ambiguous, 1), "{id}");
    }
    let server =
        Server::start([Reply::Stall(b"HTTP/1.1 401 x\r\ncontent-length: 9\r\n\r\n{".to_vec())]).await;
    let report = by_get(&server.url).send(&message(), Hints::default(), budget).await;
    assert_eq!(
        (report.outcome, report.http_status),
        (Misconfigured, Some(401)),
        "where the status is enough, it is"
    );
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = by_get(&format!("http://{closed}")).send(&message(), Hints::default(), budget).await;
    assert_eq!((refused.outcome, refused.cause), (NotSent, Some("connect")));
}

#[tokio::test]
async fn a_get_may_take_longer_to_answer_than_a_connection_may_take_to_stand() {
    let server = Server::start([Reply::Late(Duration::from_millis(700), r#"{"id":"w-1"}"#)]).await;
    let budget = Budget { connect: Duration::from_millis(100), total: Duration::from_secs(30) };
    let (report, took) = timed(by_get(&server.url).send(&message(), Hints::default(), budget)).await;
    assert_eq!((report.outcome, report.provider_ref.as_deref()), (Accepted, Some("w-1")));
    assert!(took >= Duration::from_millis(600), "{took:?}");
}

#[test]
fn every_wrong_setting_is_named_and_no_value_is() {
    let base = "https://example.com";
    let good = || webhook_options(base);
    let send = |set: fn(&mut RequestOptions)| {
        let mut options = good();
        set(&mut options.send);
        options
    };
    let rows: [(WebhookOptions, &str); 13] = [
        (send(|it| it.method = "hunter2".to_owned()), "method"),
        (send(|it| it.url = "ftp://hunter2/{{to}}".to_owned()), "url is no http(s) URL"),
        (send(|it| it.url = "https://u:hunter2@example.com/".to_owned()), "url is no http(s) URL"),
        (
            send(|it| it.url = "https://{{locale}}.example.com/".to_owned()),
            "url has a {{value}} where the host stands",
        ),
        (send(|it| it.url.push_str("{{hunter2}}")), "url names a {{value}}"),
        (send(|it| it.headers.push(("hunter 2".to_owned(), "x".into()))), "headers"),
        (send(|it| it.headers.push(("x".to_owned(), "{{hunter2}}".into()))), "headers"),
        (send(|it| it.headers.push(("content-type".to_owned(), "text/xml\nhunter2".into()))), "headers"),
        (send(|it| it.body = r#"{"hunter2":{{to}}{{code}"#.to_owned()), "body"),
        (send(|it| it.body = r#"{"to":"{{to}}"}"#.to_owned()), "says the code nowhere"),
        (send(|it| it.body = r#"{"code":"{{code}}"}"#.to_owned()), "says the number nowhere"),
        (WebhookOptions { channels: Vec::new(), ..good() }, "channels is empty"),
        (WebhookOptions { reference: None, ..good() }, "report needs {{reference}}"),
    ];
    for (options, expected) in rows {
        let error = Webhook::new(options).err().unwrap().to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{expected} in {error}");
    }
}
