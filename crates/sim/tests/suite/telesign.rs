//! Telesign's omnichannel: requests, refusals and callbacks.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sim::{CallbackError, Fault, Sender, TelesignOp, TelesignProduct};

use crate::receiver::{Receiver, Say};
use crate::shape::{fixture, shape};
use crate::world::{World, answer};

const PHONE: &str = "+15555550100";

fn sms() -> Value {
    fixture("telesign-omnichannel-request-sms")
}

/// The request with one thing different.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = sms();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[key] = value;
    document
}

fn sign(key: &str, text: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(key).unwrap());
    STANDARD.encode(hmac::sign(&key, text))
}

#[tokio::test]
async fn the_samples_are_taken_and_answered() {
    let world = World::new().await;
    let sent = world.omnichannel(&sms()).await;
    assert_eq!((sent.status, shape(&sent.body)), (200, shape(&fixture("telesign-omnichannel-ok"))));
    sent.is_telesign(200, 3001);
    assert_eq!(sent.text("external_id"), "okta-evt-7f3c2a");
    let called = world.omnichannel(&fixture("telesign-omnichannel-request-voice")).await;
    called.is_telesign(200, 3001);

    let inbox = world.handset().inbox(PHONE);
    let got: Vec<_> = inbox.iter().map(|it| (it.sender, it.channel.as_str(), it.code.as_str())).collect();
    assert_eq!(got, [(Sender::Telesign, "sms", "123456"), (Sender::Telesign, "call", "123456")]);
    assert!(inbox[1].text.contains("1, 2, 3, 4, 5, 6"));
    let sends = world.telesign().wait_for_sends(2, Duration::ZERO).await.unwrap();
    assert_eq!(
        (sends[0].product, sends[0].reference_id.clone()),
        (TelesignProduct::Omnichannel, sent.text("reference_id"))
    );
    assert_eq!(world.telesign().requests()[0].json(), sms());
}

#[tokio::test]
async fn what_is_refused() {
    let world = World::new().await;
    for (document, status, code) in [
        (with("/recipient/phone_number", json!("+15555550100")), 400, 3101),
        (with("/recipient/phone_number", json!("1555")), 400, 3101),
        (with("/extra", json!(1)), 400, 3110),
        (with("/recipient/name", json!("x")), 400, 3110),
        (with("/message/sms/parameters/more", json!("x")), 400, 3110),
        (with("/message/sms/template", json!("otp_voice")), 400, 3110),
        (with("/message/viber", json!({ "template": "text", "parameters": { "text": "x" } })), 400, 3110),
        (with("/message_type", json!("otp")), 400, 3110),
        (with("/external_id", json!("x".repeat(101))), 400, 3110),
        (with("/account_lifecycle_event", json!("login")), 400, 3110),
        (with("/originating_ip", json!("home")), 400, 3110),
        (with("/channels", json!([])), 400, 3110),
        (with("/channels/0/fallback_time", json!(29)), 400, 3110),
        (with("/recipient", Value::Null), 400, 3302),
        (with("/channels/0/channel", json!("viber")), 400, 3110),
        (with("/message/sms/parameters/text", json!("x".repeat(10_300))), 413, 3116),
    ] {
        world.omnichannel(&document).await.is_telesign(status, code);
    }
    let viber = json!({ "default": { "template": "text", "parameters": { "text": "1234" } } });
    let mut document = with("/channels/0/channel", json!("viber"));
    document["message"] = viber;
    let refused = world.omnichannel(&document).await;
    refused.is_telesign(400, 3200);
    assert_eq!(refused.body["status"]["description"], "viber channel is not enabled for customer");
    let text = world.telesign_request(Method::POST, "/v1/omnichannel").body(sms().to_string());
    answer(text).await.is_telesign(400, 3110);
    world.telesign().configure(|it| it.callback_url_allowed = false);
    world
        .omnichannel(&with("/callback_url", json!("https://byot.example.com/")))
        .await
        .is_telesign(429, 3203);
    world.telesign().configure(|it| it.omnichannel_enabled = false);
    world.omnichannel(&sms()).await.is_telesign(429, 3206);
    assert_eq!(answer(world.telesign_request(Method::GET, "/v1/omnichannel")).await.status, 405);
    assert_eq!(answer(world.telesign_request(Method::GET, "/v1/nothing")).await.status, 404);
    assert_eq!(world.telesign().sends(), []);
}

#[tokio::test]
async fn every_sample_error_is_known_word_for_word() {
    for (code, http) in [
        (3101, 400),
        (3110, 400),
        (3200, 400),
        (3204, 429),
        (3206, 429),
        (3400, 401),
        (3411, 401),
        (3500, 503),
    ] {
        let sample = fixture(&format!("telesign-omnichannel-error-{code}"));
        let Fault::Status { http: status, body, .. } = Fault::telesign(code) else {
            panic!("{code} has no status")
        };
        assert_eq!((status, shape(&body)), (http, shape(&sample)), "{code}");
        if code != 3101 {
            assert_eq!(body["status"], sample["status"]); // 3101 names the number
        }
    }
    let world = World::new().await;
    let refused = world.omnichannel(&with("/recipient/phone_number", json!("1555"))).await;
    assert_eq!(refused.body["status"], fixture("telesign-omnichannel-error-3101")["status"]);
}

