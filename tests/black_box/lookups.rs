//! Logins that we have no record of: Okta is asked for the number.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use sim::{Channel, Factor, Fault, OktaOp, Outcome, User};

use crate::harness::{PATIENCE, Row, World, phone};

/// Verify has an open verification for `to`, which somebody else started.
async fn started_elsewhere(world: &World, to: &str) {
    let account = world.sim.twilio().account().clone();
    let url = format!("{}/v2/Services/{}/Verifications", world.sim.url(), account.service_sid);
    let request = world.client.post(url).basic_auth(account.account_sid, Some(account.auth_token));
    let answer =
        request.form(&[("To", to), ("Channel", "sms"), ("CustomCode", "4711")]).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
}

/// Okta says that this user has entered a code.
async fn entered(world: &World, user: &User, factor: &str) -> Value {
    entered_before(world, user, factor, Duration::ZERO).await
}

/// Okta says now that this user has entered a code a while ago.
async fn entered_before(world: &World, user: &User, factor: &str, ago: Duration) -> Value {
    let event = world.sim.okta().event_mfa(user, factor, Outcome::Success, Timestamp::now() - ago);
    world.deliver(&world.sim.okta().envelope(std::slice::from_ref(&event))).await;
    event["uuid"].clone()
}

fn spaced(phone: &str) -> String {
    format!("{} ({}) {}-{}", &phone[..2], &phone[2..5], &phone[5..8], &phone[8..])
}

async fn reported(world: &World, uuid: &Value) -> Row {
    world.event_when(uuid.as_str().unwrap(), "done").await;
    let sql =
        format!("SELECT * FROM feedback_reports WHERE event_uuid = {}", uuid.to_string().replace('"', "'"));
    world.row_when(&sql, "result", "reported").await
}

