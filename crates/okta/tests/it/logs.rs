use std::time::Duration;

use okta::{LogQuery, OktaError, Parsed, Transient};
use otp::{OrgName, Reading};
use serde_json::Value;

use crate::fake_okta::{FakeOkta, client, response};
use crate::samples::{DELIVERIES, of};

fn query() -> LogQuery {
    LogQuery {
        since: "2026-11-20T10:00:00.25Z".parse().unwrap(),
        until: "2026-11-20T10:05:00Z".parse().unwrap(),
        next: None,
    }
}

fn org() -> OrgName {
    OrgName::new("main").unwrap()
}

/// The events of a sample of the event hook: the log has the same ones.
fn events(sample: &str) -> String {
    let delivery: Value = serde_json::from_str(of(&DELIVERIES, sample)).unwrap();
    delivery["data"]["events"].to_string()
}

#[tokio::test]
async fn a_span_is_asked_for_and_its_pages_followed() {
    let next = ("link", r#"<https://elsewhere.example/api/v1/logs?after=1680_1&limit=2>; rel="next""#);
    let own = ("link", r#"<https://elsewhere.example/api/v1/logs?limit=2>; rel="self""#);
    let okta = FakeOkta::start(vec![
        response(200, &[own, next], &events("batch-mixed-factors")),
        response(200, &[own], &events("inline-hook-executed-failure")),
        response(200, &[own, next], "[]"),
    ])
    .await;
    let client = client(&okta.base_url);
    let first = client.log_page(&query(), &org()).await.unwrap();
    let readings: Vec<_> = first
        .events
        .iter()
        .filter_map(|event| match event {
            Parsed::Event(event) => Some(event.reading),
            _ => None,
        })
        .collect();
    assert_eq!(readings.len(), 6);
    assert_eq!(readings.iter().filter(|reading| **reading != Reading::Nothing).count(), 3);
    assert_eq!(first.next.as_deref(), Some("after=1680_1&limit=2"));
    let second = client.log_page(&LogQuery { next: first.next, ..query() }, &org()).await.unwrap();
    assert!(matches!(&second.events[..], [Parsed::Send(_)]), "{second:?}");
    assert_eq!(second.next, None);
    let third = client.log_page(&query(), &org()).await.unwrap();
    assert_eq!((third.events.len(), third.next), (0, None), "a link to nothing is no page");

    let asked = okta.asked();
    let line = |n: usize| asked[n].lines().next().unwrap().to_owned();
    assert!(
        line(0).starts_with(
            "GET /api/v1/logs?since=2026-11-20T10%3A00%3A00.250Z&until=2026-11-20T10%3A05%3A00.000Z&filter="
        ),
        "{}",
        line(0)
    );
    assert!(line(0).ends_with("&limit=500&sortOrder=ASCENDING HTTP/1.1"), "{}", line(0));
    for part in [
        "user.authentication.auth_via_mfa",
        "user.mfa.factor.activate",
        "inline_hook.executed",
        "system.voice.receive_status",
    ] {
        assert!(line(0).contains(part), "{part}");
    }
    assert_eq!(
        line(1),
        "GET /api/v1/logs?after=1680_1&limit=2 HTTP/1.1",
        "the org itself is asked, whatever the link says"
    );
    assert!(asked[1].to_lowercase().contains("authorization: ssws 00faketoken\r\n"), "{}", asked[1]);
}

#[tokio::test]
async fn d1_the_logs_limit_is_its_own() {
    let headers = [
        ("date", "Fri, 20 Nov 2026 10:19:50 GMT"),
        ("x-rate-limit-limit", "60"),
        ("x-rate-limit-remaining", "0"),
        ("x-rate-limit-reset", "1795170000"),
    ];
    for status in [429, 200] {
        let okta = FakeOkta::start(vec![response(status, &headers, "[]")]).await;
        let client = client(&okta.base_url);
        assert_eq!(client.log_page(&query(), &org()).await.is_ok(), status == 200);
        let limited = client.log_page(&query(), &org()).await.unwrap_err();
        let OktaError::RateLimited { wait } = limited else { panic!("{limited:?}") };
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(12), "by Okta's clock: {wait:?}");
        assert_eq!(okta.asked().len(), 1, "not asked again");
        assert_eq!(client.limited(), None, "users are looked up meanwhile");
    }
}

#[tokio::test]
async fn d2_d3_a_failure_says_what_to_do() {
    let huge = format!("[{}]", " ".repeat(8 << 20));
    let okta = FakeOkta::start(vec![
        response(503, &[], ""),
        response(401, &[], "{}"),
        response(403, &[], "{}"),
        response(302, &[("location", "https://elsewhere.example/")], ""),
        response(200, &[], "{}"),
        response(200, &[], "<html>"),
        response(200, &[], &huge),
    ])
    .await;
    let mut failed = Vec::new();
    for _ in 0..7 {
        // What is refused is not asked again by the same one.
        failed.push(client(&okta.base_url).log_page(&query(), &org()).await.unwrap_err());
    }
    assert!(matches!(failed[0], OktaError::Transient(Transient::Status(503))), "{failed:?}");
    for (failed, expected) in failed[1..4].iter().zip(["unauthorized", "forbidden", "address"]) {
        let OktaError::Refused { why, news: true } = failed else { panic!("{failed:?}") };
        assert_eq!(why.reason(), expected);
    }
    for failed in &failed[4..] {
        assert!(matches!(failed, OktaError::Malformed { .. }), "{failed:?}");
    }
}
