//! Verify: starting a verification.

use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::Channel;
use telephony::{AttemptReport, Budget, Hints, Level, Outgoing, Provider, Remedy};

use crate::server::{Reply, Server, body};
use crate::setup::{VA, VE, budget, message, options, timed, verify};

async fn send_to(script: impl IntoIterator<Item = Reply>) -> (AttemptReport, Server) {
    let server = Server::start(script).await;
    let report = verify(&server.url).send(&message(), Hints::default(), budget()).await;
    (report, server)
}

#[tokio::test]
async fn the_request_is_the_one_twilio_documents() {
    let (report, server) = send_to([Reply::sample(201, "verify-create-sms.json")]).await;
    assert_eq!(report.outcome, Accepted);
    assert_eq!(report.provider_ref.as_deref(), Some(VE));
    assert_eq!(report.attempt_ref.as_deref(), Some("VL1a2b3c4d5e6f708192a3b4c5d6e7f809"));
    assert_eq!((report.http_status, report.provider_code, report.cause), (Some(201), None, None));
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    let head = request.split_once("\r\n\r\n").unwrap().0;
    assert!(head.starts_with(&format!("POST /v2/Services/{VA}/Verifications HTTP/1.1\r\n")), "{head}");
    for line in [
        // AC…:s3cret
        "authorization: Basic QUNkNDFmM2MwYTliNWU0ZTdmOGExYjJjM2Q0ZTVmNjA3MTpzM2NyZXQ=",
        "content-type: application/x-www-form-urlencoded",
        "accept: application/json",
        "content-length: 121",
    ] {
        assert!(head.lines().any(|l| l == line), "{line} in {head}");
    }
    assert!(!head.contains("accept-encoding") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(
        body(request),
        "To=%2B15555550101&Channel=sms&CustomCode=019284&\
         Tags=%7B%22transaction%22%3A%22019aa000-0000-7000-8000-000000000001%22%7D"
    );
}

#[tokio::test]
async fn a_call_is_a_call_and_a_known_locale_is_passed_on() {
    let server = Server::start([Reply::sample(201, "verify-create-call-after-sms.json")]).await;
    let message = Outgoing { channel: Channel::Voice, locale: Some("pt_BR".to_owned()), ..message() };
    let report = verify(&format!("{}/twilio/", server.url)).send(&message, Hints::default(), budget()).await;
    assert_eq!(report.outcome, Accepted);
    assert_eq!(report.attempt_ref.as_deref(), Some("VL4c3b2a19081726354453627180910a2b"), "the last one");
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /twilio/v2/Services/VA"), "the base URL's path is kept: {request}");
    assert!(body(&request).contains("&Channel=call&Locale=pt-BR&CustomCode=019284&"), "{request}");
}

#[tokio::test]
async fn every_sample_error_of_the_contract() {
    for (id, status, sample, code, expected) in [
        ("c7", 500, "verify-error-20500.json", Some("20500"), Ambiguous),
        ("c7_html", 503, "twilio-error-non-json-503.html", None, Ambiguous),
        ("c8", 429, "verify-error-20429.json", Some("20429"), NotSent),
        ("c9", 429, "verify-error-60203.json", Some("60203"), RejectedLimit),
        ("c9", 429, "verify-error-60212.json", Some("60212"), RejectedLimit),
        ("c10", 403, "verify-error-60410.json", Some("60410"), RejectedFraud),
        ("c10", 403, "verify-error-60413.json", Some("60413"), RejectedFraud),
        ("c11", 400, "verify-error-60200.json", Some("60200"), RejectedNumber),
        ("c11", 403, "verify-error-60205.json", Some("60205"), RejectedNumber),
        ("c11", 403, "verify-error-60605.json", Some("60605"), RejectedNumber),
        ("c12", 401, "verify-error-20003.json", Some("20003"), Misconfigured),
        ("c12", 404, "verify-error-20404-service.json", Some("20404"), Misconfigured),
        ("c12", 403, "verify-error-60204.json", Some("60204"), Misconfigured),
        ("c12", 403, "verify-error-60238.json", Some("60238"), Misconfigured),
    ] {
        let (report, _server) = send_to([Reply::sample(status, sample)]).await;
        assert_eq!(report.outcome, expected, "{id} {sample}");
        assert_eq!(report.provider_code.as_deref(), code, "{id} {sample}");
        let remedy = (expected == NotSent).then_some(Remedy::Later);
        assert_eq!((report.http_status, report.remedy), (Some(status), remedy), "{id} {sample}");
    }
}

#[tokio::test]
async fn c8_retry_after_is_read_where_it_is_seconds() {
    for (header, expected) in [
        ("retry-after: 2\r\n", Some(Duration::from_secs(2))),
        ("retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", None),
        ("retry-after: -1\r\n", None),
    ] {
        let reply = Reply::Answer(429, header, br#"{"code":20429}"#.to_vec());
        assert_eq!(send_to([reply]).await.0.retry_after, expected, "{header}");
    }
}

#[tokio::test]
async fn c13_c16_odd_answers() {
    let gzip = "content-encoding: gzip\r\ncontent-type: application/json\r\n";
    let redirect = "location: http://127.0.0.1:1/elsewhere\r\n";
    for (id, reply, expected, cause) in [
        ("c13_html", Reply::Answer(201, "", b"<html>".to_vec()), Ambiguous, Some("unreadable")),
        ("c13_truncated_json", Reply::json(201, r#"{"sid":"VE8e"#), Ambiguous, Some("unreadable")),
        ("c13_empty", Reply::json(201, ""), Ambiguous, Some("unreadable")),
        (
            "c13_cut_body",
            Reply::Bytes(b"HTTP/1.1 201 x\r\ncontent-length: 900\r\n\r\n{\"sid\":".to_vec()),
            Ambiguous,
            Some("broken"),
        ),
        ("c6_cut_head", Reply::Bytes(b"HTTP/1.1 201 x\r\nconte".to_vec()), Ambiguous, Some("broken")),
        ("c6_no_http", Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), Ambiguous, Some("broken")),
        ("c15_gzip", Reply::Answer(201, gzip, vec![0x1f, 0x8b, 8, 0]), Ambiguous, Some("unreadable")),
        ("c16_redirect", Reply::Answer(307, redirect, Vec::new()), Misconfigured, None),
        (
            "c12_cut_401",
            Reply::Bytes(b"HTTP/1.1 401 x\r\ncontent-length: 9\r\n\r\n".to_vec()),
            Misconfigured,
            Some("broken"),
        ),
    ] {
        let (report, server) = send_to([reply]).await;
        assert_eq!((report.outcome, report.cause), (expected, cause), "{id}");
        assert_eq!(server.requests().len(), 1, "{id}: asked once");
    }
}

#[tokio::test]
async fn c15_a_hundred_megabytes_are_not_read() {
    let (report, server) = send_to([Reply::Huge]).await;
    assert_eq!((report.outcome, report.cause), (Ambiguous, Some("too_long")));
    assert!(server.huge_bytes() < 50_000_000, "{} bytes", server.huge_bytes());
}

#[tokio::test]
async fn c5_reset_after_the_request_was_read() {
    let (report, server) = send_to([Reply::Reset]).await;
    assert_eq!((report.outcome, report.cause), (Ambiguous, Some("broken")));
    assert_eq!(server.requests().len(), 1, "not sent again");
}

async fn within_budget(url: &str, connect: u64, total: u64) -> (AttemptOutcome, Option<&'static str>) {
    let budget = Budget { connect: Duration::from_millis(connect), total: Duration::from_millis(total) };
    let provider = verify(url);
    let (report, took) = timed(provider.send(&message(), Hints::default(), budget)).await;
    assert!(took < Duration::from_millis(total + 2_000), "{took:?}");
    (report.outcome, report.cause)
}

#[tokio::test]
async fn c4_c15_a_stalled_answer_is_ambiguous_within_the_budget() {
    let ambiguous = (Ambiguous, Some("timeout"));
    let stalled = async |answer: &str, expected| {
        let server = Server::start([Reply::Stall(answer.as_bytes().to_vec())]).await;
        assert_eq!(within_budget(&server.url, 1_000, 1_000).await, expected, "{answer}");
    };
    tokio::join!(
        stalled("", ambiguous),
        stalled("HTTP/1.1 201 x\r\ncont", ambiguous),
        stalled("HTTP/1.1 201 x\r\ncontent-length: 9\r\n\r\n{", ambiguous),
        // Where the status is enough, it is.
        stalled("HTTP/1.1 401 x\r\ncontent-length: 9\r\n\r\n{", (Misconfigured, Some("timeout"))),
    );
}

/// The timer and the connection race for the request: whoever is told "not sent" must be able to rely on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c2_what_is_not_sent_never_arrives() {
    let server =
        Server::start((0..400).map(|_| Reply::Answer(201, "connection: close\r\n", Vec::new()))).await;
    let provider = verify(&server.url);
    let mut not_sent = Vec::new();
    for n in 0..400u128 {
        let transaction = uuid::Uuid::from_u128(n);
        let message = Outgoing { transaction: transaction.into(), ..message() };
        let connect = Duration::from_micros(u64::try_from(n % 40).unwrap() * 50);
        let budget = Budget { connect, ..budget() };
        if provider.send(&message, Hints::default(), budget).await.outcome == NotSent {
            not_sent.push(transaction.to_string());
        }
    }
    drop(provider);
    server.all_closed().await;
    let arrived = server.requests();
    assert!(not_sent.iter().all(|t| arrived.iter().all(|request| !request.contains(t))));
    assert_eq!(arrived.len() + not_sent.len(), 400);
}

#[tokio::test]
async fn c2_nobody_listens() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(within_budget(&format!("http://{closed}"), 9_000, 9_000).await, (NotSent, Some("connect")));
}

#[tokio::test]
async fn c1_no_such_name() {
    let (outcome, _) = within_budget("http://verify.invalid", 400, 500).await;
    assert_eq!(outcome, NotSent);
}

#[tokio::test]
async fn c3_tls_that_stalls_or_is_none() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    assert_eq!(within_budget(&url, 200, 5_000).await, (NotSent, Some("connect_timeout")));
    assert_eq!(within_budget(&url, 300, 300).await.0, NotSent, "all its time went into connecting");
    assert_eq!(within_budget(&url, 5_000, 300).await, (NotSent, Some("timeout")));

    let talker = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        loop {
            let (mut stream, _) = silent.accept().await.unwrap();
            let _ = stream.write_all(b"220 smtp.example.com ESMTP\r\n").await;
        }
    });
    assert_eq!(within_budget(&url, 3_000, 3_000).await, (NotSent, Some("connect")));
    talker.abort();
}

