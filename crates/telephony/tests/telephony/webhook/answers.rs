//! What answers mean, and what is told of a message afterwards.

use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::{Channel, Verdict};
use telephony::webhook::{Meaning, Rule, Webhook, WebhookOptions};
use telephony::{AttemptReport, Found, Hints, Provider, ReportError, Reported, Sought, Subject};

use crate::server::{Reply, Server, body};
use crate::setup::{budget, message, webhook_options};

const PATIENCE: Duration = Duration::from_secs(30);

/// What an answer means to a vendor with these rules.
async fn means(rules: Vec<Rule>, reply: Reply) -> AttemptReport {
    let server = Server::start([reply]).await;
    let options = WebhookOptions { answers: rules, ..webhook_options(&server.url) };
    Webhook::new(options).unwrap().send(&message(), Hints::default(), budget()).await
}

#[tokio::test]
async fn the_first_rule_that_fits_tells_what_an_answer_means() {
    let rule = |status: &str, at: Option<&str>, equals: &[&str], means| Rule {
        status: vec![status.parse().unwrap()],
        at: at.map(|at| at.parse().unwrap()),
        equals: equals.iter().map(|word| (*word).to_owned()).collect(),
        means,
    };
    let rules = || {
        vec![
            rule("200-299", Some("/results/0/state"), &["blocked", "fraud"], Meaning::Fraud),
            rule("2xx", Some("/results/0/state"), &["stop"], Meaning::Rejected),
            rule("2xx", Some("/error"), &[], Meaning::Ambiguous),
            rule("500", None, &[], Meaning::NotSent),
            rule("409", None, &[], Meaning::Limit),
            rule("418", None, &[], Meaning::Busy),
            rule("4xx", None, &[], Meaning::Misconfigured),
        ]
    };
    let rows: [(u16, &str, AttemptOutcome); 10] = [
        (200, r#"{"results":[{"state":"Fraud"}]}"#, RejectedFraud),
        (299, r#"{"results":[{"state":"stop"}]}"#, RejectedNumber),
        (201, r#"{"id":"w-1","results":[{"state":"sent"}]}"#, Accepted),
        (200, r#"{"id":"w-1","error":"later perhaps"}"#, Accepted), // a word with blanks is no word
        (200, r#"{"error":17}"#, Ambiguous),
        (500, "", NotSent),
        (503, "", Ambiguous),
        (409, "", RejectedLimit),
        (418, "", NotSent),
        (408, "", Misconfigured),
    ];
    for (status, body, expected) in rows {
        assert_eq!(means(rules(), Reply::json(status, body)).await.outcome, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn the_reference_and_the_code_are_where_the_settings_say() {
    let server = Server::start([Reply::json(200, r#"{"messages":[{"id":"m/1~x"}],"a/b":"OK"}"#)]).await;
    let options = WebhookOptions {
        reference: Some("/messages/0/id".parse().unwrap()),
        code: Some("/a~1b".parse().unwrap()),
        ..webhook_options(&server.url)
    };
    let report = Webhook::new(options).unwrap().send(&message(), Hints::default(), budget()).await;
    let is = (report.provider_ref.as_deref(), report.provider_code.as_deref());
    assert_eq!(is, (Some("m/1~x"), Some("OK")));
}

#[tokio::test]
async fn a_report_names_the_message_and_the_verdict() {
    let server = Server::start([Reply::json(204, "")]).await;
    let provider = Webhook::new(webhook_options(&server.url)).unwrap();
    assert!(provider.reports() && !provider.reports_by_number());
    let reported = provider.report(Subject::Reference("m/1 ?x"), Verdict::Canceled, PATIENCE).await;
    assert_eq!(reported, Ok(Reported { http_status: 204, provider_ref: None }));
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /webhook/report/m%2F1%20%3Fx HTTP/1.1\r\n"), "{request}");
    assert_eq!(body(&request), r#"{"outcome":"canceled"}"#);
}

#[tokio::test]
async fn e2_e3_every_answer_to_a_report_says_what_to_do() {
    let doubtful = ReportError::Transient { doubtful: true };
    let wait = Some(Duration::from_secs(3));
    for (id, reply, expected) in [
        ("404", Reply::json(404, ""), ReportError::Gone),
        ("410", Reply::json(410, ""), ReportError::Gone),
        ("409", Reply::json(409, ""), ReportError::Gone),
        ("429", Reply::Answer(429, "retry-after: 3\r\n", Vec::new()), ReportError::RateLimited { wait }),
        ("401", Reply::json(401, ""), ReportError::Refused),
        ("302", Reply::Answer(302, "location: /x\r\n", Vec::new()), ReportError::Refused),
        ("500", Reply::json(500, ""), doubtful),
        ("reset", Reply::Reset, doubtful),
    ] {
        let server = Server::start([reply]).await;
        let provider = Webhook::new(webhook_options(&server.url)).unwrap();
        let reported = provider.report(Subject::Reference("w-1"), Verdict::Approved, PATIENCE).await;
        assert_eq!((reported, server.requests().len()), (Err(expected), 1), "{id}");
    }
}

#[tokio::test]
async fn without_a_report_there_is_none_and_there_is_no_list_to_look_in() {
    let server = Server::start([]).await;
    let provider = Webhook::new(WebhookOptions { report: None, ..webhook_options(&server.url) }).unwrap();
    assert!(!provider.reports());
    let reported = provider.report(Subject::Reference("w-1"), Verdict::Approved, PATIENCE).await;
    assert_eq!(reported, Err(ReportError::Unsupported));
    let (to, moment) = (message().to, "2026-11-20T20:00:00Z".parse().unwrap());
    let sought = Sought { to: &to, channel: Channel::Sms, started_at: moment, ended_at: moment, except: &[] };
    assert_eq!(provider.find(sought, PATIENCE).await, Ok(Found::Unknown));
    assert!(server.requests().is_empty());
}
