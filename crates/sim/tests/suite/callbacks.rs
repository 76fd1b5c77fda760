//! Status callbacks of Messaging and Voice.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use serde_json::json;
use sim::CallbackError;

use crate::receiver::{Received, Receiver, Say};
use crate::shape::fixture;
use crate::world::{ANA, World};

const FROM: &str = "+15555550199";

/// The signature, made anew.
fn signature(token: &str, received: &Received) -> String {
    let mut form = received.form();
    form.sort();
    let text: String = form.iter().map(|(name, value)| format!("{name}{value}")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signature = hmac::sign(&key, format!("{}{text}", received.url).as_bytes());
    base64::engine::general_purpose::STANDARD.encode(signature)
}

fn names(received: &Received) -> BTreeSet<String> {
    received.form().into_iter().map(|(name, _)| name).collect()
}

fn sample(name: &str) -> BTreeSet<String> {
    fixture(name).as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn a_message_tells_its_status() {
    let receiver = Receiver::saying([Say::Json(204, json!(null)), Say::Json(500, json!(null))]).await;
    let world = World::new().await;
    let url = format!("{}?tenant=acme&x=%20y", receiver.url);
    let form = [("To", ANA), ("From", FROM), ("Body", "1234"), ("StatusCallback", url.as_str())];
    let sid = world.message(&form).await.text("sid");
    assert_eq!(world.messaging().deliver_status(&sid, "delivered", None).await, Ok(204));
    assert_eq!(world.messaging().deliver_status(&sid, "undelivered", Some(30003)).await, Ok(500));

    let received = receiver.received();
    assert_eq!(names(&received[0]), sample("message-status-callback"));
    assert_eq!(names(&received[1]), sample("message-status-callback-undelivered"));
    assert!(received[1].form().contains(&("ErrorCode".to_owned(), "30003".to_owned())));
    assert_eq!(received[0].url, url);
    assert!(received[0].header("content-type").starts_with("application/x-www-form-urlencoded"));
    for received in &received {
        let token = &world.twilio().account().auth_token;
        assert_eq!(received.header("x-twilio-signature"), signature(token, received));
    }
    let shown = world.listed(&format!("/Messages/{sid}.json")).await.body;
    assert_eq!((&shown["status"], &shown["error_code"]), (&"undelivered".into(), &30003.into()));
}

#[tokio::test]
async fn a_call_tells_its_progress() {
    let receiver = Receiver::saying([Say::Json(200, json!(null))]).await;
    let world = World::new().await;
    let twiml = "<Response><Say>1, 2, 3, 4</Say></Response>";
    let form = [("To", ANA), ("From", FROM), ("Twiml", twiml), ("StatusCallback", receiver.url.as_str())];
    let sid = world.call(&form).await.text("sid");
    for status in ["ringing", "completed"] {
        assert_eq!(world.messaging().deliver_status(&sid, status, None).await, Ok(200));
    }
    let received = receiver.received();
    assert_eq!(names(&received[1]), sample("call-status-callback"));
    assert!(received[1].form().contains(&("SequenceNumber".to_owned(), "1".to_owned())));
    assert!(!names(&received[0]).contains("CallDuration"));
    assert_eq!(
        received[1].header("x-twilio-signature"),
        signature(&world.twilio().account().auth_token, &received[1])
    );
}

#[tokio::test]
async fn statuses_may_come_by_themselves() {
    let receiver = Receiver::saying([Say::Json(200, json!(null))]).await;
    let world = World::new().await;
    world.messaging().configure(|it| {
        it.auto_status = ["sent", "undelivered"].map(str::to_owned).into();
        it.auto_status_delay = Duration::from_millis(1);
    });
    let form = [("To", ANA), ("From", FROM), ("Body", "1234"), ("StatusCallback", receiver.url.as_str())];
    world.message(&form).await;
    world.message(&form[..3]).await;
    let received = receiver.wait_for(2).await;
    let status =
        |n: usize| received[n].form().into_iter().find(|(name, _)| name == "MessageStatus").unwrap().1;
    assert_eq!((received.len(), status(0), status(1)), (2, "sent".to_owned(), "undelivered".to_owned()));
}

#[tokio::test]
async fn who_cannot_be_called_back() {
    let world = World::new().await;
    let sid = world.message(&[("To", ANA), ("From", FROM), ("Body", "1234")]).await.text("sid");
    let told = async |sid: &str, status: &str| world.messaging().deliver_status(sid, status, None).await;
    assert_eq!(told(&sid, "delivered").await, Err(CallbackError::NoAddress));
    assert_eq!(told(&sid, "lost").await, Err(CallbackError::NoSuchStatus("lost".to_owned())));
    assert_eq!(told("SM0", "sent").await, Err(CallbackError::Unknown("SM0".to_owned())));
    assert_eq!(told("CA0", "completed").await, Err(CallbackError::Unknown("CA0".to_owned())));
    let form = [("To", ANA), ("From", FROM), ("Body", "1234"), ("StatusCallback", "http://127.0.0.1:1/")];
    let sid = world.message(&form).await.text("sid");
    assert!(matches!(told(&sid, "sent").await, Err(CallbackError::NoAnswer(_))));
}
