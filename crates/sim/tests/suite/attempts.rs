//! The Attempts API.

use crate::shape::{fixture, shape};
use crate::world::{ANA, BOB, World};

#[tokio::test]
async fn lists_what_was_sent_and_what_converted() {
    let world = World::new().await;
    world.start(ANA, "sms", "123456").await;
    let sid = world.start(ANA, "sms", "123456").await.text("sid");
    world.update(ANA, "approved").await;
    world.start(BOB, "call", "123456").await;

    let converted = world.attempts("?Status=converted").await;
    assert_eq!(shape(&converted.body), shape(&fixture("verify-attempts-list")));
    let attempts = converted.body["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["verification_sid"], sid.as_str());
    assert_eq!(attempts[0]["channel_data"]["status"], "confirmed");

    let count = async |query: &str| world.attempts(query).await.body["attempts"].as_array().unwrap().len();
    assert_eq!(count("").await, 3);
    assert_eq!(count("?Status=unconverted").await, 2);
    assert_eq!(count("?Channel=call").await, 1);
    assert_eq!(count("?ChannelData.To=%2B12025550101").await, 2);
    assert_eq!(count(&format!("?VerificationSid={sid}")).await, 2);
    let service = world.twilio().account().service_sid.clone();
    assert_eq!(
        count(&format!("?VerifyServiceSid={service}&ChannelData.To=%2B12025550101&PageSize=1")).await,
        1
    );
    assert_eq!(count("?VerifyServiceSid=VA0").await, 0);
    assert_eq!(count("?Country=US").await, 3);
    assert_eq!(count("?Country=DE").await, 0);
    assert_eq!(count("?DateCreatedAfter=2999-01-01T00:00:00Z").await, 0);
    assert_eq!(count("?DateCreatedBefore=2999-01-01T00:00:00Z").await, 3);
    let ago = |seconds| world.clock().now().checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let (since, until) = (ago(600), ago(-600));
    assert_eq!(count(&format!("?DateCreatedAfter={since}&DateCreatedBefore={until}")).await, 3);
    assert_eq!(count(&format!("?DateCreatedAfter={until}")).await, 0);
    assert_eq!(count(&format!("?DateCreatedBefore={since}")).await, 0);
    world.attempts("?Nonsense=1").await.is_error(400, 60200);
    world.attempts("?Status=yes").await.is_error(400, 60200);
    world.attempts("?PageSize=1001").await.is_error(400, 60200);

    let vl = attempts[0]["sid"].as_str().unwrap();
    assert_eq!(world.attempts(&format!("/{vl}")).await.body, attempts[0]);
    world.attempts("/VL00000000000000000000000000000000").await.is_error(404, 20404);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let world = World::new().await;
    for _ in 0..5 {
        world.start(ANA, "sms", "123456").await;
    }
    let mut query = "?PageSize=2".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let page = world.attempts(&query).await.body;
        pages += 1;
        for attempt in page["attempts"].as_array().unwrap() {
            assert!(seen.insert(attempt["sid"].to_string()), "twice");
        }
        let Some(next) = page["meta"]["next_page_url"].as_str() else { break };
        query = next.split_once("/v2/Attempts").unwrap().1.to_owned();
    }
    assert_eq!((pages, seen.len()), (3, 5));
}
