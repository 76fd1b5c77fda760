//! Processes that die, volumes that stay, and two that want the same.

use std::time::Duration;

use sim::{Channel, Fault, Outcome, VerifyOp};

use crate::harness::{PATIENCE, Server, Settings, World, lock_books, ringback, until};

#[tokio::test(flavor = "multi_thread")]
async fn f2_p5_an_event_acknowledged_before_kill_9_is_approved_once() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_always(VerifyOp::Update, Fault::html_503());
    world.type_in(&user, login.code()).await;
    // In each of its lives it tries, and cannot.
    for _ in 0..3 {
        let calls = world.sim.twilio().requests().len();
        world.sim.twilio().wait_for_requests(calls.max(2), PATIENCE).await.unwrap();
        world.sim.twilio().fail_always(VerifyOp::Update, Fault::Delay(Duration::from_secs(30)));
        let calls = world.sim.twilio().requests().len();
        world.crash().await;
        world.sim.twilio().wait_for_requests(calls + 1, PATIENCE).await.unwrap();
    }
    world.sim.twilio().heal();
    world.crash().await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    world.event_when(&report["event_uuid"], "done").await;
    assert!(world.sim.twilio().approved(&login.request.phone));
    // And never again.
    world.crash().await;
    world.restart().await;
    world.drained().await;
    let taken: Vec<_> = world.sim.twilio().reports().into_iter().filter(|it| it.http_status == 200).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(world.rows("SELECT * FROM feedback_reports").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e5_killed_after_the_report_and_before_its_record() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_next(VerifyOp::Update, Fault::DelayAfterAccept(Duration::from_secs(30)));
    world.type_in(&user, login.code()).await;
    world.sim.twilio().wait_for_reports(1, PATIENCE).await.unwrap();
    world.crash().await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "already_final").await;
    world.event_when(&report["event_uuid"], "done").await;
    let told: Vec<u16> = world.sim.twilio().reports().iter().map(|it| it.http_status).collect();
    assert_eq!(told, [200, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_a_thousand_acknowledged_events_survive_kill_9() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let okta = world.sim.okta().clone();
    for round in 0..5 {
        let event = || okta.event_mfa(&user, "PASSWORD_AS_FACTOR", Outcome::Success, jiff::Timestamp::now());
        let events: Vec<_> = (0..200).map(|_| event()).collect();
        world.deliver(&okta.envelope(&events)).await;
        // Before it can have entered them all.
        world.crash().await;
        let sql = "SELECT count(*) AS n FROM okta_events";
        world.row_when(sql, "n", &((round + 1) * 200).to_string()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_second_process_on_one_journal_refuses_to_start() {
    let world = World::start().await;
    let second = ringback(world.place.path(), &["--config", "ringback.toml", "serve"], &[]).await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.err.contains("journal"), "{second:?}");
    let words = ["use", "lock", "another process", "held"];
    assert!(words.iter().any(|word| second.err.contains(word)), "it does not say why: {second:?}");
    // The first one does not mind.
    world.login(&world.user("ana"), Channel::Sms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_journal_left_behind_is_adopted() {
    let mut world = World::with(|settings| settings.journal = "data/vol/a".to_owned()).await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_always(VerifyOp::Update, Fault::html_503());
    world.type_in(&user, login.code()).await;
    world.sim.twilio().wait_for_requests(2, PATIENCE).await.unwrap();
    // A hook that was under way when the node died.
    let lost = world.user("bob");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_secs(30)));
    let request = world.sim.okta().hook_request(&lost.id, Channel::Sms).unwrap();
    let (okta, fired) = (world.sim.okta().clone(), request.clone());
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    until("Verify has it", async || {
        world
            .sim
            .twilio()
            .requests()
            .iter()
            .find(|it| it.form.iter().any(|(_, value)| *value == request.phone))
            .map(drop)
    })
    .await;
    world.server.kill();
    assert!(!call.await.unwrap().is_sent());

    world.sim.twilio().heal();
    world.settings.journal = "data/vol/b".to_owned();
    world.start_again().await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    world.event_when(&report["event_uuid"], "done").await;
    assert!(world.sim.twilio().approved(&login.request.phone));
    assert_ne!(&world.transaction(&login.request.event_id).await["verified_at"], "NULL");
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["failure_class"]), ("ambiguous", "crash"));
    assert!(!world.path("data/vol/a").exists(), "it is marked as adopted");
    // The new node knows what the old one said.
    let calls = world.sim.twilio().requests().len();
    assert!(world.sim.okta().fire_hook(&login.request).await.is_sent());
    assert!(!world.sim.okta().fire_hook(&request).await.is_sent());
    assert_eq!(world.sim.twilio().requests().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_two_live_processes_beside_each_other_leave_each_others_journals_alone() {
    let world = World::with(|settings| settings.journal = "data/vol/a".to_owned()).await;
    world.login(&world.user("ana"), Channel::Sms).await;
    let beside = std::fs::read_to_string(world.path("ringback.toml")).unwrap().replace("vol/a", "vol/b");
    std::fs::write(world.path("beside.toml"), beside).unwrap();
    let other = Server::start(world.place.path(), &world.path("beside.toml"), &Settings::default()).await;
    world.login(&world.user("bob"), Channel::Sms).await;
    world.rows_when("SELECT * FROM otp_transactions WHERE status = 'accepted'", |rows| rows.len() == 2).await;
    assert!(world.path("data/vol/a/journal.db").exists());
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_running_process_adopts_the_journal_of_one_that_dies_beside_it() {
    let mut world = World::with(|settings| settings.journal = "data/vol/a".to_owned()).await;
    let user = world.user("ana");
    let beside = std::fs::read_to_string(world.path("ringback.toml")).unwrap().replace("vol/a", "vol/b");
    std::fs::write(world.path("beside.toml"), beside).unwrap();
    let other = Server::start(world.place.path(), &world.path("beside.toml"), &Settings::default()).await;
    let login = world.login(&user, Channel::Sms).await;
    let books = lock_books(&world.path("data/ledger.db")).await;
    let second = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_always(VerifyOp::Update, Fault::html_503());
    world.type_in(&user, second.code()).await;
    world.server.kill();
    world.sim.twilio().heal();
    sqlx::Connection::close(books).await.unwrap();
    // The one that is left takes over: what was in the journal alone, the approval, and what Okta was told.
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!(&world.transaction(&second.request.event_id).await["status"], "accepted");
    until("it is put in order", async || {
        (!other.lines("an adopted journal was put in order").is_empty()).then_some(())
    })
    .await;
    let to = |path: &str| format!("http://{}{path}", other.public);
    world.sim.okta().point_at(&to("/okta/main/telephony"), &to("/okta/main/events"));
    for request in [&login.request, &second.request] {
        assert!(world.sim.okta().fire_hook(request).await.is_sent());
    }
    assert_eq!(world.sim.twilio().sends().len(), 2, "they are not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_damaged_journal_is_set_aside_and_codes_go_on() {
    let mut world = World::start().await;
    let user = world.user("ana");
    world.login(&user, Channel::Sms).await;
    world.server.terminate();
    assert!(world.server.ended().await.success());
    let file = world.path("data/journal/journal.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..64].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    world.start_again().await;
    assert_eq!(
        world.server.lines("the journal is damaged and set aside; starting with an empty one").len(),
        1
    );
    let login = world.login(&user, Channel::Sms).await;
    assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
    assert_eq!(world.rows("SELECT * FROM otp_transactions").await.len(), 2);
    let aside = std::fs::read_dir(world.path("data/journal/damaged")).unwrap();
    assert!(
        aside.filter_map(Result::ok).any(|kept| std::fs::read(kept.path()).is_ok_and(|kept| kept == bytes))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_journal_that_cannot_be_made_is_told() {
    let world = World::start().await;
    std::fs::write(world.path("file"), "").unwrap();
    let config =
        std::fs::read_to_string(world.path("ringback.toml")).unwrap().replace("data/journal", "file");
    std::fs::write(world.path("other.toml"), config).unwrap();
    let said = ringback(world.place.path(), &["--config", "other.toml", "serve"], &[]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("journal.dir"), "{said:?}");
}
