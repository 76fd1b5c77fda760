//! Verify: telling it how a code ended.

use std::time::Duration;

use jiff::Timestamp;
use otp::{PhoneNumber, Verdict};
use telephony::{Provider, ReportError, Reported, Subject};

use crate::server::{Reply, Server};
use crate::setup::{VA, VE, verify};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn by_sid_and_by_number() {
    let phone = PhoneNumber::parse("+15555550100", None).unwrap();
    for (subject, verdict, sample, path, form) in [
        (Subject::Reference(VE), Verdict::Approved, "verify-update-approved.json", VE, "Status=approved"),
        (
            Subject::Phone(&phone),
            Verdict::Approved,
            "verify-update-approved.json",
            "%2B15555550100",
            "Status=approved",
        ),
        (Subject::Reference(VE), Verdict::Canceled, "verify-update-canceled.json", VE, "Status=canceled"),
    ] {
        let server = Server::start([Reply::sample(200, sample)]).await;
        let provider = verify(&server.url);
        assert!(provider.reports());
        let reported = Reported { http_status: 200, provider_ref: Some(VE.to_owned()) };
        assert_eq!(provider.report(subject, verdict, PATIENCE).await, Ok(reported));
        let request = server.requests().remove(0);
        assert!(
            request.starts_with(&format!("POST /v2/Services/{VA}/Verifications/{path} HTTP/1.1\r\n")),
            "{request}"
        );
        assert!(request.ends_with(&format!("\r\n\r\n{form}")), "{request}");
    }
}

#[tokio::test]
async fn p6_what_is_open_for_a_number_and_since_when() {
    let phone = PhoneNumber::parse("+15555550100", None).unwrap();
    let made = |status: &str| {
        format!(r#"{{"sid":"{VE}","status":"{status}","date_created":"2026-11-20T10:15:30Z"}}"#)
    };
    let (gone, untouched) = (|| Err(ReportError::Gone), ReportError::Transient { doubtful: false });
    let (at, earlier) =
        ("2026-11-20T10:15:30Z".parse().unwrap(), "2026-11-20T10:15:29Z".parse::<Timestamp>().unwrap());
    for (id, reply, before, expected) in [
        ("open", Reply::json(200, &made("pending")), at, Ok(VE.to_owned())),
        ("made after the event", Reply::json(200, &made("pending")), earlier, gone()),
        ("over", Reply::json(200, &made("canceled")), at, gone()),
        ("no moment", Reply::json(200, &format!(r#"{{"sid":"{VE}","status":"pending"}}"#)), at, gone()),
        ("none", Reply::sample(404, "verify-error-20404-verification.json"), at, gone()),
        ("unreadable", Reply::json(200, "{"), at, gone()),
        ("401", Reply::sample(401, "verify-error-20003.json"), at, Err(ReportError::Refused)),
        ("500", Reply::sample(500, "verify-error-20500.json"), at, Err(untouched)),
        ("reset", Reply::Reset, at, Err(untouched)),
    ] {
        let server = Server::start([reply]).await;
        let found = verify(&server.url).open(&phone, before, PATIENCE).await;
        assert_eq!(found, expected, "{id}");
        let request = server.requests().remove(0);
        assert!(
            request.starts_with(&format!("GET /v2/Services/{VA}/Verifications/%2B15555550100 HTTP/1.1\r\n")),
            "{request}"
        );
    }
}

#[tokio::test]
async fn e1_e3_every_answer_says_what_to_do() {
    let doubtful = ReportError::Transient { doubtful: true };
    let sample = |status, name| Reply::sample(status, name);
    for (id, reply, expected) in [
        ("e2_404", sample(404, "verify-error-20404-verification.json"), ReportError::Gone),
        ("other_status", sample(200, "verify-update-canceled.json"), ReportError::Gone),
        ("still_pending", sample(200, "verify-create-sms.json"), doubtful),
        ("unreadable", Reply::json(200, "{"), doubtful),
        ("html", Reply::Answer(200, "", b"<html>".to_vec()), doubtful),
        ("429", sample(429, "verify-error-20429.json"), ReportError::RateLimited { wait: None }),
        (
            "429_wait",
            Reply::Answer(429, "retry-after: 3\r\n", Vec::new()),
            ReportError::RateLimited { wait: Some(Duration::from_secs(3)) },
        ),
        ("401", sample(401, "verify-error-20003.json"), ReportError::Refused),
        ("403", sample(403, "verify-error-60204.json"), ReportError::Refused),
        ("400", sample(400, "verify-error-60200.json"), ReportError::Refused),
        ("302", Reply::Answer(302, "location: /x\r\n", Vec::new()), ReportError::Refused),
        ("500", sample(500, "verify-error-20500.json"), doubtful),
        ("503", sample(503, "twilio-error-non-json-503.html"), doubtful),
        ("408", Reply::json(408, ""), doubtful),
        ("e3_reset", Reply::Reset, doubtful),
    ] {
        let server = Server::start([reply]).await;
        let reported = verify(&server.url).report(Subject::Reference(VE), Verdict::Approved, PATIENCE).await;
        assert_eq!(reported, Err(expected), "{id}");
        assert_eq!(server.requests().len(), 1, "{id}");
    }
}

#[tokio::test]
async fn e3_a_stalled_report_may_have_had_its_effect_and_a_refused_one_not() {
    let server = Server::start([Reply::Stall(Vec::new())]).await;
    let wait = Duration::from_secs(1);
    let stalled = verify(&server.url).report(Subject::Reference(VE), Verdict::Approved, wait).await;
    assert_eq!(stalled, Err(ReportError::Transient { doubtful: true }));
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let provider = verify(&format!("http://{closed}"));
    let refused = provider.report(Subject::Reference(VE), Verdict::Approved, PATIENCE).await;
    assert_eq!(refused, Err(ReportError::Transient { doubtful: false }));
}

#[tokio::test]
async fn s17_what_is_no_sid_never_reaches_a_path() {
    let server = Server::start([]).await;
    let provider = verify(&server.url);
    for bad in ["", "../../Services", "VE8e1d2c3b4a5968778695a4b3c2d1e0f9/x", "VE?Status=approved"] {
        let reported = provider.report(Subject::Reference(bad), Verdict::Approved, PATIENCE).await;
        assert_eq!(reported, Err(ReportError::Refused), "{bad}");
    }
    assert!(server.requests().is_empty());
}