#[tokio::test]
async fn both_ways_to_sign_in() {
    let world = World::new().await;
    let account = world.telesign().account().clone();
    let path = "/v1/omnichannel";
    answer(world.request(Method::POST, path).json(&sms())).await.is_telesign(401, 3400);
    let wrong = world.request(Method::POST, path).basic_auth(&account.customer_id, Some("wrong"));
    answer(wrong.json(&sms())).await.is_telesign(401, 3411);

    let body = sms().to_string();
    let date = "Fri, 20 Nov 2026 20:00:00 GMT";
    let text = format!(
        "POST\napplication/json\n{date}\nx-ts-auth-method:HMAC-SHA256\nx-ts-nonce:n1\n{body}\n{path}"
    );
    let signed = |nonce: &str, key: &str| {
        let signature = sign(key, text.replace("n1", nonce).as_bytes());
        world
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .header("date", date)
            .header("x-ts-auth-method", "HMAC-SHA256")
            .header("x-ts-nonce", nonce)
            .header("authorization", format!("TSA {}:{signature}", account.customer_id))
            .body(body.clone())
    };
    answer(signed("n1", &account.api_key)).await.is_telesign(200, 3001);
    answer(signed("n1", &account.api_key)).await.is_telesign(401, 3409);
    answer(signed("n2", "d3Jvbmc=")).await.is_telesign(401, 3411);
    answer(signed("n3", &account.api_key)).await.is_telesign(200, 3001);
    assert_eq!(world.telesign().sends().len(), 2);
}

#[tokio::test]
async fn statuses_can_be_asked_for_and_are_told() {
    let receiver = Receiver::saying([Say::Json(200, json!({}))]).await;
    let world = World::new().await;
    let document = with("/callback_url", json!(receiver.url));
    let reference = world.omnichannel(&document).await.text("reference_id");
    let ask =
        async || answer(world.telesign_request(Method::GET, &format!("/v1/omnichannel/{reference}"))).await;
    ask().await.is_telesign(200, 3002);
    assert_eq!(world.telesign().deliver_status(&reference, 3000).await, Ok(200));
    let asked = ask().await;
    asked.is_telesign(200, 3000);
    assert_eq!(shape(&asked.body), shape(&fixture("telesign-get-status")));

    let received = &receiver.received()[0];
    assert_eq!(shape(&received.body), shape(&fixture("telesign-callback-delivered")));
    assert_eq!(received.body["external_id"], "okta-evt-7f3c2a");
    let account = world.telesign().account().clone();
    let signature = sign(&account.api_key, received.text.as_bytes());
    assert_eq!(received.header("authorization"), format!("TSA {}:{signature}", account.customer_id));

    world.telesign().configure(|it| it.bare_signature = true);
    assert_eq!(world.telesign().deliver_status(&reference, 3003).await, Ok(200));
    let received = &receiver.received()[1];
    assert_eq!(received.header("x-ts-authorization"), sign(&account.api_key, received.text.as_bytes()));
    assert_eq!(received.body["channel_status"][0]["sms"]["code"], 3003);
    world.telesign().configure(|it| it.old_callbacks = true);
    assert_eq!(world.telesign().deliver_status(&reference, 3003).await, Ok(200));
    let sample = fixture("telesign-callback-failed");
    let received = &receiver.received()[2].body;
    assert_eq!((shape(received), &received["status"]["code"]), (shape(&sample), &sample["status"]["code"]));
    assert_eq!(received["status"]["description"], sample["status"]["description"]);
    let times = [received, &sample].map(|it| it["status"]["updated_on"].as_str().unwrap().len());
    assert_eq!(times[0], times[1]);
    let told = async |reference: &str, code| world.telesign().deliver_status(reference, code).await;
    assert_eq!(told(&reference, 1).await, Err(CallbackError::NoSuchStatus("1".to_owned())));
    assert_eq!(told("X", 3000).await, Err(CallbackError::Unknown("X".to_owned())));

    world.clock().advance(Duration::from_hours(12));
    ask().await.is_telesign(404, -10004);
}

#[tokio::test]
async fn faults_and_magic_numbers() {
    let world = World::new().await;
    world.omnichannel(&with("/recipient/phone_number", json!("15005550004"))).await.is_telesign(400, 3072);
    world.telesign().fail_next(TelesignOp::Omnichannel, Fault::telesign(3206));
    world.omnichannel(&sms()).await.is_telesign(429, 3206);
    world.telesign().fail_always(TelesignOp::Omnichannel, Fault::telesign(3500).after_accept());
    world.omnichannel(&sms()).await.is_telesign(503, 3500);
    assert_eq!(world.telesign().sends().len(), 1);
    world.telesign().heal();
    world.omnichannel(&sms()).await.is_telesign(200, 3001);
}
