use std::error::Error;
use std::time::Duration;

use okta::{BuildError, Credential, OktaClient, OktaError, Probed, Transient};
use otp::Channel::{Sms, Voice};
use serde_json::Value;

use crate::fake_okta::{FakeOkta, WrongClock, client, options, response};
use crate::samples::sample;

const ANA: &str = "00uFAKEana000000001a7";

/// One of the samples that hold status, headers and body; with a `Date` if one is given.
fn error(sample: &str, date: Option<&str>) -> Vec<u8> {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let headers = sample["headers"].as_object().unwrap();
    let headers = headers
        .iter()
        .filter(|(name, _)| *name != "content-type")
        .map(|(n, v)| (n.as_str(), v.as_str().unwrap()));
    let headers: Vec<_> = headers.chain(date.map(|date| ("date", date))).collect();
    response(
        u16::try_from(sample["status"].as_u64().unwrap()).unwrap(),
        &headers,
        &sample["body"].to_string(),
    )
}

fn ok(sample: (&str, &str)) -> Vec<u8> {
    response(200, &[], sample.1)
}

/// What a log would show of an error: itself and all its causes.
fn chain(error: &OktaError) -> String {
    let mut text = format!("{error:?} | {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text} | {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn d5_enrolled_phones_are_the_active_ones() {
    let okta = FakeOkta::start(vec![
        ok(sample!("factors-list-200")),
        ok(sample!("factors-list-200-sms-pending")),
        ok(sample!("factors-list-200-empty")),
        response(200, &[], r#"[null, 7, {}, {"factorType":"sms","status":"INACTIVE","profile":{"phoneNumber":"+15555550101"}},
            {"factorType":"sms","status":"ACTIVE","profile":null}, {"factorType":"call","profile":{"phoneNumber":15555550102}}]"#),
    ])
    .await;
    let client = client(&okta.base_url);
    let us = "us".parse().unwrap();
    for expected in
        [&[(Sms, "+15555550101"), (Voice, "+15555550102")][..], &[], &[], &[(Voice, "+15555550102")]]
    {
        let phones = client.enrolled_phones(ANA).await.unwrap();
        let read: Vec<_> = phones.iter().map(|p| (p.channel, p.phone.read(Some(&us)).unwrap())).collect();
        let read: Vec<_> = read.iter().map(|(channel, phone)| (*channel, phone.expose_e164())).collect();
        assert_eq!(read, expected);
        assert!(!format!("{phones:?}").contains("55"), "{phones:?}");
    }
    let head = okta.asked().remove(0).to_lowercase();
    assert!(
        head.starts_with(&format!("get /api/v1/users/{}/factors http/1.1\r\n", ANA.to_lowercase())),
        "{head}"
    );
    assert!(head.contains("authorization: ssws 00faketoken\r\n"), "{head}");
    assert!(head.contains("accept: application/json\r\n"), "{head}");
    assert!(!head.contains("content-type"), "{head}");
}

#[tokio::test]
async fn d6_the_profile_has_a_number_or_none() {
    let okta = FakeOkta::start(vec![
        ok(sample!("users-get-200")),
        ok(sample!("users-get-200-no-phone")),
        response(200, &[], r#"{"profile":{"mobilePhone":" "}}"#),
        response(200, &[], "{}"),
    ])
    .await;
    let client = client(&okta.base_url);
    let phone = client.profile_phone(ANA).await.unwrap().unwrap();
    assert_eq!(phone.read(None).unwrap().expose_e164(), "+15555550199");
    for _ in 0..3 {
        assert!(client.profile_phone(ANA).await.unwrap().is_none());
    }
    let head = okta.asked().remove(0).to_lowercase();
    assert!(head.starts_with(&format!("get /api/v1/users/{} http/1.1\r\n", ANA.to_lowercase())), "{head}");
    assert!(
        head.contains(
            "content-type: application/json; okta-response=omitcredentials,omitcredentialslinks\r\n"
        ),
        "{head}"
    );
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path() {
    let ids = [
        ("a/../../admin", "a%2F..%2F..%2Fadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("a\\b", "a%5Cb"),
        ("é", "%C3%A9"),
        ("ana@example.com", "ana@example.com"),
    ];
    let okta = FakeOkta::start(vec![response(200, &[], "[]"); ids.len()]).await;
    let client = client(&format!("{}/prefix/?query#fragment", okta.base_url));
    for (id, _) in ids {
        client.enrolled_phones(id).await.unwrap();
    }
    for ((_, segment), head) in ids.iter().zip(okta.asked()) {
        let expected = format!("GET /prefix/api/v1/users/{segment}/factors HTTP/1.1\r\n");
        assert!(head.starts_with(&expected), "{expected}{head}");
    }
    for nobody in ["", ".", "..", "me", "a b", "a\r\nb", "\t", &"x".repeat(256)] {
        assert!(matches!(client.profile_phone(nobody).await, Err(OktaError::NoUser)), "{nobody:?}");
    }
    assert_eq!(okta.asked().len(), ids.len(), "nobody is asked for");
}

#[tokio::test]
async fn d1_the_wait_is_oktas_although_our_clock_is_ten_minutes_off() {
    // The sample's reset is 1795170000, the epoch second of 10:20:00.
    let date = Some("Fri, 20 Nov 2026 10:19:23 GMT");
    let okta = FakeOkta::start(vec![
        error(sample!("error-429-E0000047").1, date),
        ok(sample!("users-get-200")),
        ok(sample!("factors-list-200")),
    ])
    .await;
    let clock = WrongClock::new();
    let client = OktaClient::new(options(&okta.base_url, clock.clone())).unwrap();
    assert_eq!(client.limited(), None);
    let wait = Duration::from_secs(37);
    let limited = async |wait| {
        let found = client.enrolled_phones(ANA).await;
        assert!(matches!(found, Err(OktaError::RateLimited { wait: w }) if w == wait), "{found:?}");
    };
    limited(wait).await;
    assert_eq!(client.clone().limited(), Some(wait), "clones share it");
    limited(wait).await;
    assert_eq!(okta.asked().len(), 1, "what is used up is not asked");
    client.profile_phone(ANA).await.unwrap();
    assert_eq!(okta.asked().len(), 2, "another endpoint has its own limit");

    clock.advance(Duration::from_secs(10));
    limited(Duration::from_secs(27)).await;
    clock.advance(Duration::from_secs(27));
    assert_eq!(client.limited(), None);
    assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 2);
}

#[tokio::test]
async fn d1_too_many_at_one_time_is_a_short_wait_for_everything_and_a_longer_one_again() {
    let crowd = error(sample!("error-429-concurrency").1, Some("Fri, 20 Nov 2026 10:19:23 GMT"));
    let okta = FakeOkta::start(vec![crowd.clone(), crowd, response(200, &[], "[]")]).await;
    let clock = WrongClock::new();
    let client = OktaClient::new(options(&okta.base_url, clock.clone())).unwrap();
    for wait in [500, 1000] {
        let wait = Duration::from_millis(wait);
        let found = client.enrolled_phones(ANA).await;
        assert!(matches!(found, Err(OktaError::RateLimited { wait: w }) if w == wait), "{found:?}");
        let found = client.profile_phone(ANA).await;
        assert!(matches!(found, Err(OktaError::RateLimited { wait: w }) if w == wait), "{found:?}");
        assert_eq!((client.crowded(), client.limited()), (Some(wait), None));
        clock.advance(wait);
    }
    client.enrolled_phones(ANA).await.unwrap();
    assert_eq!(okta.asked().len(), 3);
}

#[tokio::test]
async fn d1_of_every_limit_a_share_is_left_to_others() {
    let answer = |left: &str, reset: &str| {
        let headers = [
            ("date", "Fri, 20 Nov 2026 10:19:50 GMT"),
            ("x-rate-limit-limit", "40"),
            ("x-rate-limit-remaining", left),
            ("x-rate-limit-reset", reset),
        ];
        response(200, &headers, "[]")
    };
    let this_minute = "1795170000";
    let okta =
        FakeOkta::start(vec![answer("7", this_minute), answer("6", this_minute), answer("39", "1795170010")])
            .await;
    let clock = WrongClock::new();
    let mut careful = options(&okta.base_url, clock.clone());
    careful.reserve = 13;
    let client = OktaClient::new(careful).unwrap();
    for _ in 0..2 {
        assert!(client.enrolled_phones(ANA).await.unwrap().is_empty());
    }
    let wait = Duration::from_secs(10);
    let found = client.enrolled_phones(ANA).await;
    assert!(matches!(found, Err(OktaError::RateLimited { wait: w }) if w == wait), "{found:?}");
    clock.advance(wait);
    assert!(client.enrolled_phones(ANA).await.unwrap().is_empty());
    assert_eq!((okta.asked().len(), client.limited()), (3, None));
}

#[tokio::test]
async fn d2_what_may_work_next_time_is_transient() {
    let short = response(200, &[], "[]");
    let okta = FakeOkta::start(vec![
        response(500, &[], "{}"),
        response(503, &[], "<html>"),
        short[..short.len() - 1].to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        Vec::new(),
    ])
    .await;
    let mut quick = options(&okta.base_url, WrongClock::new());
    quick.timeout = Duration::from_millis(300);
    let client = OktaClient::new(quick).unwrap();
    for status in [500, 503] {
        let found = client.enrolled_phones(ANA).await.unwrap_err();
        assert!(matches!(found, OktaError::Transient(Transient::Status(s)) if s == status), "{found:?}");
    }
    for _ in 0..2 {
        let found = client.enrolled_phones(ANA).await.unwrap_err();
        assert!(matches!(found, OktaError::Transient(Transient::Broken(_))), "{found:?}");
        assert_no_address(&found);
    }
    let found = client.enrolled_phones(ANA).await.unwrap_err();
    assert!(matches!(found, OktaError::Transient(Transient::Timeout(_))), "{found:?}");
    assert_no_address(&found);
    assert_eq!((client.limited(), client.refusals()), (None, vec![]), "only Okta's own word makes a pause");
}

#[tokio::test]
async fn d2_nobody_at_home_is_transient() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let found = client(&base_url).enrolled_phones(ANA).await.unwrap_err();
    assert!(matches!(found, OktaError::Transient(Transient::Connect(_))), "{found:?}");
    assert_no_address(&found);
}

fn assert_no_address(error: &OktaError) {
    let text = chain(error);
    for inside in [ANA, "http://", "00fakeToken", "/api/"] {
        assert!(!text.contains(inside), "{text}");
    }
}

#[tokio::test]
async fn d3_a_refusal_waits_for_a_person_and_nothing_is_asked_meanwhile() {
    let moved = ("location", "https://elsewhere.example/");
    for (refusal, reason) in [
        (error(sample!("error-401-E0000011").1, None), "unauthorized"),
        (error(sample!("error-403-E0000006").1, None), "forbidden"),
        (response(302, &[moved], ""), "address"),
        (response(404, &[], "<html>no such page</html>"), "address"),
    ] {
        // A 403 may be about one user: it is asked whether it is about all.
        let asked = if reason == "forbidden" { 2 } else { 1 };
        let mut answers = vec![refusal.clone(); asked + 1];
        answers.extend([response(200, &[], "[]"), response(200, &[], "[]")]);
        let okta = FakeOkta::start(answers).await;
        let clock = WrongClock::new();
        let client = OktaClient::new(options(&okta.base_url, clock.clone())).unwrap();
        let found = client.enrolled_phones(ANA).await.unwrap_err();
        let OktaError::Refused { why, news: true } = &found else { panic!("{found:?}") };
        assert_eq!(why.reason(), reason);
        assert_no_address(&found);
        for _ in 0..3 {
            let found = client.profile_phone(ANA).await.unwrap_err();
            assert!(matches!(found, OktaError::Paused { .. }), "{found:?}");
            assert_eq!(client.probe().await.len(), 0);
        }
        assert_eq!((okta.asked().len(), client.refusals().len()), (asked, 1));
        clock.advance(Duration::from_secs(4));
        assert_eq!(client.probe().await.len(), 0, "still refused, and no news");
        assert_eq!(
            (okta.asked().len(), client.probe().await.len()),
            (asked + 1, 0),
            "one probe, then a longer wait"
        );
        clock.advance(Duration::from_secs(8));
        let found = client.probe().await;
        assert!(matches!(&found[..], [Probed::Mended(why)] if why.reason() == reason), "{found:?}");
        assert!(client.refusals().is_empty());
        client.enrolled_phones(ANA).await.unwrap();
    }
}

#[tokio::test]
async fn d3_one_user_that_is_not_shown_stops_nobody_else() {
    let forbidden = error(sample!("error-403-E0000006").1, None);
    let okta = FakeOkta::start(vec![forbidden, response(200, &[], "[]"), ok(sample!("users-get-200"))]).await;
    let client = client(&okta.base_url);
    assert!(matches!(client.enrolled_phones(ANA).await, Err(OktaError::Hidden)));
    assert!(client.refusals().is_empty());
    client.profile_phone(ANA).await.unwrap();
}

#[tokio::test]
async fn d4_a_deleted_user_is_no_user() {
    let not_found = error(sample!("error-404-E0000007").1, None);
    let okta = FakeOkta::start(vec![not_found.clone(), not_found]).await;
    let client = client(&okta.base_url);
    assert!(matches!(client.enrolled_phones(ANA).await, Err(OktaError::NoUser)));
    assert!(matches!(client.profile_phone(ANA).await, Err(OktaError::NoUser)));
}

#[tokio::test]
async fn d7_what_is_huge_or_no_json_is_malformed() {
    let huge = format!("[{}]", " ".repeat(1 << 20));
    let deep = "[".repeat(100_000);
    let answers = [huge.as_str(), &deep, "", "<html>", "{}", "\"x\"", "[{\"profile\":"];
    let mut canned: Vec<_> = answers.iter().map(|body| response(200, &[], body)).collect();
    canned.push(response(200, &[], "[]"));
    canned.push(response(400, &[], "{}"));
    canned.push(response(400, &[], r#"{"errorCode":"E0000001","errorSummary":"Api validation failed"}"#));
    let okta = FakeOkta::start(canned).await;
    let client = client(&okta.base_url);
    for _ in answers {
        let found = client.enrolled_phones(ANA).await.unwrap_err();
        assert!(matches!(found, OktaError::Malformed { .. }), "{found:?}");
    }
    assert!(matches!(client.profile_phone(ANA).await, Err(OktaError::Malformed { what: "the user" })));
    assert!(matches!(client.profile_phone(ANA).await, Err(OktaError::Malformed { what: "the status" })));
    let found = client.profile_phone(ANA).await.unwrap_err();
    assert!(
        matches!(&found, OktaError::Rejected { status: 400, code, .. } if code == "E0000001"),
        "{found:?}"
    );
}

#[test]
fn options_that_cannot_work_are_refused() {
    for base_url in ["ftp://example.okta.com", "data:x", "mailto:a@example.com"] {
        assert!(matches!(OktaClient::new(options(base_url, WrongClock::new())), Err(BuildError::BaseUrl)));
    }
    let mut bad_token = options("https://example.okta.com", WrongClock::new());
    bad_token.credential = Credential::Ssws("a\nb".into());
    assert!(matches!(OktaClient::new(bad_token), Err(BuildError::Token)));
}

#[test]
fn nothing_secret_is_printed() {
    let client = client("https://example.okta.com");
    assert_eq!(format!("{client:?}"), "OktaClient(example.okta.com)");
    assert!(!format!("{:?}", Credential::Ssws("00fakeToken".into())).contains("00fakeToken"));
}