#[tokio::test]
async fn c20_a_connection_the_server_closed_costs_nothing() {
    let answer =
        std::fs::read(format!("{}/tests/samples/verify-create-sms.json", env!("CARGO_MANIFEST_DIR")));
    let answer = answer.unwrap();
    let mut closing = format!("HTTP/1.1 201 x\r\ncontent-length: {}\r\n\r\n", answer.len()).into_bytes();
    closing.extend(answer);
    let server = Server::start([Reply::Bytes(closing), Reply::sample(201, "verify-create-sms.json")]).await;
    let provider = verify(&server.url);
    for _ in 0..2 {
        assert_eq!(provider.send(&message(), Hints::default(), budget()).await.outcome, Accepted);
        if server.requests().len() == 1 {
            server.all_closed().await;
        }
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn the_check_up_says_what_to_do() {
    for (status, body, level, word) in [
        (200, r#"{"sid":"VA","custom_code_enabled":true}"#, Level::Ok, "enabled"),
        (200, r#"{"sid":"VA","custom_code_enabled":false}"#, Level::Fail, "custom codes"),
        (200, r#"{"sid":"VA"}"#, Level::Warn, "custom codes"),
        (200, "<html>", Level::Fail, "no Verify service"),
        (401, r#"{"code":20003}"#, Level::Fail, "credentials"),
        (404, r#"{"code":20404}"#, Level::Fail, "no such service"),
        (503, "", Level::Fail, "no usable answer"),
    ] {
        let server = Server::start([Reply::json(status, body)]).await;
        let findings = verify(&server.url).check(Duration::from_secs(30)).await;
        assert!(findings.iter().any(|f| f.level == level && f.what.contains(word)), "{status} {findings:?}");
        assert!(findings.iter().any(|f| f.what.contains("not https")), "{findings:?}");
        assert!(server.requests()[0].starts_with(&format!("GET /v2/Services/{VA} HTTP/1.1")));
    }
}

#[test]
fn every_wrong_setting_is_named_and_no_value_is() {
    use secrecy::SecretString;
    use telephony::twilio::Auth;
    use telephony::twilio::verify::Verify;

    let wrong = telephony::twilio::verify::VerifyOptions {
        account_sid: "AC-hunter2".to_owned(),
        service_sid: "hunter2".to_owned(),
        auth: Auth::ApiKey { key: "hunter2".to_owned(), secret: SecretString::from(" ".to_owned()) },
        locales: vec!["hunter 2".to_owned()],
        ..options("ftp://hunter2:x@example.com/?a=b")
    };
    let error = Verify::new(wrong).err().unwrap().to_string();
    for key in ["account_sid", "service_sid", "api_key", "api_secret", "locales", "base_url"] {
        assert!(error.contains(key), "{key} in {error}");
    }
    assert!(!error.contains("hunter"), "{error}");
    assert!(!format!("{:?}", options("https://example.com")).contains("s3cret"));
}
