//! Hooks made through Okta's management API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shape::{fixture, shape};
use crate::world::{Answer, World, answer};

impl World {
    async fn manage(&self, method: Method, path: &str, body: &Value) -> Answer {
        let token = format!("SSWS {}", self.okta().org().api_token);
        let request = self.request(method, &format!("/api/v1/{path}")).header("authorization", token);
        answer(request.json(body)).await
    }

    async fn make(&self, path: &str, sample: &str) -> Value {
        let made = self.manage(Method::POST, path, &fixture(sample)).await;
        assert_eq!(made.status, 200, "{made:?}");
        made.body
    }
}

#[tokio::test]
async fn hooks_are_shown_with_the_keys_of_the_samples_and_without_their_secrets() {
    let world = World::new().await;
    for (path, request, response) in [
        ("inlineHooks", "mgmt-inline-hook-create-request", "mgmt-inline-hook-create-response"),
        ("eventHooks", "mgmt-event-hook-create-request", "mgmt-event-hook-create-response"),
    ] {
        let mut made = world.make(path, request).await;
        let sample = fixture(response);
        let config = &mut made["channel"]["config"];
        assert_eq!(config["authScheme"], json!({ "type": "HEADER", "key": "authorization" }));
        // The samples have none of these.
        config["headers"] = json!([]);
        if path == "eventHooks" {
            made["events"]["filter"] = Value::Null;
        }
        assert_eq!(shape(&made), shape(&sample), "{path}");
        assert_eq!((&made["status"], &made["name"]), (&sample["status"], &sample["name"]));
        let listed = world.okta_get(&format!("/api/v1/{path}")).await.body;
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert!(!listed.to_string().contains("not-a-real-secret"), "{listed}");
    }
}

#[tokio::test]
async fn what_okta_refuses_is_refused() {
    let world = World::new().await;
    let good = fixture("mgmt-inline-hook-create-request");
    for (pointer, value) in [
        ("/channel/config/uri", json!("http://hook.example.test")),
        ("/channel/config/uri", json!("https://hook.example.test/a b")),
        ("/channel/config/authScheme/value", json!("")),
        ("/channel/config/authScheme", json!(null)),
        ("/channel/config/method", json!("PUT")),
        ("/channel/version", json!("2.0.0")),
        ("/type", json!("com.okta.other")),
        ("/name", json!("")),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        let refused = world.manage(Method::POST, "inlineHooks", &body).await;
        assert_eq!(
            (refused.status, &*refused.text("errorCode")),
            (400, "E0000001"),
            "{pointer}: {refused:?}"
        );
    }
    let mut body = fixture("mgmt-event-hook-create-request");
    body["events"]["items"] = json!(["system.sms.send_factor_verify_message"]);
    let refused = world.manage(Method::POST, "eventHooks", &body).await;
    assert_eq!(refused.status, 400, "that one can be had from the System Log only: {refused:?}");
}

#[tokio::test]
async fn one_telephony_hook_is_active_and_none_beside_a_native_provider() {
    let world = World::new().await;
    let first = world.make("inlineHooks", "mgmt-inline-hook-create-request").await;
    let id = first["id"].as_str().unwrap();
    let again = world.manage(Method::POST, "inlineHooks", &fixture("mgmt-inline-hook-create-request")).await;
    assert_eq!(again.status, 400, "{again:?}");
    let delete = world.manage(Method::DELETE, &format!("inlineHooks/{id}"), &json!({})).await;
    assert_eq!(delete.status, 400, "only an inactive one");
    let stop = format!("inlineHooks/{id}/lifecycle/deactivate");
    assert_eq!(world.manage(Method::POST, &stop, &json!({})).await.body["status"], "INACTIVE");
    world.okta().add_native_provider("Native", true);
    let start = format!("inlineHooks/{id}/lifecycle/activate");
    assert_eq!(world.manage(Method::POST, &start, &json!({})).await.status, 400);
    let native = world.okta_get("/api/v1/telephony-providers").await.body[0]["id"].clone();
    let stop = format!("telephony-providers/{}/lifecycle/deactivate", native.as_str().unwrap());
    assert_eq!(world.manage(Method::POST, &stop, &json!({})).await.status, 200);
    assert_eq!(world.manage(Method::POST, &start, &json!({})).await.body["status"], "ACTIVE");
}

#[tokio::test]
async fn an_event_hook_that_does_not_answer_is_not_verified() {
    let world = World::new().await;
    world.okta().configure(|okta| {
        okta.tls_ends_at = Some(("https://hook.example.test".to_owned(), "http://127.0.0.1:1".to_owned()));
    });
    let hook = world.make("eventHooks", "mgmt-event-hook-create-request").await;
    let verify = format!("eventHooks/{}/lifecycle/verify", hook["id"].as_str().unwrap());
    let refused = world.manage(Method::POST, &verify, &json!({})).await;
    assert_eq!((refused.status, &*refused.text("errorCode")), (400, "E0000001"), "{refused:?}");
    assert_eq!(world.okta().registered_hooks()[0]["verificationStatus"], "UNVERIFIED");
}
