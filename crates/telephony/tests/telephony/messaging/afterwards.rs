//! What is told and asked of a message afterwards.

use std::time::Duration;

use otp::{Channel, PhoneNumber, Verdict};
use telephony::twilio::messaging::{Messaging, MessagingOptions};
use telephony::{Found, Level, Provider, ReportError, Reported, Sought, Subject};

use super::{CA, MG, PATIENCE, SM};
use crate::server::{Reply, Server, body, head};
use crate::setup::{AC, messaging_options};

#[tokio::test]
async fn a_report_is_the_messages_feedback() {
    for (verdict, outcome) in [(Verdict::Approved, "confirmed"), (Verdict::Canceled, "unconfirmed")] {
        let server = Server::start([Reply::sample(200, "messages-feedback-confirmed.json")]).await;
        let provider = Messaging::new(messaging_options(&server.url)).unwrap();
        assert!(provider.reports() && !provider.reports_by_number());
        let reported = provider.report(Subject::Reference(SM), verdict, PATIENCE).await;
        assert_eq!(reported, Ok(Reported { http_status: 200, provider_ref: None }));
        let request = server.requests().remove(0);
        let path = format!("POST /2010-04-01/Accounts/{AC}/Messages/{SM}/Feedback.json HTTP/1.1\r\n");
        assert!(request.starts_with(&path) && body(&request) == format!("Outcome={outcome}"), "{request}");
    }
}

#[tokio::test]
async fn e2_e3_every_answer_to_a_report_says_what_to_do() {
    let doubtful = ReportError::Transient { doubtful: true };
    let wait = Some(Duration::from_secs(3));
    for (id, reply, expected) in [
        ("404", Reply::json(404, r#"{"code":20404}"#), ReportError::Gone),
        ("429", Reply::Answer(429, "retry-after: 3\r\n", Vec::new()), ReportError::RateLimited { wait }),
        ("401", Reply::json(401, ""), ReportError::Refused),
        ("302", Reply::Answer(302, "location: /x\r\n", Vec::new()), ReportError::Refused),
        ("500", Reply::json(500, ""), doubtful),
        ("reset", Reply::Reset, doubtful),
    ] {
        let server = Server::start([reply]).await;
        let provider = Messaging::new(messaging_options(&server.url)).unwrap();
        let reported = provider.report(Subject::Reference(SM), Verdict::Approved, PATIENCE).await;
        assert_eq!((reported, server.requests().len()), (Err(expected), 1), "{id}");
    }
    let server = Server::start([]).await;
    let provider = Messaging::new(messaging_options(&server.url)).unwrap();
    let phone = PhoneNumber::parse("+15555550100", None).unwrap();
    for subject in [Subject::Reference(CA), Subject::Phone(&phone)] {
        let reported = provider.report(subject, Verdict::Approved, PATIENCE).await;
        assert_eq!(reported, Err(ReportError::Unsupported), "{subject:?}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn c5_what_nobody_knows_is_looked_up_in_their_list() {
    let to = PhoneNumber::parse("+15555550100", None).unwrap();
    let sample = |name: &str| {
        let Reply::Answer(_, _, body) = Reply::sample(200, name) else { unreachable!() };
        String::from_utf8(body).unwrap()
    };
    let texts = format!(r#"{{"messages":[{}]}}"#, sample("messages-create-from.json"));
    let calls = format!(
        r#"{{"calls":[{}]}}"#,
        sample("calls-create.json")
            .replace(r#""date_created": null"#, r#""date_created": "Fri, 20 Nov 2026 20:00:01 +0000""#,)
    );
    let taken = |sid: &str| Ok(Found::Taken { provider_ref: sid.to_owned(), attempt_ref: None });
    let untouched = Err(ReportError::Transient { doubtful: false });
    for (id, reply, channel, expected) in [
        ("text", Reply::json(200, &texts), Channel::Sms, taken(SM)),
        ("call", Reply::json(200, &calls), Channel::Voice, taken(CA)),
        ("none", Reply::json(200, r#"{"messages":[]}"#), Channel::Sms, Ok(Found::NotTaken)),
        ("no list", Reply::json(200, "<html>"), Channel::Sms, Ok(Found::Unknown)),
        ("500", Reply::json(500, ""), Channel::Sms, untouched.clone()),
        ("reset", Reply::Reset, Channel::Sms, untouched),
        ("401", Reply::json(401, ""), Channel::Sms, Err(ReportError::Refused)),
    ] {
        let server = Server::start([reply]).await;
        let provider = Messaging::new(messaging_options(&server.url)).unwrap();
        let sought = Sought {
            to: &to,
            channel,
            started_at: "2026-11-20T20:00:00.730Z".parse().unwrap(),
            ended_at: "2026-11-20T20:00:02.130Z".parse().unwrap(),
            except: &[],
        };
        assert_eq!(provider.find(sought, PATIENCE).await, expected, "{id}");
        let request = server.requests().remove(0);
        let list = if channel == Channel::Sms { "Messages" } else { "Calls" };
        let first =
            format!("GET /2010-04-01/Accounts/{AC}/{list}.json?To=%2B15555550100&PageSize=20 HTTP/1.1");
        assert_eq!(head(&request).lines().next(), Some(first.as_str()), "{id}");
    }
}

#[tokio::test]
async fn the_check_up_says_what_to_do() {
    for (status, level, word) in [
        (200, Level::Ok, "takes the credentials"),
        (401, Level::Fail, "credentials"),
        (403, Level::Warn, "may not list"),
        (404, Level::Fail, "no such account"),
        (503, Level::Fail, "no usable answer"),
    ] {
        let server = Server::start([Reply::json(status, "{}")]).await;
        let options = MessagingOptions {
            from: None,
            messaging_service_sid: Some(MG.to_owned()),
            status_callback: "https://otp.example.com/callbacks/m".parse().ok(),
            ..messaging_options(&server.url)
        };
        let findings = Messaging::new(options).unwrap().check(PATIENCE).await;
        assert!(findings.iter().any(|f| f.level == level && f.what.contains(word)), "{status} {findings:?}");
        for hint in ["not https", "calls cannot be placed", "cannot be checked"] {
            assert!(findings.iter().any(|f| f.what.contains(hint)), "{hint} in {findings:?}");
        }
    }
}
