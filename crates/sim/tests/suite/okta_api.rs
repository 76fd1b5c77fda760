//! The Users and Factors API.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Method;
use sim::{Factor, User};

use crate::shape::{fixture, shape};
use crate::world::{ANA, World, answer};

fn ana() -> User {
    User::new("00uana", "ana.fake@example.com")
        .mobile_phone("+1 202 555 0199")
        .factor(Factor::sms(ANA))
        .factor(Factor::call("+1-202-555-0102"))
}

#[tokio::test]
async fn users_and_factors_have_the_keys_of_the_samples() {
    let world = World::new().await;
    world.okta().add_user(ana());
    for name in ["00uana", "ana.fake@example.com", "ana.fake%40example.com"] {
        let user = world.okta_get(&format!("/api/v1/users/{name}")).await;
        assert_eq!(user.status, 200);
        assert_eq!(shape(&user.body), shape(&fixture("users-get-200")));
        assert_eq!(user.text("id"), "00uana");
        assert_eq!(user.body["profile"]["mobilePhone"], "+1 202 555 0199");
        assert_eq!(user.body["profile"]["firstName"], "Ana");
    }
    let factors = world.okta_get("/api/v1/users/00uana/factors").await.body;
    let factors = factors.as_array().unwrap();
    let sample = fixture("factors-list-200");
    assert_eq!(shape(&factors[0]), shape(&sample[0]));
    assert_eq!(shape(&factors[1]), shape(&sample[1]));
    assert_eq!((&factors[0]["factorType"], &factors[1]["factorType"]), (&"sms".into(), &"call".into()));
    assert_eq!(factors[1]["profile"]["phoneNumber"], "+1-202-555-0102");
    assert_eq!(factors.len(), 2);
    let requests = world.okta().wait_for_requests(4, Duration::ZERO).await.unwrap();
    assert_eq!((requests[3].path.as_str(), requests[3].status), ("/api/v1/users/00uana/factors", Some(200)));
    assert_eq!(world.okta().wait_for_requests(5, Duration::ZERO).await, None);
}

#[tokio::test]
async fn errors_are_oktas() {
    let world = World::new().await;
    world.okta().add_user(ana());
    let samples = fixture("okta-errors");
    let missing = world.okta_get("/api/v1/users/00uFAKEmissing00000").await;
    let unsigned = answer(world.request(Method::GET, "/api/v1/users/00uana")).await;
    let by_login = world.okta_get("/api/v1/users/ana.fake@example.com/factors").await;
    assert_eq!(by_login.status, 404, "factors are listed by id only");
    world.okta().configure(|it| it.requests_per_minute = 0);
    let limited = world.okta_get("/api/v1/users/00uana").await;
    world.okta().configure(|it| it.concurrent_requests = 0);
    let concurrency = world.okta_get("/api/v1/users/00uana").await;
    for (name, mut answer) in [
        ("404-E0000007", missing),
        ("401-E0000011", unsigned),
        ("429-E0000047", limited),
        ("429-concurrency", concurrency),
    ] {
        let sample = &samples[name];
        assert!(answer.text("errorId").starts_with("oae"));
        answer.body["errorId"] = sample["body"]["errorId"].clone();
        assert_eq!(
            (u64::from(answer.status), &answer.body),
            (sample["status"].as_u64().unwrap(), &sample["body"])
        );
    }
}

#[tokio::test]
async fn the_bucket_empties_and_refills_with_the_minute() {
    let world = World::new().await;
    world.okta().add_user(ana());
    world.okta().configure(|it| it.requests_per_minute = 2);
    // At the start of a minute, so that the real time that passes does not end it.
    let second = world.clock().now().as_second();
    world.clock().set_offset_ms((60 - second % 60) * 1000);
    let mut remaining = Vec::new();
    for _ in 0..3 {
        let it = world.okta_get("/api/v1/users/00uana").await;
        let header = |name: &str| it.headers[name].to_str().unwrap().parse::<i64>().unwrap();
        assert_eq!(header("x-rate-limit-limit"), 2);
        let left = header("x-rate-limit-reset") - world.clock().now().as_second();
        assert!((1..=60).contains(&left), "{left}");
        remaining.push((it.status, header("x-rate-limit-remaining")));
    }
    assert_eq!(remaining, [(200, 1), (200, 0), (429, 0)]);
    assert_eq!(world.okta_get("/api/v1/users/00uana/factors").await.status, 200, "each endpoint has its own");
    world.clock().advance(Duration::from_secs(60));
    assert_eq!(world.okta_get("/api/v1/users/00uana").await.status, 200);
}

#[tokio::test]
async fn the_date_may_be_wrong() {
    let world = World::new().await;
    for skew in [0, -90, 3_600] {
        world.okta().configure(|it| it.date_skew_seconds = skew);
        let date = world.okta_get("/api/v1/users/nobody").await.headers["date"].to_str().unwrap().to_owned();
        let date: Timestamp = rfc2822::parse(&date).unwrap().timestamp();
        let seen = date.as_second() - world.clock().now().as_second();
        assert!((seen - skew).abs() <= 2, "{seen} instead of {skew}");
    }
}
