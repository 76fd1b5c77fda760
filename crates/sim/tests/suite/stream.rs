//! Verify's event stream.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use serde_json::json;
use sim::CallbackError;

use crate::receiver::{Receiver, Say};
use crate::shape::{fixture, shape};
use crate::world::{ANA, World};

#[tokio::test]
async fn a_delivery_is_streamed() {
    let receiver = Receiver::saying([Say::Json(200, json!({}))]).await;
    let world = World::new().await;
    let tags = r#"{"okta_event":"abc"}"#;
    let form = [("To", ANA), ("Channel", "sms"), ("CustomCode", "123456"), ("Tags", tags)];
    let started = world.create(&form).await;
    let (verification, attempt) =
        (started.text("sid"), started.body["send_code_attempts"][0]["attempt_sid"].clone());
    let attempt = attempt.as_str().unwrap();
    let streamed = async |sid: &str, status: &str| world.twilio().stream_message_status(sid, status).await;
    assert_eq!(streamed(attempt, "delivered").await, Err(CallbackError::NoAddress));
    world.twilio().stream_to(&receiver.url);
    assert_eq!(streamed(attempt, "delivered").await, Ok(200));
    assert_eq!(streamed(&verification, "undelivered").await, Ok(200));
    assert_eq!(streamed(attempt, "lost").await, Err(CallbackError::NoSuchStatus("lost".to_owned())));
    assert_eq!(streamed("VL0", "read").await, Err(CallbackError::Unknown("VL0".to_owned())));

    let received = receiver.received();
    let sample = fixture("event-streams-message-delivered");
    assert_eq!(shape(&received[0].body), shape(&sample));
    let (event, data) = (&received[0].body[0], &received[0].body[0]["data"]);
    assert_eq!((&event["type"], &event["dataschema"]), (&sample[0]["type"], &sample[0]["dataschema"]));
    for key in ["channel", "message_status", "tags", "error_code", "number_segments"] {
        assert_eq!(data[key], sample[0]["data"][key], "{key}");
    }
    assert_eq!(
        (&data["verification_sid"], &data["attempt_sid"]),
        (&verification.as_str().into(), &attempt.into())
    );
    assert_eq!(received[1].body[0]["data"]["message_status"], "UNDELIVERED");

    let digest = hex::encode(digest::digest(&digest::SHA256, received[0].text.as_bytes()));
    assert_eq!(received[0].url, format!("{}?bodySHA256={digest}", receiver.url));
    let token = &world.twilio().account().auth_token;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signature = hmac::sign(&key, received[0].url.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(signature);
    assert_eq!(received[0].header("x-twilio-signature"), signature);
}
