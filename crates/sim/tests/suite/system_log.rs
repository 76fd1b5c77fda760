//! The System Log, and what it says of sends.

use std::time::Duration;

use http::header::LINK;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::{Channel, Outcome, Purpose, User};

use crate::receiver::{Receiver, Say};
use crate::world::{ANA, Answer, World};

fn ana() -> User {
    User::new("00uana", "ana.fake@example.com").phone(ANA)
}

/// The address of a page's link, without the simulator's own.
fn link(world: &World, answer: &Answer, relation: &str) -> Option<String> {
    let links = answer.headers.get_all(LINK).iter().filter_map(|it| it.to_str().ok());
    let wanted = format!(">; rel=\"{relation}\"");
    let link = links.filter_map(|it| it.strip_suffix(wanted.as_str())).next()?;
    Some(link.trim_start_matches('<').strip_prefix(&world.url()).unwrap().to_owned())
}

fn types(events: &Value) -> Vec<&str> {
    events.as_array().unwrap().iter().map(|it| it["eventType"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_span_is_read_page_by_page() {
    let world = World::new().await;
    let (okta, now) = (world.okta(), world.clock().now());
    for n in 0..7 {
        let at = now - SignedDuration::from_secs(100 - n);
        let factor = if n == 3 { "PASSWORD_AS_FACTOR" } else { "SMS_FACTOR" };
        let outcome = if n == 5 { Outcome::Failure } else { Outcome::Success };
        okta.log_event(okta.event_mfa(&ana(), factor, outcome, at));
    }
    let moment = |seconds: i64| {
        let at = now - SignedDuration::from_secs(100 - seconds);
        at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    };
    let filter =
        "eventType%20eq%20%22user.authentication.auth_via_mfa%22%20and%20outcome.result%20eq%20%22SUCCESS%22";
    // From the second one to just before the last one.
    let mut next = Some(format!(
        "/api/v1/logs?since={}&until={}&filter={filter}&limit=2&sortOrder=ASCENDING",
        moment(1),
        moment(6)
    ));
    let mut pages = Vec::new();
    while let Some(path) = next {
        let page = world.okta_get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        for header in ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"] {
            assert!(page.headers.contains_key(header), "{page:?}");
        }
        assert_eq!(link(&world, &page, "self"), Some(path));
        next = link(&world, &page, "next");
        let published =
            page.body.as_array().unwrap().iter().map(|it| it["published"].as_str().unwrap().to_owned());
        pages.push(published.collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec![moment(1), moment(2)], vec![moment(3), moment(4)]]);
    for bad in ["limit=1001", "filter=x", "since=x"] {
        let answer = world.okta_get(&format!("/api/v1/logs?{bad}")).await;
        assert_eq!((answer.status, &answer.body["errorCode"]), (400, &json!("E0000031")), "{bad}");
    }
    world.okta().configure(|it| it.requests_per_minute = 0);
    assert_eq!(world.okta_get("/api/v1/logs").await.status, 429);
}

#[tokio::test]
async fn a_hook_that_fails_is_in_the_log_and_so_is_oktas_own_send() {
    let world = World::new().await;
    let okta = world.okta();
    okta.add_user(ana());
    okta.configure(|it| {
        it.own_telephony = true;
        it.hook_timeout = Duration::from_secs(1);
        it.event_types.push("inline_hook.executed".to_owned());
    });
    okta.point_at("http://127.0.0.1:9/", "http://127.0.0.1:9/");
    assert!(!okta.ask_for_code("00uana", Channel::Voice, Purpose::PreEnrollment).await.unwrap().is_sent());
    let log = Value::from(okta.system_log());
    let expected =
        ["inline_hook.executed", "system.voice.send_phone_verification_call", "system.voice.receive_status"];
    assert_eq!(types(&log), expected);
    assert_eq!(log[0]["debugContext"]["debugData"]["inlineHookType"], "com.okta.telephony.provider");
    assert_eq!(log[1]["debugContext"]["debugData"]["isCallHookFailover"], "true");
    assert_eq!(log[1]["target"][0]["id"], "00uana");
    assert_eq!(log[1]["actor"]["type"], "SystemPrincipal");
    assert_eq!(log[2]["outcome"]["reason"], "Call Completed");
    let queued = Value::from(okta.queued_events());
    assert_eq!(types(&queued), ["inline_hook.executed"], "what the event hook is registered for");
}

#[tokio::test]
async fn a_hook_that_sends_is_in_the_log_as_such() {
    let world = World::new().await;
    let okta = world.okta();
    okta.add_user(ana());
    let answer = json!({ "commands": [{ "type": "com.okta.telephony.action", "value": [
        { "status": "SUCCESSFUL", "provider": "VERIFY", "transactionId": "VE1", "transactionMetadata": "VL1" }
    ] }] });
    let receiver = Receiver::saying([Say::Json(200, answer)]).await;
    okta.point_at(&receiver.url, &receiver.url);
    assert!(okta.login("00uana", Channel::Sms).await.unwrap().is_sent());
    let log = Value::from(okta.system_log());
    assert_eq!(types(&log), ["system.sms.send_factor_verify_message"]);
    let debug_data = &log[0]["debugContext"]["debugData"];
    assert_eq!(
        (&debug_data["isSmsHookFailover"], &debug_data["transactionId"]),
        (&json!("false"), &json!("VE1"))
    );
    assert_eq!(debug_data["smsTelephonyProvider"], "VERIFY");
    assert_eq!(okta.queued_events(), Vec::<Value>::new());
}
