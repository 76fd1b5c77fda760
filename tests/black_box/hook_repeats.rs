//! One hook, one code: however often and whenever the same hook comes.

use std::time::Duration;

use serde_json::Value;
use sim::{Channel, Fault, VerifyOp};
use tokio::task::JoinSet;

use crate::harness::{PATIENCE, Reply, World, status_of};

/// A hook of a user of its own, as Okta would send it.
fn hook_of(world: &World, name: &str) -> Value {
    let user = world.user(name);
    let okta = world.sim.okta();
    okta.hook_body(&okta.hook_request(&user.id, Channel::Sms).unwrap())
}

fn event_id(hook: &Value) -> &str {
    hook["eventId"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_a_hook_again_gets_the_stored_answer() {
    let world = World::start().await;
    let hook = hook_of(&world, "ana");
    let first = world.hook(&hook).await;
    for _ in 0..3 {
        assert_eq!(world.hook(&hook).await.text, first.text);
    }
    assert_eq!(status_of(&first.json()), "SUCCESSFUL");
    assert_eq!(world.sim.twilio().requests().len(), 1);
    world.transaction(event_id(&hook)).await;
    assert_eq!(world.rows("SELECT id FROM otp_transactions").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_an_error_is_stored_too() {
    let world = World::start().await;
    let hook = hook_of(&world, "ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(60410));
    let first = world.hook(&hook).await;
    assert_eq!(status_of(&first.json()), "error");
    assert_eq!(world.hook(&hook).await.text, first.text);
    assert_eq!(world.sim.twilio().requests().len(), 1, "the block stands: nobody asks again");
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_twenty_copies_of_a_hook_are_sent_once() {
    let world = World::start().await;
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_millis(400)));
    let hook = hook_of(&world, "ana");
    let mut copies = JoinSet::new();
    for _ in 0..20 {
        let request = world.signed(reqwest::Method::POST, "/okta/main/telephony").json(&hook);
        copies.spawn(Reply::to(request));
    }
    let replies = copies.join_all().await;
    assert_eq!(status_of(&replies[0].json()), "SUCCESSFUL");
    for reply in &replies {
        assert_eq!((reply.status, &reply.text), (200, &replies[0].text));
    }
    assert_eq!(world.sim.twilio().requests().len(), 1);
    let phone = hook["data"]["messageProfile"]["phoneNumber"].as_str().unwrap();
    assert_eq!(world.sim.handset().inbox(phone).len(), 1);
    world.transaction(event_id(&hook)).await;
    assert_eq!(world.rows("SELECT id FROM otp_transactions").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_another_event_id_is_another_code() {
    let world = World::start().await;
    let user = world.user("ana");
    let okta = world.sim.okta();
    for id in ["one", "two"] {
        let request = okta.hook_request(&user.id, Channel::Sms).unwrap().event_id(id);
        assert!(okta.fire_hook(&request).await.is_sent());
    }
    assert_eq!(world.sim.twilio().sends().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_an_answer_outlives_a_clean_restart() {
    let mut world = World::start().await;
    let hook = hook_of(&world, "ana");
    let first = world.hook(&hook).await;
    for _ in 0..2 {
        world.restart().await;
        assert_eq!(world.hook(&hook).await.text, first.text);
    }
    assert_eq!(world.sim.twilio().requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_an_answer_outlives_kill_9() {
    let mut world = World::start().await;
    let (sent, blocked) = (hook_of(&world, "ana"), hook_of(&world, "bob"));
    let first = world.hook(&sent).await;
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(60605));
    let second = world.hook(&blocked).await;
    for _ in 0..2 {
        world.crash().await;
        assert_eq!(world.hook(&sent).await.text, first.text);
        assert_eq!(world.hook(&blocked).await.text, second.text);
    }
    assert_eq!(world.sim.twilio().requests().len(), 2);
}

/// Verify has taken the code, and the process dies before it hears so.
async fn killed_while_sending(world: &mut World, hook: &Value) {
    let late = Fault::DelayAfterAccept(Duration::from_secs(20));
    world.sim.twilio().fail_next(VerifyOp::Create, late);
    let calls = world.sim.twilio().requests().len();
    let request = world.signed(reqwest::Method::POST, "/okta/main/telephony").json(hook);
    let caller = tokio::spawn(request.send());
    world.sim.twilio().wait_for_requests(calls + 1, PATIENCE).await.unwrap();
    world.server.kill();
    assert!(caller.await.unwrap().is_err(), "it was killed before it answered");
    assert_eq!(world.sim.twilio().faults_waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_p4_a_hook_killed_while_sending_is_never_sent_again() {
    let mut world = World::start().await;
    let hook = hook_of(&world, "ana");
    killed_while_sending(&mut world, &hook).await;
    world.start_again().await;

    let row = world.transaction(event_id(&hook)).await;
    assert_eq!((&row["status"], &row["failure_class"]), ("ambiguous", "crash"));
    let attempts = world.attempts(&row).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!((&attempts[0]["outcome"], &attempts[0]["provider"]), ("ambiguous", "verify"));
    assert_eq!(status_of(&world.hook(&hook).await.json()), "PENDING");
    assert_eq!(world.sim.twilio().requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_p4_nor_after_a_second_or_third_restart() {
    let mut world = World::start().await;
    let hook = hook_of(&world, "ana");
    killed_while_sending(&mut world, &hook).await;
    world.start_again().await;
    // Nobody asks in this life: what the next ones know of it comes from the journal.
    world.transaction(event_id(&hook)).await;
    world.crash().await;
    assert_eq!(status_of(&world.hook(&hook).await.json()), "PENDING");
    world.restart().await;
    assert_eq!(status_of(&world.hook(&hook).await.json()), "PENDING");
    assert_eq!(world.sim.twilio().requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_what_is_said_after_a_crash_is_in_the_books() {
    let mut world = World::start().await;
    let hook = hook_of(&world, "ana");
    killed_while_sending(&mut world, &hook).await;
    world.start_again().await;
    assert_eq!(&world.transaction(event_id(&hook)).await["answer"], "NULL");
    assert_eq!(status_of(&world.hook(&hook).await.json()), "PENDING");
    let sql = format!("SELECT * FROM otp_transactions WHERE okta_event_id = '{}'", event_id(&hook));
    let row = world.row_when(&sql, "answer", "PENDING").await;
    assert_ne!(&row["answered_at"], "NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_an_answer_that_only_the_books_know_is_given_again() {
    let mut world = World::start().await;
    let hook = hook_of(&world, "ana");
    let first = world.hook(&hook).await.json();
    assert_eq!(status_of(&first), "SUCCESSFUL");
    world.drained().await;
    world.server.kill();
    // As after a long time, or with a new volume.
    std::fs::remove_dir_all(world.path("data/journal")).unwrap();
    world.start_again().await;
    assert_eq!(world.hook(&hook).await.json(), first);
    assert_eq!(world.hook(&hook).await.json(), first, "and from memory after that");
    assert_eq!(world.sim.twilio().requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_login_after_a_crash_while_sending_is_still_approved() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let okta = world.sim.okta().clone();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let phone = request.phone.clone();
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(Duration::from_secs(20)));
    let fired = tokio::spawn(async move { okta.fire_hook(&request).await });
    let message = world.sim.handset().wait_for(&phone, 1, PATIENCE).await.unwrap();
    world.server.kill();
    assert!(!fired.await.unwrap().is_sent());
    world.start_again().await;

    world.type_in(&user, &message[0].code).await;
    let row = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    let sid = &world.sim.twilio().sends()[0].verification_sid;
    assert_eq!(
        (&row["matched_by"], &row["provider_ref"]),
        ("record", sid.as_str()),
        "by its number, until the answer says the reference"
    );
    assert!(world.sim.twilio().approved(&phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_codes_for_one_number_are_sent_one_after_another() {
    let world = World::start().await;
    world.sim.twilio().configure(|twilio| twilio.concurrency_check = true);
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::Delay(Duration::from_millis(100)));
    let user = world.user("ana");
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        let okta = world.sim.okta().clone();
        let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
        calls.spawn(async move { okta.fire_hook(&request).await });
    }
    for result in calls.join_all().await {
        assert!(result.is_sent(), "{result:?}");
    }
    assert_eq!(world.sim.twilio().sends().len(), 4);
    let phone = user.mobile_phone.as_ref().unwrap();
    assert_eq!(world.sim.twilio().max_concurrent_starts(phone), 1);
}
