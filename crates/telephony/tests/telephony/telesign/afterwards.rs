//! What is told of a message afterwards.

use std::time::Duration;

use otp::{Channel, PhoneNumber, Verdict};
use telephony::telesign::{Product, Telesign};
use telephony::{Found, Provider, ReportError, Reported, Sought, Subject};

use super::PATIENCE;
use crate::server::{Reply, Server, body, head};
use crate::setup::telesign_options;
const REFERENCE: &str = "0123456789ABCDEF0123456789ABCDEF";

#[tokio::test]
async fn a_code_that_was_used_completes_the_verification() {
    for product in [Product::SmsVerify, Product::Messaging] {
        let server = Server::start([Reply::sample(200, "telesign-completion-ok.json")]).await;
        let provider = Telesign::new(telesign_options(&server.url, product)).unwrap();
        assert!(provider.reports() && !provider.reports_by_number());
        let reported = provider.report(Subject::Reference(REFERENCE), Verdict::Approved, PATIENCE).await;
        assert_eq!(reported, Ok(Reported { http_status: 200, provider_ref: None }));
        let request = server.requests().remove(0);
        let first = format!("PUT /v1/verify/completion/{REFERENCE} HTTP/1.1\r\n");
        assert!(request.starts_with(&first) && body(&request).is_empty(), "{request}");
        assert!(head(&request).contains("authorization: Basic "), "{request}");
    }
}

#[tokio::test]
async fn what_telesign_has_no_word_for_is_not_told() {
    let server = Server::start([]).await;
    let phone = PhoneNumber::parse("+15555550100", None).unwrap();
    for (product, subject, verdict) in [
        (Product::Omnichannel, Subject::Reference(REFERENCE), Verdict::Approved),
        (Product::SmsVerify, Subject::Reference(REFERENCE), Verdict::Canceled),
        (Product::SmsVerify, Subject::Phone(&phone), Verdict::Approved),
    ] {
        let provider = Telesign::new(telesign_options(&server.url, product)).unwrap();
        assert_eq!(provider.reports(), product != Product::Omnichannel);
        let reported = provider.report(subject, verdict, PATIENCE).await;
        assert_eq!(reported, Err(ReportError::Unsupported), "{product:?} {subject:?}");
    }
    let provider = Telesign::new(telesign_options(&server.url, Product::Omnichannel)).unwrap();
    let moment = "2026-11-20T20:00:00Z".parse().unwrap();
    let sought =
        Sought { to: &phone, channel: Channel::Sms, started_at: moment, ended_at: moment, except: &[] };
    assert_eq!(provider.find(sought, PATIENCE).await, Ok(Found::Unknown), "it has no list to look in");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn e2_e3_every_answer_to_a_completion_says_what_to_do() {
    let doubtful = ReportError::Transient { doubtful: true };
    let said = |status, code: i32| Reply::json(status, &format!(r#"{{"status":{{"code":{code}}}}}"#));
    for (id, reply, expected) in [
        ("unknown", said(404, -10001), ReportError::Gone),
        ("over", said(200, -10004), ReportError::Gone),
        ("invalid", said(401, -30013), ReportError::Gone),
        ("bare 404", Reply::json(404, ""), ReportError::Gone),
        ("limit", said(429, -40007), ReportError::RateLimited { wait: None }),
        ("bare 429", Reply::json(429, ""), ReportError::RateLimited { wait: None }),
        ("credentials", said(401, 3400), ReportError::Refused),
        ("500", said(500, 500), doubtful),
        ("garbage", Reply::json(200, "<html>"), doubtful),
        ("reset", Reply::Reset, doubtful),
    ] {
        let server = Server::start([reply]).await;
        let provider = Telesign::new(telesign_options(&server.url, Product::SmsVerify)).unwrap();
        let reported = provider.report(Subject::Reference(REFERENCE), Verdict::Approved, PATIENCE).await;
        assert_eq!((reported, server.requests().len()), (Err(expected), 1), "{id}");
    }
}

/// It has no body, so whether it was written is nothing that anybody sees.
#[tokio::test]
async fn e3_a_stalled_completion_may_have_had_its_effect_and_a_refused_one_not() {
    let server = Server::start([Reply::Stall(Vec::new())]).await;
    let provider = Telesign::new(telesign_options(&server.url, Product::SmsVerify)).unwrap();
    let wait = Duration::from_secs(1);
    let stalled = provider.report(Subject::Reference(REFERENCE), Verdict::Approved, wait).await;
    assert_eq!(stalled, Err(ReportError::Transient { doubtful: true }));
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let provider = Telesign::new(telesign_options(&format!("http://{closed}"), Product::SmsVerify)).unwrap();
    let refused = provider.report(Subject::Reference(REFERENCE), Verdict::Approved, PATIENCE).await;
    assert_eq!(refused, Err(ReportError::Transient { doubtful: false }));
}