fn paths(world: &World) -> Vec<String> {
    let last = |path: &str| if path.ends_with("/factors") { "factors".to_owned() } else { "user".to_owned() };
    world.sim.okta().requests().iter().map(|it| last(&it.path)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_d6_the_enrolled_number_comes_first() {
    let world = World::start().await;
    let (enrolled, profile) = (phone(), phone());
    let user = User::new("00u1", "a@example.com").mobile_phone(&profile).factor(Factor::push());
    let user = user.factor(Factor::sms(&spaced(&enrolled)));
    world.sim.okta().add_user(user.clone());
    started_elsewhere(&world, &enrolled).await;
    started_elsewhere(&world, &profile).await;
    let uuid = entered(&world, &user, "SMS_FACTOR").await;
    let report = reported(&world, &uuid).await;
    assert_eq!(
        (&report["matched_by"], &report["transaction_id"], report["provider_ref"].starts_with("VE")),
        ("factor", "NULL", true),
        "what Twilio says was open for the number"
    );
    assert_eq!(report["phone_hmac"].len(), 64);
    assert!(world.sim.twilio().approved(&enrolled) && !world.sim.twilio().approved(&profile));
    assert_eq!(paths(&world), ["factors"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_of_two_numbers_the_one_of_the_channel() {
    let world = World::start().await;
    let (sms, call) = (phone(), phone());
    let user = User::new("00u1", "a@example.com").factor(Factor::sms(&sms)).factor(Factor::call(&call));
    world.sim.okta().add_user(user.clone());
    started_elsewhere(&world, &sms).await;
    started_elsewhere(&world, &call).await;
    let uuid = entered(&world, &user, "CALL_FACTOR").await;
    reported(&world, &uuid).await;
    assert!(world.sim.twilio().approved(&call) && !world.sim.twilio().approved(&sms));
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_then_the_profile() {
    let world = World::start().await;
    let profile = phone();
    let pending = Factor::sms(&phone()).status("PENDING_ACTIVATION");
    let user = User::new("00u1", "a@example.com").mobile_phone(&spaced(&profile)).factor(pending);
    world.sim.okta().add_user(user.clone());
    started_elsewhere(&world, &profile).await;
    let uuid = entered(&world, &user, "SMS_FACTOR").await;
    let report = reported(&world, &uuid).await;
    assert_eq!(&report["matched_by"], "profile");
    assert!(world.sim.twilio().approved(&profile));
    assert_eq!(paths(&world), ["factors", "user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_which_ways_are_gone_is_a_setting() {
    let world =
        World::with(|settings| settings.more = "[feedback]\nmatch = ['record', 'profile']\n".to_owned())
            .await;
    let (enrolled, profile) = (phone(), phone());
    let user = User::new("00u1", "a@example.com").mobile_phone(&profile).factor(Factor::sms(&enrolled));
    world.sim.okta().add_user(user.clone());
    started_elsewhere(&world, &profile).await;
    let uuid = entered(&world, &user, "SMS_FACTOR").await;
    assert_eq!(&reported(&world, &uuid).await["matched_by"], "profile");
    assert_eq!(paths(&world), ["user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_where_our_records_are_not_asked_the_number_closes_our_own_code() {
    let world = World::with(|settings| settings.more = "[feedback]\nmatch = ['profile']\n".to_owned()).await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    world.row_when("SELECT * FROM feedback_reports WHERE matched_by = 'profile'", "result", "reported").await;
    assert!(world.sim.twilio().approved(&login.request.phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_late_event_approves_what_was_open_then_and_no_newer_code() {
    let world = World::start().await;
    let numbers = [phone(), phone()];
    let [ana, bob] = [("00u1", &numbers[0]), ("00u2", &numbers[1])]
        .map(|(id, to)| User::new(id, &format!("{id}@example.com")).factor(Factor::sms(to)));
    for user in [&ana, &bob] {
        world.sim.okta().add_user(user.clone());
    }
    started_elsewhere(&world, &numbers[0]).await;
    // More than clocks may differ by.
    tokio::time::sleep(Duration::from_secs(6)).await;
    started_elsewhere(&world, &numbers[1]).await;
    let late = Duration::from_secs(11);
    let uuid = entered_before(&world, &ana, "SMS_FACTOR", late).await;
    assert_ne!(&reported(&world, &uuid).await["provider_ref"], "NULL");
    assert!(world.sim.twilio().approved(&numbers[0]));
    // Before bob's code was sent, however long ana's took.
    let uuid = entered_before(&world, &bob, "SMS_FACTOR", late * 4).await;
    world.event_when(uuid.as_str().unwrap(), "no_match").await;
    assert!(!world.sim.twilio().approved(&numbers[1]), "bob's code of now was not entered");
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_the_event_of_a_code_that_was_not_ours_closes_no_other_code() {
    let world = World::start().await;
    let [ana, bob] = ["ana", "bob"].map(|name| world.user(name));
    // Before either code was made, and more than whole seconds explain.
    let before = Timestamp::now() - Duration::from_millis(2500);
    let text = world.login(&ana, Channel::Sms).await;
    let late = world.login(&bob, Channel::Sms).await;
    // Okta has called ana itself, and bob has entered an older code.
    let called = entered(&world, &ana, "CALL_FACTOR").await;
    let event = world.sim.okta().event_mfa(&bob, "SMS_FACTOR", Outcome::Success, before);
    world.deliver(&world.sim.okta().envelope(std::slice::from_ref(&event))).await;
    for uuid in [&called, &event["uuid"]] {
        world.event_when(uuid.as_str().unwrap(), "no_match").await;
    }
    assert_eq!(world.sim.twilio().reports(), []);
    for login in [&text, &late] {
        let row = world.transaction(&login.request.event_id).await;
        assert_eq!([&row["status"], &row["verified_at"]], ["accepted", "NULL"]);
    }
    // The codes themselves are told as ever.
    for (user, login) in [(&ana, &text), (&bob, &late)] {
        world.type_in(user, login.code()).await;
    }
    world.sim.twilio().wait_for_reports(2, PATIENCE).await.unwrap();
    world.row_when("SELECT count(*) AS n FROM feedback_reports WHERE result = 'reported'", "n", "2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_user_that_is_gone_is_skipped() {
    let world = World::start().await;
    let uuid = entered(&world, &User::new("00ugone", "gone@example.com"), "SMS_FACTOR").await;
    world.event_when(uuid.as_str().unwrap(), "skipped").await;
    assert_eq!((paths(&world).len(), world.sim.twilio().requests().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_user_without_a_number_is_no_match() {
    let world = World::start().await;
    let user = User::new("00u1", "a@example.com").mobile_phone("ask reception").factor(Factor::push());
    world.sim.okta().add_user(user.clone());
    let uuid = entered(&world, &user, "SMS_FACTOR").await;
    world.event_when(uuid.as_str().unwrap(), "no_match").await;
    assert_eq!(world.sim.twilio().requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_oktas_rate_limit_is_obeyed() {
    let world = World::start().await;
    let users: Vec<User> = (0..6).map(|_| world.user("ana")).collect();
    for user in &users {
        started_elsewhere(&world, user.mobile_phone.as_ref().unwrap()).await;
    }
    // Okta's clock is ten minutes off; what counts is its own distance from now to the reset.
    let reset = world.sim.clock().now().as_second() + 7;
    world.sim.okta().configure(|okta| okta.date_skew_seconds = -600);
    let limited = Fault::okta("E0000047")
        .with_header("x-rate-limit-limit", "600")
        .with_header("x-rate-limit-reset", &(reset - 600).to_string());
    world.sim.okta().fail_next(OktaOp::Factors, limited);
    let mut events = Vec::new();
    let first = entered(&world, &users[0], "SMS_FACTOR").await;
    let asked = world.sim.okta().wait_for_requests(1, PATIENCE).await.unwrap();
    assert_eq!(asked[0].status.unwrap_or(429), 429);
    for user in &users[1..] {
        events.push(entered(&world, user, "SMS_FACTOR").await);
    }
    for uuid in events.iter().chain([&first]) {
        reported(&world, uuid).await;
    }
    let asked = world.sim.okta().requests();
    assert_eq!(asked.len(), 7, "one refused, and one each: {asked:#?}");
    assert!(asked[1].at.as_second() >= reset, "asked again too early: {asked:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_while_okta_refuses_the_token_events_wait() {
    let mut world = World::with(|settings| settings.api_token = Some("revoked-token".to_owned())).await;
    let user = world.user("ana");
    started_elsewhere(&world, user.mobile_phone.as_ref().unwrap()).await;
    let uuid = entered(&world, &user, "SMS_FACTOR").await;
    let asked = world.sim.okta().wait_for_requests(1, PATIENCE).await.unwrap();
    assert_eq!(asked.len(), 1);
    crate::harness::until("the refusal is told", async || {
        let told =
            world.server.lines("Okta refuses our API credential: feedback waits until somebody mends it");
        (!told.is_empty()).then_some(())
    })
    .await;
    world.drained().await;
    let row = world.event_when(uuid.as_str().unwrap(), "queued").await;
    assert_eq!(&row["settled_at"], "NULL");
    assert_eq!(world.rows("SELECT * FROM dead_letters").await, []);
    assert!(world.sim.okta().requests().len() <= 2, "it does not spin");
    // Somebody mends it.
    world.settings.api_token = None;
    world.restart().await;
    reported(&world, &uuid).await;
    assert!(world.sim.twilio().approved(user.mobile_phone.as_ref().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_d7_oktas_failures_pass() {
    let world = World::start().await;
    for fault in [
        Fault::okta("E0000009"),
        Fault::html_503(),
        Fault::ResetBeforeAccept,
        Fault::junk(200, "text/html", "<html>maintenance</html>"),
        Fault::junk(404, "text/html", "<html>not here</html>"),
    ] {
        let user = world.user("ana");
        started_elsewhere(&world, user.mobile_phone.as_ref().unwrap()).await;
        let refused = matches!(&fault, Fault::Junk { status: 404, .. });
        world.sim.okta().fail_next(OktaOp::Factors, fault.clone());
        let asked = world.sim.okta().requests().len();
        let uuid = entered(&world, &user, "SMS_FACTOR").await;
        if refused {
            // Not Okta's own 404: somebody else answers at this address, which takes longer to mend.
            world.sim.okta().wait_for_requests(asked + 1, PATIENCE).await.unwrap();
            world.event_when(uuid.as_str().unwrap(), "queued").await;
        } else {
            reported(&world, &uuid).await;
        }
        assert_eq!(world.sim.okta().faults_waiting(), 0, "{fault:?}");
    }
}
