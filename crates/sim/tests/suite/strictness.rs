//! What Verify refuses.

use reqwest::Method;
use sim::Fault;

use crate::shape::fixture;
use crate::world::{ANA, BOB, World, answer};

#[tokio::test]
async fn every_sample_error_is_known_word_for_word() {
    let errors = fixture("verify-errors");
    let errors = errors.as_array().unwrap();
    assert!(errors.len() >= 17);
    for error in errors {
        let code = u32::try_from(error["code"].as_u64().unwrap()).unwrap();
        let Fault::Status { http, mut body, .. } = Fault::twilio(code) else {
            panic!("{code} has no status")
        };
        if code == 20404 {
            body["message"] = error["message"].clone(); // names the resource
        }
        assert_eq!((u64::from(http), &body), (error["status"].as_u64().unwrap(), error));
    }
}

#[tokio::test]
async fn credentials() {
    let world = World::new().await;
    let account = world.twilio().account().clone();
    let path = format!("/v2/Services/{}/Verifications", account.service_sid);
    let form = [("To", ANA), ("Channel", "sms")];
    let unsigned = answer(world.request(Method::POST, &path).form(&form)).await;
    unsigned.is_error(401, 20003);
    assert_eq!(unsigned.body, fixture("verify-errors")[0]);
    let wrong = world.request(Method::POST, &path).basic_auth(&account.account_sid, Some("wrong"));
    answer(wrong.form(&form)).await.is_error(401, 20003);
    assert_eq!(world.twilio().sends(), []);
    let key = world.request(Method::POST, &path).basic_auth(account.api_key.unwrap(), account.api_secret);
    assert_eq!(answer(key.form(&form)).await.status, 201);
    let requests = world.twilio().requests();
    let statuses: Vec<_> = requests.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(401), Some(401), Some(201)]);
}

#[tokio::test]
async fn parameters() {
    let world = World::new().await;
    let good = [("To", ANA), ("Channel", "sms")];
    let many_tags = serde_json::to_string(
        &(0..11).map(|n| (n.to_string(), "x")).collect::<std::collections::BTreeMap<_, _>>(),
    );
    let many_tags = many_tags.unwrap();
    let cases: [(&[(&str, &str)], &str); 18] = [
        (&[("Channel", "sms")], "To"),
        (&[("To", ANA)], "Channel"),
        (&[("To", ""), ("Channel", "sms")], "To"),
        (&[("To", "12025550101"), ("Channel", "sms")], "To"),
        (&[("To", "+1 202 555 0101"), ("Channel", "sms")], "To"),
        (&[("To", "ana@example.com"), ("Channel", "sms")], "To"),
        (&[("To", ANA), ("Channel", "voice")], "Channel"),
        (&[("To", ANA), ("Channel", "SMS")], "Channel"),
        (&[good[0], good[1], ("CustomCode", "123")], "CustomCode"),
        (&[good[0], good[1], ("CustomCode", "12345678901")], "CustomCode"),
        (&[good[0], good[1], ("Code", "123456")], "Code"),
        (&[good[0], good[1], ("customCode", "123456")], "customCode"),
        (&[good[0], good[1], ("To", BOB)], "To"),
        (&[good[0], good[1], ("Tags", "{\"a\":1}")], "Tags"),
        (&[good[0], good[1], ("Tags", "a=b")], "Tags"),
        (&[good[0], good[1], ("Tags", many_tags.as_str())], "Tags"),
        (&[good[0], good[1], ("RateLimits", "x")], "RateLimits"),
        (&[good[0], good[1], ("RiskCheck", "off")], "RiskCheck"),
    ];
    for (form, parameter) in cases {
        let refused = world.create(form).await;
        refused.is_error(400, 60200);
        assert_eq!(refused.text("message"), format!("Invalid parameter: {parameter}"));
    }
    assert_eq!(world.twilio().sends(), []);
    let full = [
        ("To", ANA),
        ("Channel", "sms"),
        ("CustomCode", "1234"),
        ("Locale", "pt_BR"),
        ("RateLimits", "{\"end_user_ip\":\"203.0.113.1\"}"),
        ("RiskCheck", "enable"),
        ("Tags", "{\"transaction\":\"7\"}"),
    ];
    assert_eq!(world.create(&full).await.status, 201);
    let sends = world.twilio().sends();
    assert_eq!((sends[0].tags["transaction"].as_str(), sends[0].locale.as_deref()), ("7", Some("pt_BR")));
}

#[tokio::test]
async fn content_type_and_status() {
    let world = World::new().await;
    let json = world
        .verify(Method::POST, "/Verifications")
        .json(&serde_json::json!({ "To": ANA, "Channel": "sms" }));
    answer(json).await.is_error(400, 60200);
    let form = "To=%2B12025550101&Channel=sms";
    answer(world.verify(Method::POST, "/Verifications").body(form)).await.is_error(400, 60200);
    assert_eq!(world.twilio().sends(), []);
    world.start(ANA, "sms", "123456").await;
    for status in ["done", "APPROVED", "pending", ""] {
        world.update(ANA, status).await.is_error(400, 60200);
    }
    assert_eq!(world.fetch(ANA).await.text("status"), "pending");
    assert_eq!(world.twilio().reports().len(), 4);
}

#[tokio::test]
async fn service_and_locale_and_features() {
    let world = World::new().await;
    let account = world.twilio().account().clone();
    let other = "VAffffffffffffffffffffffffffffffff";
    let request = world.request(Method::POST, &format!("/v2/Services/{other}/Verifications"));
    let request = request.basic_auth(&account.account_sid, Some(&account.auth_token));
    let refused = answer(request.form(&[("To", ANA), ("Channel", "sms")])).await;
    refused.is_error(404, 20404);
    let resource = format!("The requested resource /Services/{other}/Verifications was not found");
    assert_eq!(refused.text("message"), resource);

    world.create(&[("To", ANA), ("Channel", "sms"), ("Locale", "tlh")]).await.is_error(404, 20404);
    world.create(&[("To", ANA), ("Channel", "email")]).await.is_error(400, 60223);
    world.create(&[("To", ANA), ("Channel", "sms"), ("CustomFriendlyName", "X")]).await.is_error(403, 60204);
    world.twilio().configure(|it| it.custom_code_enabled = false);
    let refused = world.start(ANA, "sms", "123456").await;
    refused.is_error(403, 60204);
    assert_eq!(refused.text("message"), "Custom code not allowed");
    assert_eq!(world.twilio().sends(), []);
    assert_eq!(world.create(&[("To", ANA), ("Channel", "sms")]).await.status, 201);
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let world = World::new().await;
    answer(world.verify(Method::DELETE, "/Verifications")).await.is_error(405, 20004);
    answer(world.verify(Method::GET, "/Nothing")).await.is_error(404, 20404);
    world.fetch("VE00000000000000000000000000000000").await.is_error(404, 20404);
    world.update("+12025550199", "approved").await.is_error(404, 20404);
}
