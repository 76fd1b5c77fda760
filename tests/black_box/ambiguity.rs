//! When nobody can know whether the code was sent.

use std::time::Duration;

use serde_json::json;
use sim::{Channel, Fault, VerifyOp};

use crate::harness::{PATIENCE, Row, World, status_of};

/// Lets a login meet a fault; returns its transaction.
async fn meet(world: &World, fault: Fault, answer: &str, status: &str) -> Row {
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, fault.clone());
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
    let result = world.sim.okta().fire_hook(&request).await;
    assert_eq!(world.sim.twilio().faults_waiting(), 0, "{fault:?} did not strike");
    assert_eq!(status_of(&result.json()), answer, "{fault:?}");
    assert!(result.elapsed < Duration::from_millis(2800), "{fault:?}: {:?}", result.elapsed);
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["answer"]), (status, answer), "{fault:?}");
    row
}

async fn ambiguous(world: &World, fault: Fault) {
    let text = format!("{fault:?}");
    let calls = world.sim.twilio().requests().len();
    let row = meet(world, fault, "PENDING", "ambiguous").await;
    assert_eq!(&row["failure_class"], "ambiguous", "{text}");
    let attempts = world.attempts(&row).await;
    assert_eq!(attempts.len(), 1, "{text}: nobody may send again");
    assert_eq!(&attempts[0]["outcome"], "ambiguous", "{text}");
    assert_eq!(world.sim.twilio().requests().len(), calls + 1, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_c5_verify_stalls_for_8_s_and_the_login_is_approved_all_the_same() {
    let world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(Duration::from_secs(8)));
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
    let result = world.sim.okta().fire_hook(&request).await;
    assert!(result.elapsed < Duration::from_millis(2800), "{:?}", result.elapsed);
    assert_eq!(status_of(&result.json()), "PENDING");
    let row = world.transaction(&request.event_id).await;
    assert_eq!(
        (&row["status"], &row["failure_class"], &row["provider_ref"]),
        ("ambiguous", "ambiguous", "NULL")
    );

    // It did reach the handset, and the user types it in.
    let message = world.sim.handset().wait_for(&request.phone, 1, PATIENCE).await.unwrap();
    world.type_in(&user, &message[0].code).await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!((&report["transaction_id"], &report["matched_by"]), (&row["id"], "record"));
    assert!(world.sim.twilio().approved(&request.phone));
    let reports = world.sim.twilio().reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].target, request.phone, "by the number: no answer told the reference");
    assert_ne!(&world.transaction(&request.event_id).await["verified_at"], "NULL");
    assert_eq!(world.sim.okta().requests(), [], "our own record knows the number");
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_c4_verify_never_answers() {
    let world = World::start().await;
    let row = meet(&world, Fault::Delay(Duration::from_secs(8)), "PENDING", "ambiguous").await;
    assert_eq!(&world.attempts(&row).await[0]["http_status"], "NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_an_unreadable_success_is_ambiguous() {
    let world = World::start().await;
    let junk = |kind: &str, body: &str| Fault::junk(201, kind, body).after_accept();
    for fault in [
        junk("text/html", "<html><body>Created</body></html>"),
        junk("application/json", ""),
        junk("application/json", "{\"sid\":\"VE"),
        junk("application/json", "[]"),
        junk("application/json", "null"),
        junk("application/json", "\u{feff}nonsense"),
        Fault::status(201, json!({ "status": "pending" })).after_accept(),
        Fault::status(201, json!({ "sid": 7, "status": "pending" })).after_accept(),
        Fault::status(201, json!({ "sid": "../../Services", "status": "pending" })).after_accept(),
        Fault::status(200, json!({})).after_accept(),
    ] {
        ambiguous(&world, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_5xx_is_ambiguous() {
    let world = World::start().await;
    for fault in [
        Fault::twilio(20500),
        Fault::twilio(20500).after_accept(),
        Fault::html_503(),
        Fault::html_503().after_accept(),
        Fault::junk(502, "text/plain", "bad gateway"),
        Fault::status(504, json!({})),
    ] {
        ambiguous(&world, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_reset_is_ambiguous() {
    let world = World::start().await;
    ambiguous(&world, Fault::ResetAfterAccept).await;
    ambiguous(&world, Fault::ResetBeforeAccept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c15_a_body_without_end_is_ambiguous() {
    let world = World::start().await;
    ambiguous(&world, Fault::HugeBody { bytes: 100 << 20 }).await;
    ambiguous(&world, Fault::SlowBody { bytes_per_second: 20 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c16_a_redirect_is_not_followed() {
    let world = World::start().await;
    let row = meet(&world, Fault::Redirect, "error", "failed").await;
    assert_eq!(&row["failure_class"], "misconfigured");
    assert_eq!(world.sim.redirects_followed(), 0);
}

/// No request gets to a provider at this address.
async fn unreachable(url: String) {
    let world = World::with(|settings| settings.provider_url = Some(url.clone())).await;
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
    let result = world.sim.okta().fire_hook(&request).await;
    assert_eq!(status_of(&result.json()), "error", "{url}");
    assert!(result.elapsed < Duration::from_millis(1500), "{url}: {:?}", result.elapsed);
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["failure_class"]), ("failed", "not_sent"), "{url}");
    let attempts = world.attempts(&row).await;
    assert!(!attempts.is_empty(), "{url}");
    for attempt in attempts {
        assert_eq!((&attempt["outcome"], &attempt["http_status"]), ("not_sent", "NULL"), "{url}");
    }
    assert_eq!(world.sim.twilio().requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_c18_a_refused_port_is_an_error_at_once() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    unreachable(format!("http://{free}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_a_name_that_nobody_has_is_an_error_at_once() {
    unreachable("https://verify.invalid".to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_a_provider_that_does_not_speak_tls_gets_nothing() {
    let plain = sim::Sim::start(sim::Options::default()).await.unwrap();
    unreachable(plain.url().replace("http://", "https://")).await;
    assert_eq!(plain.twilio().requests(), []);
    // One that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    unreachable(format!("https://{}", silent.local_addr().unwrap())).await;
}
