//! The vendor without an API of its own.

use reqwest::Method;
use serde_json::json;
use sim::{Fault, Sender, WebhookAnswer, WebhookOp};

use crate::receiver::{Receiver, Say};
use crate::world::{ANA, World, answer};

#[tokio::test]
async fn whatever_comes_is_taken() {
    let world = World::new().await;
    let body = json!({ "to": ANA, "text": "Your code is 123456", "channel": "sms" });
    let request = world.request(Method::POST, "/webhook/send/now?tenant=a").header("x-key", "k").json(&body);
    let sent = answer(request).await;
    assert_eq!((sent.status, sent.text("status")), (200, "queued".to_owned()));
    let send = &world.webhook().sends()[0];
    assert_eq!((send.id.as_str(), send.path.as_str()), (sent.text("id").as_str(), "send/now"));
    assert_eq!((send.to.as_deref(), send.code.as_str()), (Some(ANA), "123456"));
    let message = &world.handset().inbox(ANA)[0];
    assert_eq!(
        (message.sender, message.code.as_str(), message.text.as_str()),
        (Sender::Webhook, "123456", "Your code is 123456")
    );
    let request = &world.webhook().requests()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/webhook/send/now"));
    assert_eq!(
        (request.query.as_deref(), request.header("x-key"), request.json()),
        (Some("tenant=a"), Some("k"), body)
    );

    let form = [("Phone", ANA), ("Code", "998877"), ("Channel", "voice")];
    assert_eq!(answer(world.request(Method::PUT, "/webhook/calls").form(&form)).await.status, 200);
    let message = &world.handset().inbox(ANA)[1];
    assert_eq!((message.channel.as_str(), message.code.as_str()), ("call", "998877"));
}

#[tokio::test]
async fn answers_are_scripted() {
    let world = World::new().await;
    let send = async || {
        let request = world.request(Method::POST, "/webhook/send");
        answer(request.json(&json!({ "to": ANA, "code": "123456" }))).await
    };
    world.webhook().answer_next(WebhookAnswer::new(202, r#"{"ref":"{id}"}"#).with_header("x-vendor", "v"));
    world.webhook().answer_always(WebhookAnswer::new(422, r#"{"error":"no"}"#));
    let accepted = send().await;
    assert_eq!((accepted.status, &accepted.headers["x-vendor"]), (202, &"v".parse().unwrap()));
    assert_eq!(accepted.text("ref"), world.webhook().sends()[0].id);
    let refused = send().await;
    assert_eq!((refused.status, refused.text("error")), (422, "no".to_owned()));
    assert_eq!((world.webhook().sends().len(), world.handset().inbox(ANA).len()), (1, 1));
}

#[tokio::test]
async fn reports_faults_and_callbacks() {
    let world = World::new().await;
    let report = || world.request(Method::POST, "/webhook/report/ok?id=7").body("verdict");
    world.webhook().fail_next(WebhookOp::Report, Fault::status(503, json!({})));
    assert_eq!(answer(report()).await.status, 503);
    assert_eq!(answer(report()).await.status, 200);
    let reports = world.webhook().reports();
    assert_eq!(
        (reports.len(), reports[0].path.as_str(), reports[0].query.as_deref()),
        (1, "report/ok", Some("id=7"))
    );
    assert_eq!((reports[0].body.as_str(), reports[0].http_status), ("verdict", 200));

    world.webhook().fail_next(WebhookOp::Send, Fault::ResetAfterAccept);
    let send =
        |to: &str| world.request(Method::POST, "/webhook/send").json(&json!({ "to": to, "code": "1234" }));
    assert!(send(ANA).send().await.is_err());
    assert_eq!(world.webhook().sends().len(), 1);
    assert_eq!(answer(send("+15005550030")).await.status, 500);

    let receiver = Receiver::saying([Say::Json(204, json!(null))]).await;
    let posted = world.webhook().call_back(&receiver.url, &[("x-signature", "s")], r#"{"id":"7"}"#).await;
    assert_eq!(posted, Ok(204));
    let received = &receiver.received()[0];
    assert_eq!((received.header("x-signature"), &received.body["id"]), ("s", &"7".into()));
}
