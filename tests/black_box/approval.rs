//! From a login to the approval, by our own record.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sim::{Channel, Engine, Fault, Outcome, VerifyOp};

use tokio::task::JoinSet;

use crate::harness::{Kind, PATIENCE, Provider, World, until};

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_login_is_approved_by_its_reference_and_entered() {
    let world = World::start().await;
    for channel in [Channel::Sms, Channel::Voice] {
        let user = world.user("ana");
        let login = world.login(&user, channel).await;
        let code = world.sim.handset().latest_code(&login.request.phone).unwrap();
        world.sim.okta().enter_code(&user.id, &code).await.unwrap();
        let event = world.sim.okta().queued_events().remove(0);
        assert!(world.sim.okta().flush_events().await.unwrap().is_received());

        let row = world.event_when(event["uuid"].as_str().unwrap(), "done").await;
        let transaction = world.transaction(&login.request.event_id).await;
        let word = if channel == Channel::Sms { "sms" } else { "voice" };
        assert_eq!(
            (&row["transaction_id"], &row["channel"], &row["attempts"]),
            (&transaction["id"], word, "1")
        );
        let published: Timestamp = event["published"].as_str().unwrap().parse().unwrap();
        assert_eq!(transaction["verified_at"].parse::<Timestamp>().unwrap(), published);
        assert_eq!(row["published_at"].parse::<Timestamp>().unwrap(), published);

        let sql = format!("SELECT * FROM feedback_reports WHERE transaction_id = '{}'", &transaction["id"]);
        let report = world.row_when(&sql, "result", "reported").await;
        assert_eq!(
            (&report["verdict"], &report["matched_by"], &report["provider"]),
            ("approved", "record", "verify")
        );
        assert_eq!(&report["event_uuid"], event["uuid"].as_str().unwrap());
        assert_eq!(&report["provider_ref"], &transaction["provider_ref"]);
        let told = world.sim.twilio().reports();
        let told = told.last().unwrap();
        assert_eq!(
            (told.target.as_str(), told.status.as_str(), told.http_status),
            (&transaction["provider_ref"], "approved", 200)
        );
        assert!(world.sim.twilio().approved(&transaction["provider_ref"]));
        let lag = report["reported_at"]
            .parse::<Timestamp>()
            .unwrap()
            .duration_since(row["received_at"].parse().unwrap());
        assert!(lag < SignedDuration::from_secs(5), "{lag:?}");
    }
    assert_eq!(world.sim.okta().requests(), [], "no need to ask Okta");
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_late_event_of_one_login_does_not_approve_the_next_one() {
    let world = World::start().await;
    let user = world.user("ana");
    let okta = world.sim.okta();
    let first = world.login(&user, Channel::Sms).await;
    world.type_in(&user, first.code()).await;
    let row = world.transaction(&first.request.event_id).await;
    world.sim.twilio().wait_for_reports(1, PATIENCE).await.unwrap();
    assert!(world.sim.twilio().approved(&row["provider_ref"]));
    // Another event of that login, published before the next code was asked for, comes after it.
    let published = Timestamp::now();
    let next = world.login(&user, Channel::Sms).await;
    let event = okta.event_mfa(&user, "SMS_FACTOR", Outcome::Success, published);
    let uuid = event["uuid"].as_str().unwrap().to_owned();
    assert!(okta.deliver(vec![event]).await.is_received());
    assert_eq!(&world.event_when(&uuid, "done").await["transaction_id"], &row["id"]);
    let open = world.transaction(&next.request.event_id).await;
    assert!(!world.sim.twilio().approved(&open["provider_ref"]));
    assert_eq!(&open["verified_at"], "NULL");
    assert_eq!(world.sim.twilio().reports().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_the_twin_events_of_an_enrolment_are_one_report() {
    for channel in [Channel::Sms, Channel::Voice] {
        let world = World::start().await;
        let user = world.user("ana");
        let phone = crate::harness::phone();
        let okta = world.sim.okta();
        let enrolment = okta.enrol(&user.id, &phone, channel).await.unwrap();
        assert!(enrolment.is_sent());
        okta.enter_code(&user.id, enrolment.code()).await.unwrap();
        let events = okta.queued_events();
        assert_eq!(events.len(), 2);
        assert!(okta.flush_events().await.unwrap().is_received());
        for (event, its_channel) in events.iter().zip([Channel::Sms, Channel::Voice]) {
            let state = if its_channel == channel { "done" } else { "skipped" };
            world.event_when(event["uuid"].as_str().unwrap(), state).await;
        }
        assert_eq!(world.rows("SELECT * FROM feedback_reports").await.len(), 1);
        assert_eq!(world.sim.twilio().reports().len(), 1);
        assert!(world.sim.twilio().approved(&phone));
        assert_ne!(&world.transaction(&enrolment.request.event_id).await["verified_at"], "NULL");
        assert_eq!(okta.requests(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_p6_of_an_enrolment_by_both_channels_the_code_that_was_entered_counts() {
    // Two vendors, so that each message is a verification of its own.
    let world = World::with(|settings| {
        settings.providers =
            vec![Provider::new("calls", Kind::Verify), Provider::new("texts", Kind::Messaging)];
        settings.more = "[[telephony.routes]]\nchannels = ['sms']\nproviders = ['texts']\n\
            [[telephony.routes]]\nproviders = ['calls']\n"
            .to_owned();
    })
    .await;
    let user = world.user("ana");
    let phone = crate::harness::phone();
    let okta = world.sim.okta();
    let text = okta.enrol(&user.id, &phone, Channel::Sms).await.unwrap();
    let call = okta.enrol(&user.id, &phone, Channel::Voice).await.unwrap();
    assert!(text.is_sent() && call.is_sent());
    okta.enter_code(&user.id, call.code()).await.unwrap();
    let events = okta.queued_events();
    assert!(okta.flush_events().await.unwrap().is_received());
    for (event, state) in events.iter().zip(["skipped", "done"]) {
        world.event_when(event["uuid"].as_str().unwrap(), state).await;
    }
    assert_ne!(&world.transaction(&call.request.event_id).await["verified_at"], "NULL");
    assert_eq!(&world.transaction(&text.request.event_id).await["verified_at"], "NULL", "nobody entered it");
    assert_eq!(world.rows("SELECT * FROM feedback_reports").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_classic_enrolment_is_one_event_and_one_report() {
    let world = World::start().await;
    world.sim.okta().configure(|okta| okta.engine = Engine::Classic);
    let user = world.user("ana");
    let phone = crate::harness::phone();
    let enrolment = world.sim.okta().enrol(&user.id, &phone, Channel::Voice).await.unwrap();
    world.type_in(&user, enrolment.code()).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert!(world.sim.twilio().approved(&phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_an_event_of_eleven_minutes_ago_is_settled_without_a_call() {
    let world = World::start().await;
    let user = world.user("ana");
    let okta = world.sim.okta();
    let old = Timestamp::now() - SignedDuration::from_mins(11);
    let event = okta.event_mfa(&user, "SMS_FACTOR", Outcome::Success, old);
    world.deliver(&okta.envelope(std::slice::from_ref(&event))).await;
    world.event_when(event["uuid"].as_str().unwrap(), "expired").await;
    assert_eq!((world.sim.twilio().requests(), okta.requests()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn e2_a_verification_that_is_gone_ends_the_event() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    // Verify's own clock has passed its ten minutes.
    world.sim.twilio().configure(|twilio| twilio.window = Duration::ZERO);
    world.type_in(&user, login.code()).await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "expired").await;
    world.event_when(&report["event_uuid"], "expired").await;
    let reports = world.sim.twilio().reports();
    assert_eq!((reports.len(), reports[0].http_status), (1, 404));
    assert_ne!(
        &world.transaction(&login.request.event_id).await["verified_at"],
        "NULL",
        "the code was entered"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn e3_a_report_whose_answer_was_lost_is_already_final() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_next(VerifyOp::Update, Fault::ResetAfterAccept);
    world.type_in(&user, login.code()).await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "already_final").await;
    world.event_when(&report["event_uuid"], "done").await;
    let told: Vec<u16> = world.sim.twilio().reports().iter().map(|it| it.http_status).collect();
    assert_eq!(told, [200, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e3_a_report_is_repeated_until_it_is_taken() {
    let world = World::start().await;
    for fault in [Fault::twilio(20500), Fault::html_503(), Fault::twilio(20429), Fault::ResetBeforeAccept] {
        let user = world.user("ana");
        let login = world.login(&user, Channel::Sms).await;
        let row = world.transaction(&login.request.event_id).await;
        world.sim.twilio().fail_next(VerifyOp::Update, fault.clone());
        world.type_in(&user, login.code()).await;
        let sql = format!("SELECT * FROM feedback_reports WHERE transaction_id = '{}'", &row["id"]);
        world.row_when(&sql, "result", "reported").await;
        let sql = format!("SELECT * FROM okta_events WHERE transaction_id = '{}'", &row["id"]);
        let event = world.row_when(&sql, "state", "done").await;
        assert_eq!(&event["attempts"], "2", "{fault:?}");
        assert!(world.sim.twilio().approved(&row["provider_ref"]));
    }
    assert_eq!(world.sim.twilio().faults_waiting(), 0);
    assert!(world.sim.twilio().reports().iter().all(|report| report.http_status == 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_the_newest_send_is_the_one_that_was_entered() {
    let world = World::start().await;
    let user = world.user("ana");
    let first = world.login(&user, Channel::Sms).await;
    let voice = world.login(&user, Channel::Voice).await;
    let second = world.login(&user, Channel::Sms).await;
    world.type_in(&user, second.code()).await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!(&report["transaction_id"], &world.transaction(&second.request.event_id).await["id"]);
    for other in [first, voice] {
        assert_eq!(&world.transaction(&other.request.event_id).await["verified_at"], "NULL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_users_do_not_get_in_each_others_way() {
    let world = World::start().await;
    let users: Vec<_> = (0..20).map(|n| world.user(&format!("u{n}"))).collect();
    let okta = world.sim.okta();
    let mut events: Vec<Value> = Vec::new();
    let mut approved = Vec::new();
    for (n, user) in users.iter().enumerate() {
        let login = world.login(user, if n % 3 == 0 { Channel::Voice } else { Channel::Sms }).await;
        if n % 2 == 0 {
            okta.enter_code(&user.id, login.code()).await.unwrap();
            approved.push(login.request.phone.clone());
        }
        events.append(&mut okta.take_events());
    }
    events.reverse();
    world.deliver(&okta.envelope(&events)).await;
    world
        .rows_when("SELECT * FROM feedback_reports WHERE result = 'reported'", |rows| rows.len() == 10)
        .await;
    for user in &users {
        let phone = user.mobile_phone.as_ref().unwrap();
        assert_eq!(world.sim.twilio().approved(phone), approved.contains(phone));
    }
    assert_eq!(world.sim.twilio().reports().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn e7_an_event_that_comes_before_its_send_is_in_the_books_finds_it() {
    let world = World::start().await;
    let user = world.user("ana");
    // Nobody may write to the books: the send waits in the journal, and so does what the worker looks for.
    let books = crate::harness::lock_books(&world.path("data/ledger.db")).await;
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    assert!(
        world.sim.twilio().wait_for_reports(1, PATIENCE).await.is_some(),
        "by the number, if not by the record"
    );
    sqlx::Connection::close(books).await.unwrap();
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert!(world.sim.twilio().approved(&login.request.phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_several_events_of_one_login_are_one_report() {
    let mut world = World::start().await;
    let user = world.user("ana");
    world.login(&user, Channel::Sms).await;
    let okta = world.sim.okta().clone();
    let event = || okta.event_mfa(&user, "SMS_FACTOR", Outcome::Success, Timestamp::now());
    let mut events: Vec<Value> = (0..5).map(|_| event()).collect();
    // In one delivery, in several at once, and in another life.
    world.deliver(&okta.envelope(&events)).await;
    let mut deliveries = JoinSet::new();
    for _ in 0..5 {
        let event = event();
        events.push(event.clone());
        let okta = okta.clone();
        deliveries.spawn(async move { okta.deliver(vec![event.clone(), event]).await });
    }
    assert!(deliveries.join_all().await.iter().all(sim::DeliveryResult::is_received));
    world.restart().await;
    events.push(event());
    world.deliver(&okta.envelope(&events[10..])).await;
    for event in &events {
        let row = world.event_when(event["uuid"].as_str().unwrap(), "done").await;
        assert_ne!(&row["transaction_id"], "NULL");
    }
    assert_eq!(world.sim.twilio().reports().len(), 1);
    assert_eq!(world.rows("SELECT * FROM feedback_reports").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_while_verify_refuses_our_credential_events_wait() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_next(VerifyOp::Update, Fault::twilio(20003));
    world.type_in(&user, login.code()).await;
    let told = "the provider refuses our report: feedback waits until somebody mends it";
    until("the refusal is told", async || (!world.server.lines(told).is_empty()).then_some(())).await;
    world.drained().await;
    assert_eq!(&world.rows("SELECT state FROM okta_events").await[0]["state"], "queued");
    assert_eq!(world.rows("SELECT * FROM dead_letters").await, []);
    // Codes are sent all the same.
    let ready = world.admin("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &Value::from("degraded")));
    assert_eq!(ready.json()["feedback"]["why"], "verify refuses our reports");
    let problems = world.admin("/api/overview").await.json()["problems"].to_string();
    assert!(problems.contains("A provider is not told which codes are used"), "{problems}");
    let counted = r#"ringback_report_tries_total{provider="verify",result="refused"} 1"#;
    assert!(world.admin("/metrics").await.text.contains(counted));
    world.restart().await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!(world.sim.twilio().reports().len(), 1);
    assert_eq!(world.admin("/readyz").await.json()["feedback"]["status"], "ready");
}
