//! Event deliveries.

use std::time::Duration;

use http::Method;
use serde_json::json;
use sim::{Channel, Outcome, User};

use crate::receiver::{Receiver, Say};
use crate::shape::{fixture, shape};
use crate::world::{ANA, World};

fn ana() -> User {
    User::new("00uana", "ana.fake@example.com").phone(ANA)
}

async fn world_saying(say: impl IntoIterator<Item = Say>) -> (World, Receiver) {
    let receiver = Receiver::saying(say).await;
    let world = World::new().await;
    world.okta().point_at(&receiver.url, &receiver.url);
    world.okta().configure(|it| it.delivery_timeout = Duration::from_secs(1));
    (world, receiver)
}

fn ok() -> Say {
    Say::Text(200, String::new())
}

#[tokio::test]
async fn a_batch_in_an_envelope() {
    let (world, receiver) = world_saying([ok()]).await;
    let now = world.clock().now();
    let events = vec![
        world.okta().event_mfa(&ana(), "SMS_FACTOR", Outcome::Success, now),
        world.okta().event_mfa(&ana(), "PASSWORD_AS_FACTOR", Outcome::Success, now),
        world.okta().event_activate(&ana(), "CALL_FACTOR", now),
    ];
    let delivered = world.okta().deliver(events.clone()).await;
    assert_eq!((delivered.attempts, delivered.http_status), (1, Some(200)));
    assert!(delivered.is_received());
    let received = receiver.received();
    let sample = fixture("event-hook-single-sms-success");
    let mut first = received[0].body.clone();
    first["data"]["events"].as_array_mut().unwrap().truncate(1);
    assert_eq!(shape(&first), shape(&sample));
    for key in ["eventType", "eventTypeVersion", "cloudEventsVersion", "contentType"] {
        assert_eq!(first[key], sample[key], "{key}");
    }
    assert_eq!(received[0].body["data"]["events"], json!(events));
    assert_eq!(received[0].body["eventId"], delivered.event_id.as_str());
    assert_eq!(received[0].headers["authorization"], world.okta().org().hook_secret.as_str());
    assert_eq!(events[1]["target"][1]["displayName"], "Password");
}

#[tokio::test]
async fn one_retry_on_timeout_or_5xx_and_none_on_4xx() {
    let error = |status| Say::Json(status, json!({}));
    for (say, attempts, status) in [
        (vec![error(500), ok()], 2, Some(200)),
        (vec![error(503), error(503), ok()], 2, Some(503)),
        (vec![Say::Nothing, ok()], 2, Some(200)),
        (vec![Say::Nothing], 2, None),
        (vec![error(400), ok()], 1, Some(400)),
        (vec![error(429), ok()], 1, Some(429)),
        (vec![Say::Redirect("/elsewhere".to_owned()), ok()], 1, Some(307)),
        (vec![error(204)], 1, Some(204)),
    ] {
        let (world, receiver) = world_saying(say).await;
        let event = world.okta().event_mfa(&ana(), "SMS_FACTOR", Outcome::Failure, world.clock().now());
        let delivered = world.okta().deliver(vec![event]).await;
        assert_eq!((delivered.attempts, delivered.http_status), (attempts, status));
        let received = receiver.received();
        assert_eq!(received.len(), attempts as usize);
        assert!(received.iter().all(|it| it.body == received[0].body), "a retry is the same delivery");
        assert_eq!(delivered.is_received(), matches!(status, Some(200 | 204)));
    }
}

#[tokio::test]
async fn flushing_empties_the_queue_in_one_batch() {
    let (world, receiver) = world_saying([Say::status("SUCCESSFUL")]).await;
    world.okta().add_user(ana());
    assert_eq!(world.okta().flush_events().await, None);
    let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
    world.okta().enter_code("00uana", "wrong").await.unwrap();
    world.okta().enter_code("00uana", login.code()).await.unwrap();
    assert_eq!(world.okta().queued_events().len(), 2);
    assert!(world.okta().flush_events().await.unwrap().is_received());
    assert_eq!(world.okta().flush_events().await, None);
    let received = receiver.received();
    assert_eq!(received.len(), 2, "the hook and one delivery");
    assert_eq!(received[1].body["data"]["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_challenge() {
    let (world, receiver) = world_saying([Say::Challenge]).await;
    assert!(world.okta().verify_event_hook().await);
    let received = receiver.received();
    assert_eq!((received.len(), &received[0].method), (1, &Method::GET));
    assert_eq!(received[0].headers["authorization"], world.okta().org().hook_secret.as_str());

    for (say, calls) in [
        (vec![Say::Json(200, json!({ "verification": "other" }))], 1),
        (vec![Say::Json(401, json!({}))], 1),
        (vec![Say::Json(500, json!({}))], 2),
    ] {
        let (world, receiver) = world_saying(say).await;
        assert!(!world.okta().verify_event_hook().await);
        assert_eq!(receiver.received().len(), calls);
    }
    let (world, _receiver) = world_saying([Say::Nothing, Say::Challenge]).await;
    assert!(world.okta().verify_event_hook().await, "one retry");
}
