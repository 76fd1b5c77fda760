//! `/_sim/…` for the vendors besides Okta and Verify.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Receiver, Say};
use crate::shape::fixture;
use crate::world::{ANA, Answer, World, answer};

async fn get(world: &World, path: &str) -> Value {
    answer(world.request(Method::GET, path)).await.body
}

async fn post(world: &World, path: &str, body: Value) -> Answer {
    answer(world.request(Method::POST, path).body(body.to_string())).await
}

async fn delete(world: &World, path: &str) -> Answer {
    answer(world.request(Method::DELETE, path)).await
}

#[tokio::test]
async fn faults_of_each() {
    let world = World::new().await;
    for (vendor, op, kind) in [
        ("messaging", "create_message", json!({ "kind": "twilio", "code": 20429 })),
        ("telesign", "omnichannel", json!({ "kind": "telesign", "code": 3206 })),
        ("lookup", "fetch", json!({ "kind": "reset_before_accept" })),
        ("webhook", "report", json!({ "kind": "delay", "ms": 1 })),
    ] {
        let path = format!("/_sim/{vendor}/faults");
        let order = json!({ "op": op, "fault": kind, "times": 2 });
        assert_eq!(post(&world, &path, order).await.body["faults_waiting"], 2, "{vendor}");
        let overview = get(&world, "/_sim/").await;
        assert_eq!(overview[vendor]["faults_waiting"], 2);
        assert!(!overview[vendor]["sandbox_numbers"].as_array().unwrap().is_empty());
        assert_eq!(delete(&world, &path).await.body["faults_waiting"], 0);
        let refused = post(&world, &path, json!({ "op": "dance", "fault": { "kind": "redirect" } })).await;
        assert_eq!((refused.status, refused.text("error").contains("dance")), (400, true));
        for what in ["sends", "reports", "requests"] {
            assert_eq!(get(&world, &format!("/_sim/{vendor}/{what}")).await, json!([]));
        }
        assert_eq!(post(&world, &format!("/_sim/{vendor}/sends"), json!({})).await.status, 405);
    }
}

#[tokio::test]
async fn statuses_and_settings() {
    let receiver = Receiver::saying([Say::Json(204, json!(null))]).await;
    let world = World::new().await;
    let form =
        [("To", ANA), ("From", "+15555550199"), ("Body", "1234"), ("StatusCallback", receiver.url.as_str())];
    let sid = world.message(&form).await.text("sid");
    let order = json!({ "sid": sid, "status": "failed", "error_code": 30008 });
    assert_eq!(post(&world, "/_sim/messaging/status", order).await.body["http_status"], 204);
    let refused = post(&world, "/_sim/messaging/status", json!({ "sid": "SM0", "status": "sent" })).await;
    assert_eq!((refused.status, refused.text("error").contains("SM0")), (404, true));
    let settings = json!({ "auto_status": ["sent"], "auto_status_delay_ms": 5 });
    assert_eq!(post(&world, "/_sim/messaging/settings", settings.clone()).await.body, settings);
    assert_eq!(get(&world, "/_sim/messaging/settings").await, settings);
    assert_eq!(get(&world, "/_sim/messaging/sends").await[0]["code"], "1234");
    let requests = get(&world, "/_sim/messaging/requests").await;
    let headers = requests[0]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["authorization", "Basic …"])), "{headers:?}");

    let settings = json!({ "callback_url": receiver.url, "channels": ["sms"] });
    let settings = post(&world, "/_sim/telesign/settings", settings).await.body;
    assert_eq!((&settings["omnichannel_enabled"], &settings["channels"]), (&true.into(), &json!(["sms"])));
    let reference =
        world.omnichannel(&fixture("telesign-omnichannel-request-sms")).await.text("reference_id");
    let order = json!({ "reference_id": reference, "code": 3000 });
    assert_eq!(post(&world, "/_sim/telesign/status", order).await.body["http_status"], 204);

    assert_eq!(post(&world, "/_sim/twilio/stream", json!({ "url": receiver.url })).await.status, 200);
    let started = world.start(ANA, "sms", "123456").await;
    let order = json!({ "sid": started.text("sid"), "status": "delivered" });
    assert_eq!(post(&world, "/_sim/twilio/stream/status", order).await.body["http_status"], 204);
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn answers_and_numbers() {
    let receiver = Receiver::saying([Say::Json(200, json!({}))]).await;
    let world = World::new().await;
    let answers = "/_sim/webhook/answer";
    let order =
        json!({ "answer": { "status": 429, "headers": { "retry-after": "1" }, "body": "" }, "times": 1 });
    assert_eq!(post(&world, answers, order).await.body["next_answers"][0]["status"], 429);
    let send =
        || answer(world.request(Method::POST, "/webhook/x").json(&json!({ "to": ANA, "code": "1234" })));
    let limited = send().await;
    assert_eq!((limited.status, &limited.headers["retry-after"]), (429, &"1".parse().unwrap()));
    post(&world, answers, json!({ "answer": { "status": 201 } })).await;
    assert_eq!(send().await.status, 201);
    post(&world, answers, json!({ "answer": { "status": 418 }, "report": true })).await;
    assert_eq!(answer(world.request(Method::POST, "/webhook/report")).await.status, 418);
    let both = json!({ "answer": {}, "report": true, "times": 1 });
    assert_eq!(post(&world, answers, both).await.status, 400);
    assert_eq!(delete(&world, answers).await.body["answer"]["status"], 200);
    let order = json!({ "url": receiver.url, "headers": { "x": "y" }, "body": "hello" });
    assert_eq!(post(&world, "/_sim/webhook/callback", order).await.body["http_status"], 200);
    assert_eq!(receiver.received()[0].text, "hello");

    let numbers = "/_sim/lookup/numbers";
    let order = json!({ "prefix": "+1202", "line_type": "landline" });
    let known = post(&world, numbers, order).await.body;
    assert_eq!(
        known[2],
        json!({ "prefix": "+1202", "line_type": "landline", "sms_pumping_risk_score": 7, "error_code": null })
    );
    assert_eq!(delete(&world, numbers).await.body.as_array().unwrap().len(), 2);
}
