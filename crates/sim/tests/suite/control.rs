//! `/_sim/…`, as a person with curl uses it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Receiver, Say};
use crate::world::{ANA, Answer, World, answer};

async fn get(world: &World, path: &str) -> Answer {
    answer(world.request(Method::GET, path)).await
}

async fn post(world: &World, path: &str, body: Value) -> Answer {
    // As curl -d sends it: with a form's content type.
    let request =
        world.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
    answer(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_whole_login() {
    let receiver = Receiver::saying([Say::status("SUCCESSFUL"), Say::Challenge]).await;
    let world = World::new().await;
    let hooks = json!({ "hook_url": receiver.url, "events_url": receiver.url });
    assert_eq!(post(&world, "/_sim/okta/hooks", hooks.clone()).await.body, hooks);
    let user = post(&world, "/_sim/okta/users", json!({ "login": "ana@example.com", "phone": ANA })).await;
    assert_eq!(user.status, 200);
    assert_eq!(get(&world, "/_sim/okta/users").await.body, json!([user.body]));
    let login =
        post(&world, "/_sim/okta/login", json!({ "user": "ana@example.com", "channel": "sms" })).await;
    assert_eq!(login.body["hook"]["okta_says"]["says"], "sent");
    let code = login.body["request"]["code"].as_str().unwrap().to_owned();
    world.start(ANA, "sms", &code).await;
    let inbox = get(&world, &format!("/_sim/handset/{ANA}")).await;
    assert_eq!((inbox.body.as_array().unwrap().len(), &inbox.body[0]["code"]), (1, &code.clone().into()));
    let entered = post(&world, "/_sim/okta/code", json!({ "user": "ana@example.com", "code": code })).await;
    assert_eq!(entered.body["result"], "accepted");
    assert_eq!(get(&world, "/_sim/okta/events").await.body.as_array().unwrap().len(), 1);
    let flushed = answer(world.request(Method::POST, "/_sim/okta/flush")).await;
    assert_eq!(flushed.body["delivered"]["http_status"], 200);
    assert_eq!(answer(world.request(Method::POST, "/_sim/okta/verify")).await.body["verified"], true);
    world.update(ANA, "approved").await;
    assert_eq!(get(&world, "/_sim/twilio/sends").await.body[0]["code"], code);
    assert_eq!(get(&world, "/_sim/twilio/reports").await.body[0]["http_status"], 200);
    assert_eq!(get(&world, "/_sim/twilio/requests").await.body.as_array().unwrap().len(), 2);
    let overview = get(&world, "/_sim/").await.body;
    assert_eq!((&overview["twilio"]["sends"], &overview["twilio"]["reports"]), (&1.into(), &1.into()));
    assert_eq!(overview["handset"], json!([{ "phone": ANA, "messages": 1 }]));
    assert_eq!(overview["okta"]["users"], 1);
}

#[tokio::test]
async fn an_enrolment() {
    let receiver = Receiver::saying([Say::status("SUCCESSFUL")]).await;
    let world = World::new().await;
    world.okta().point_at(&receiver.url, &receiver.url);
    post(&world, "/_sim/okta/users", json!({ "login": "ana@example.com" })).await;
    let order = json!({ "user": "ana@example.com", "phone": ANA, "channel": "voice" });
    let enrol = post(&world, "/_sim/okta/enrol", order).await;
    let order = json!({ "user": "ana@example.com", "code": enrol.body["request"]["code"] });
    assert_eq!(post(&world, "/_sim/okta/code", order).await.body["result"], "accepted");
    assert_eq!(get(&world, "/_sim/okta/events").await.body.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn faults_and_clock() {
    let world = World::new().await;
    let faults = "/_sim/twilio/faults";
    let order = json!({ "op": "create", "fault": { "kind": "twilio", "code": 20429 }, "times": 2 });
    assert_eq!(post(&world, faults, order).await.body["faults_waiting"], 2);
    world.start(ANA, "sms", "123456").await.is_error(429, 20429);
    world.start(ANA, "sms", "123456").await.is_error(429, 20429);
    assert_eq!(world.start(ANA, "sms", "123456").await.status, 201);
    let order = json!({ "op": "update", "fault": { "kind": "junk", "status": 502, "content_type": "text/html", "body": "x" }, "always": true });
    post(&world, faults, order).await;
    assert_eq!(world.update(ANA, "approved").await.status, 502);
    assert_eq!(world.update(ANA, "approved").await.status, 502);
    assert_eq!(answer(world.request(Method::DELETE, faults)).await.status, 200);
    assert_eq!(world.update(ANA, "approved").await.status, 200);

    let order = json!({ "op": "users", "fault": { "kind": "okta", "code": "E0000009" } });
    post(&world, "/_sim/okta/faults", order).await;
    assert_eq!(world.okta_get("/api/v1/users/x").await.status, 500);
    assert_eq!(answer(world.request(Method::DELETE, "/_sim/okta/faults")).await.status, 200);
    assert_eq!(get(&world, "/_sim/okta/requests").await.body[0]["faulted"], true);

    assert_eq!(post(&world, "/_sim/clock", json!({ "offset_ms": 600_000 })).await.body["offset_ms"], 600_000);
    assert_eq!(world.clock().offset_ms(), 600_000);
    assert_eq!(get(&world, "/_sim/clock").await.body["offset_ms"], 600_000);
}

#[tokio::test]
async fn mistakes_are_explained() {
    let world = World::new().await;
    let login = |user: &str, channel: &str| json!({ "user": user, "channel": channel });
    for (path, body, status, word) in [
        ("/_sim/okta/login", login("nobody", "sms"), 404, "nobody"),
        ("/_sim/okta/login", login("nobody", "fax"), 400, "fax"),
        ("/_sim/okta/login", json!({}), 400, "user"),
        ("/_sim/okta/users", json!({ "login": "x", "fone": "1" }), 400, "fone"),
        ("/_sim/twilio/faults", json!({ "op": "dance", "fault": { "kind": "redirect" } }), 400, "dance"),
        (
            "/_sim/twilio/faults",
            json!({ "op": "create", "fault": { "kind": "earthquake" } }),
            400,
            "earthquake",
        ),
        (
            "/_sim/twilio/faults",
            json!({ "op": "create", "fault": { "kind": "redirect" }, "times": 1, "always": true }),
            400,
            "not both",
        ),
        ("/_sim/nothing", json!({}), 404, "nothing"),
        ("/_sim/twilio/sends", json!({}), 405, "method"),
    ] {
        let refused = post(&world, path, body).await;
        assert_eq!(refused.status, status, "{path}");
        assert!(refused.text("error").contains(word), "{refused:?}");
    }
}
