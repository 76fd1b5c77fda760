//! Every error of Verify's contract: how it is entered, what Okta is told, and that nothing of it gets out.

use std::time::Duration;

use serde_json::json;
use sim::{Channel, Fault, VerifyOp};

use crate::harness::{World, provider_sample, status_of, value_of};

/// Sample, class of failure and outcome, status, calls to Verify.
const ALL: [(&str, &str, &str, usize); 17] = [
    ("20003", "misconfigured", "failed", 1),
    // It blames the service or the locale, and does not say which: once more without.
    ("20404-service", "misconfigured", "failed", 2),
    ("20429", "not_sent", "failed", 2),
    ("20500", "ambiguous", "ambiguous", 1),
    ("60200", "rejected_number", "rejected", 1),
    ("60202", "rejected_limit", "rejected", 1),
    ("60203", "rejected_limit", "rejected", 1),
    ("60204", "misconfigured", "failed", 1),
    ("60205", "rejected_number", "rejected", 1),
    ("60207", "misconfigured", "failed", 1),
    ("60212", "rejected_limit", "rejected", 1),
    ("60220", "misconfigured", "failed", 1),
    ("60223", "misconfigured", "failed", 1),
    ("60238", "misconfigured", "failed", 1),
    ("60410", "rejected_fraud", "blocked", 1),
    ("60413", "rejected_fraud", "blocked", 1),
    ("60605", "rejected_number", "rejected", 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn c7_to_c12_every_error_code_of_the_contract() {
    for (sample, class, status, calls) in ALL {
        let world = World::start().await;
        let user = world.user("ana");
        let body = provider_sample(&format!("verify-error-{sample}"));
        let http = u16::try_from(body["status"].as_u64().unwrap()).unwrap();
        world.sim.twilio().fail_always(VerifyOp::Create, Fault::status(http, body.clone()));
        let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
        let result = world.sim.okta().fire_hook(&request).await;

        let answer = if status == "ambiguous" { "PENDING" } else { "error" };
        assert_eq!(status_of(&result.json()), answer, "{sample}");
        assert!(!result.body.contains(body["message"].as_str().unwrap()), "{sample}: {}", result.body);
        assert!(!result.body.contains(&body["code"].to_string()), "{sample}: {}", result.body);
        assert!(!result.body.contains(&request.code) && !result.body.contains(&request.phone[1..]));
        let row = world.transaction(&request.event_id).await;
        assert_eq!(
            (&row["status"], &row["failure_class"], &row["answer"]),
            (status, class, answer),
            "{sample}"
        );
        let attempts = world.attempts(&row).await;
        assert_eq!((attempts.len(), world.sim.twilio().requests().len()), (calls, calls), "{sample}");
        for attempt in attempts {
            assert_eq!(&attempt["outcome"], class, "{sample}");
            assert_eq!(&attempt["provider_code"], body["code"].to_string(), "{sample}");
            assert_eq!(&attempt["http_status"], http.to_string(), "{sample}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_locale_that_verify_does_not_know_is_left_out() {
    let world = World::start().await;
    world.sim.twilio().configure(|twilio| assert!(twilio.locales.remove("fr")));
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().locale("fr-FR");
    let result = world.sim.okta().fire_hook(&request).await;
    assert_eq!(value_of(&result.json())["status"], "SUCCESSFUL");
    let sends = world.sim.twilio().sends();
    assert_eq!((sends.len(), sends[0].locale.as_deref()), (1, None));
    let row = world.transaction(&request.event_id).await;
    let outcomes: Vec<_> = world.attempts(&row).await.iter().map(|it| it["outcome"].to_owned()).collect();
    assert_eq!(outcomes, ["misconfigured", "accepted"]);
    assert_eq!((&row["status"], &row["failure_class"]), ("accepted", "NULL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c8_too_many_requests_is_tried_once_more() {
    let world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(20429));
    let login = world.login(&user, Channel::Sms).await;
    let row = world.transaction(&login.request.event_id).await;
    let outcomes: Vec<_> = world.attempts(&row).await.iter().map(|it| it["outcome"].to_owned()).collect();
    assert_eq!(outcomes, ["not_sent", "accepted"]);
    assert_eq!(world.sim.twilio().sends().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_the_sixth_code_is_refused_until_one_is_approved() {
    let world = World::with(|settings| settings.more = "[feedback]\ncancel = 'never'\n".to_owned()).await;
    let user = world.user("ana");
    let mut last = None;
    for _ in 0..5 {
        last = Some(world.login(&user, Channel::Sms).await);
    }
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
    let sixth = world.sim.okta().fire_body(&world.sim.okta().hook_body(&request)).await;
    assert_eq!(status_of(&sixth.json()), "error");
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["failure_class"]), ("rejected", "rejected_limit"));

    // All five were one verification; the user types the last code in.
    let last = last.unwrap();
    world.type_in(&user, last.code()).await;
    let sends = world.sim.twilio().sends();
    assert!(sends.iter().all(|send| send.verification_sid == sends[0].verification_sid));
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!(&report["provider_ref"], sends[0].verification_sid);
    let row = world.transaction(&last.request.event_id).await;
    assert_eq!(&report["transaction_id"], &row["id"], "the newest one that was sent");
    world.login(&user, Channel::Sms).await;
    assert_eq!(world.sim.twilio().sends().len(), 6);
}

async fn answered_with(telephony: &str, fault: Fault) -> (serde_json::Value, crate::harness::Row, usize) {
    let telephony = telephony.to_owned();
    let world = World::with(|settings| settings.telephony = telephony).await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, fault);
    let request = world.sim.okta().hook_request(&user.id, Channel::Voice).unwrap();
    let answer = world.sim.okta().fire_hook(&request).await.json();
    (answer, world.transaction(&request.event_id).await, world.sim.twilio().sends().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_okta_is_told_is_a_setting() {
    for (setting, code, answer, status) in [
        ("on_ambiguous = 'error'", 20500, "error", "ambiguous"),
        ("on_ambiguous = 'successful'", 20500, "SUCCESSFUL", "ambiguous"),
        ("on_ambiguous = 'pending'", 20500, "PENDING", "ambiguous"),
        ("on_failed = 'failed'", 20003, "FAILED", "failed"),
        ("on_failed = 'failed'", 60200, "FAILED", "rejected"),
        ("on_failed = 'failed'", 60203, "FAILED", "rejected"),
        ("on_failed = 'error'", 20003, "error", "failed"),
        ("on_blocked = 'error'", 60410, "error", "blocked"),
        ("on_failed = 'failed'", 60410, "error", "blocked"),
    ] {
        let (told, row, _) = answered_with(setting, Fault::twilio(code)).await;
        assert_eq!(status_of(&told), answer, "{setting} {code}");
        assert_eq!((&row["status"], &row["answer"]), (status, answer), "{setting} {code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_a_silent_block_is_said_to_be_sent_and_is_in_the_books() {
    let (told, row, sends) = answered_with("on_blocked = 'silent'", Fault::twilio(60410)).await;
    assert_eq!(status_of(&told), "SUCCESSFUL");
    assert!(value_of(&told).get("transactionId").is_none(), "there is none: {told}");
    assert_eq!(
        (&row["status"], &row["failure_class"], &row["answer"]),
        ("blocked", "rejected_fraud", "SUCCESSFUL")
    );
    assert_eq!(sends, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_the_deadline_is_a_setting() {
    let stall = Fault::Delay(Duration::from_secs(5));
    let begun = std::time::Instant::now();
    let (told, row, _) = answered_with("deadline = '700ms'", stall).await;
    assert_eq!((status_of(&told), &row["status"]), ("PENDING", "ambiguous"));
    let moment = |name: &str| row[name].parse::<jiff::Timestamp>().unwrap();
    let took = moment("answered_at").duration_since(moment("received_at"));
    assert!(took.as_millis() < 900, "{took}; {:?} in all", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_a_verification_that_failed_is_not_a_success() {
    for status in ["failed", "canceled", "expired"] {
        let sid = format!("VE{}", "0".repeat(32));
        let body = json!({ "sid": sid, "status": status, "send_code_attempts": [] });
        let (told, row, _) = answered_with("", Fault::status(201, body)).await;
        assert_ne!(status_of(&told), "SUCCESSFUL", "{status}");
        assert_ne!(&row["status"], "accepted", "{status}");
    }
}
