//! What can go wrong on the way, and what each kind makes of it.

use otp::AttemptOutcome::*;
use proptest::prelude::*;
use telephony::Hints;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::kinds::{KINDS, Kind, Says};
use super::{answered, at, each, ms};
use crate::server::{Reply, Server};
use crate::setup::{budget, message};

#[tokio::test]
async fn c1_a_name_nobody_knows() {
    for kind in KINDS {
        let report = at(kind, "http://no-such-host.invalid", ms(20_000, 30_000)).await;
        assert_eq!((report.outcome, report.http_status), (NotSent, None), "{}", kind.name);
    }
}

#[tokio::test]
async fn c2_nobody_listens() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for kind in KINDS {
        let report = at(kind, &format!("http://{closed}"), budget()).await;
        assert_eq!((report.outcome, report.cause), (NotSent, Some("connect")), "{}", kind.name);
    }
}

#[tokio::test]
async fn c3_a_handshake_that_stalls_and_one_that_is_none() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    for kind in KINDS {
        let report = at(kind, &url, ms(100, 20_000)).await;
        assert_eq!((report.outcome, report.cause), (NotSent, Some("connect_timeout")), "{}", kind.name);
    }
    let talker = tokio::spawn(async move {
        loop {
            let (mut stream, _) = silent.accept().await.unwrap();
            let _ = stream.write_all(b"220 smtp.example.com ESMTP\r\n").await;
        }
    });
    for kind in KINDS {
        let report = at(kind, &url, budget()).await;
        assert_eq!((report.outcome, report.cause), (NotSent, Some("connect")), "{}", kind.name);
    }
    talker.abort();
}

/// Each kind by itself, all at once: what takes time takes it once.
async fn at_once(reply: fn() -> Reply, cause: &'static str) {
    let mut all = tokio::task::JoinSet::new();
    for kind in KINDS {
        all.spawn(async move {
            let (report, _server) = answered(kind, reply(), ms(2_500, 2_500)).await;
            assert_eq!((report.outcome, report.cause), (Ambiguous, Some(cause)), "{}", kind.name);
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn c4_c5_no_answer_after_the_request_was_read() {
    at_once(|| Reply::Stall(Vec::new()), "timeout").await;
}

#[tokio::test]
async fn c5_c6_reset_after_the_request_was_read() {
    at_once(|| Reply::Reset, "broken").await;
}

#[tokio::test]
async fn c6_cut_within_the_head_and_within_the_body() {
    at_once(|| Reply::Bytes(b"HTTP/1.1 201 x\r\nconte".to_vec()), "broken").await;
    at_once(|| Reply::Bytes(b"HTTP/1.1 201 x\r\ncontent-length: 900\r\n\r\n{\"sid\":".to_vec()), "broken")
        .await;
    at_once(|| Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), "broken").await;
    at_once(|| Reply::Stall(b"HTTP/1.1 201 x\r\ncontent-length: 9\r\n\r\n{".to_vec()), "timeout").await;
}

#[tokio::test]
async fn c15_a_body_without_end_by_the_byte_and_by_the_megabyte() {
    at_once(|| Reply::Drip, "timeout").await;
    for kind in KINDS {
        let (report, server) = answered(kind, Reply::Huge, budget()).await;
        assert_eq!((report.outcome, report.cause), (Ambiguous, Some("too_long")), "{}", kind.name);
        assert!(server.huge_bytes() < 50_000_000, "{}: {} bytes", kind.name, server.huge_bytes());
    }
}

fn garbage() -> Vec<Reply> {
    let gzip = "content-encoding: gzip\r\ncontent-type: application/json\r\n";
    vec![
        Reply::json(200, ""),
        Reply::json(201, "<html>"),
        Reply::json(200, "null"),
        Reply::json(200, "[[]]"),
        Reply::json(201, r#"{"sid":"VE8e"#),
        Reply::json(200, r#"{"sid":7,"status":7,"reference_id":7,"id":{}}"#),
        Reply::Answer(200, "", b"{\"sid\":\"\xff\xfe\"}".to_vec()),
        Reply::Answer(201, gzip, vec![0x1f, 0x8b, 8, 0]),
    ]
}

#[tokio::test]
async fn c13_c15_garbage_under_a_good_status_was_probably_sent() {
    each(
        |_| garbage(),
        |kind, n, report| {
            assert_eq!((report.outcome, report.provider_ref), (Ambiguous, None), "{} {n}", kind.name);
        },
    )
    .await;
    each(
        |kind| (kind.answers)(Says::Nameless),
        |kind, n, report| {
            assert_eq!((report.outcome, report.provider_ref), (Ambiguous, None), "{} {n}", kind.name);
        },
    )
    .await;
}

#[tokio::test]
async fn c16_nobody_is_sent_elsewhere() {
    let elsewhere = Server::start([]).await;
    let location: &'static str = format!("location: {}/elsewhere\r\n", elsewhere.url).leak();
    let replies =
        |_: &Kind| [301, 302, 303, 307, 308].map(|status| Reply::Answer(status, location, Vec::new())).into();
    each(replies, |kind, n, report| assert_eq!(report.outcome, Misconfigured, "{} {n}", kind.name)).await;
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn c20_a_connection_that_the_server_has_closed_costs_nothing() {
    for kind in KINDS {
        let mut replies = (kind.answers)(Says::Taken).into_iter().chain((kind.answers)(Says::Taken));
        let Some(Reply::Answer(status, headers, body)) = replies.next() else { unreachable!() };
        let mut closing =
            format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
        closing.extend(body);
        let server = Server::start([Reply::Bytes(closing), replies.next().unwrap()]).await;
        let provider = (kind.provider)(&server.url);
        for n in 1..=2 {
            let report = provider.send(&message(), Hints::default(), budget()).await;
            assert_eq!((report.outcome, server.requests().len()), (Accepted, n), "{}", kind.name);
            if n == 1 {
                server.all_closed().await;
            }
        }
    }
}

/// Bodies that look a little like answers.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"sid\":",
        "\"VE8e1d2c3b4a5968778695a4b3c2d1e0f9\"",
        "\"status\":",
        "\"pending\"",
        ",",
        "\"failed\"",
        "\"code\":",
        "60410",
        "null",
        "\"reference_id\":",
        "{\"code\":3001}",
        "-1",
        "1e999",
        "\"id\":",
        "\"",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(word, 0..12).prop_map(|words| words.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn p2_c13_no_answer_is_taken_for_an_acceptance_without_a_good_status(
        answers in prop::collection::vec((prop::sample::select(vec![200u16, 201, 202, 301, 400, 401, 404, 429, 500, 503]), bodies()), 8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcomes = runtime.block_on(async {
            let mut outcomes = Vec::new();
            for kind in KINDS {
                let replies = answers.iter().map(|(status, body)| Reply::Answer(*status, "", body.clone()));
                let server = Server::start(replies).await;
                let provider = (kind.provider)(&server.url);
                for (status, _) in &answers {
                    let report = provider.send(&message(), Hints::default(), budget()).await;
                    outcomes.push((kind, *status, report));
                }
                assert_eq!(server.requests().len(), answers.len(), "{}", kind.name);
            }
            outcomes
        });
        for (kind, status, report) in outcomes {
            prop_assert_eq!(report.http_status, Some(status), "{}", kind.name);
            if report.outcome == Accepted {
                // Telesign's word counts for more than its HTTP status.
                prop_assert!((200..300).contains(&status) || kind.name == "telesign", "{} {}", kind.name, status);
                prop_assert!(report.provider_ref.is_some(), "{}", kind.name);
            }
        }
    }
}
