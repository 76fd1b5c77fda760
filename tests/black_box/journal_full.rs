//! When facts can no longer be kept, nothing is sent; when the books are away, everything goes on.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sim::{Channel, Fault, Outcome, User, VerifyOp};
use sqlx::Connection as _;

use crate::harness::{PATIENCE, Reply, World, lock_books, until};

/// A delivery of so many events that are kept and need no work.
fn batch(world: &World, user: &User, events: usize) -> Value {
    let okta = world.sim.okta();
    let event = || {
        let mut event = okta.event_mfa(user, "PASSWORD_AS_FACTOR", Outcome::Success, jiff::Timestamp::now());
        event["outcome"]["reason"] = json!("x".repeat(200));
        event
    };
    okta.envelope(&(0..events).map(|_| event()).collect::<Vec<_>>())
}

async fn readiness(world: &World) -> (u16, Value) {
    let reply = world.admin("/readyz").await;
    (reply.status, reply.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_full_journal_refuses_at_once_and_sends_nothing() {
    let world = World::with(|settings| settings.journal_more = "max_bytes = '1MiB'".to_owned()).await;
    let user = world.user("ana");
    let sent = world.login(&user, Channel::Sms).await;
    world.drained().await;
    let books = lock_books(&world.path("data/ledger.db")).await;
    let mut taken = 0;
    let mut size = 100;
    // Down to single events, until there is no room for one.
    while size > 0 {
        let request = world.signed(Method::POST, "/okta/main/events").json(&batch(&world, &user, size));
        let reply = Reply::to(request).await;
        match reply.status {
            200 => taken += size,
            503 => size /= 10,
            other => panic!("{other}: {reply:?}"),
        }
        assert!(taken < 100_000, "it never gets full");
    }
    assert!(taken > 100, "full after {taken}");

    let okta = world.sim.okta();
    for _ in 0..3 {
        let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
        let result = okta.fire_hook(&request).await;
        assert_eq!(result.http_status, Some(503), "{result:?}");
        assert!(result.elapsed < Duration::from_secs(1), "{result:?}");
        assert!(!result.body.contains("journal"), "{result:?}");
    }
    assert_eq!(world.sim.twilio().requests().len(), 1, "nothing was sent");
    // What was answered before is still known.
    assert!(okta.fire_hook(&sent.request).await.is_sent());
    let (status, ready) = readiness(&world).await;
    assert_eq!(
        (status, &ready["status"], &ready["journal"]["status"]),
        (503, &json!("unavailable"), &json!("unavailable"))
    );
    assert_eq!(world.admin("/healthz").await.status, 200, "the process is well");

    // The books come back: everything that was acknowledged gets there.
    books.close().await.unwrap();
    let sql = "SELECT count(*) AS n FROM okta_events";
    world.row_when(sql, "n", &taken.to_string()).await;
    world.drained().await;
    assert_eq!(world.rows("SELECT * FROM otp_transactions").await.len(), 1);
    // And then there is room again, by itself.
    let okta = world.sim.okta().clone();
    let taken = until("it has room again", async || {
        let request = okta.hook_request(&user.id, Channel::Sms)?;
        okta.fire_hook(&request).await.is_sent().then_some(request)
    })
    .await;
    assert_eq!(&world.transaction(&taken.event_id).await["status"], "accepted");
    until("it says so", async || (readiness(&world).await.0 == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_f1_a_full_journal_is_no_reason_not_to_start() {
    let mut world = World::with(|settings| settings.journal_more = "max_bytes = '1MiB'".to_owned()).await;
    let user = world.user("ana");
    let books = lock_books(&world.path("data/ledger.db")).await;
    // A hook without an end, which the next start has to write down.
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_secs(30)));
    let okta = world.sim.okta().clone();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let fired = request.clone();
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    world.sim.twilio().wait_for_requests(1, PATIENCE).await.unwrap();
    let mut size = 50;
    while size > 0 {
        let full = world.signed(Method::POST, "/okta/main/events").json(&batch(&world, &user, size));
        size = if Reply::to(full).await.status == 503 { size / 10 } else { size };
    }
    world.server.kill();
    call.await.unwrap();
    books.close().await.unwrap();
    world.start_again().await;
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["failure_class"]), ("ambiguous", "crash"));
    world.drained().await;
    let okta = world.sim.okta().clone();
    until("codes are sent again", async || {
        let request = okta.hook_request(&user.id, Channel::Sms)?;
        okta.fire_hook(&request).await.is_sent().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_p2_what_began_in_a_filling_journal_has_its_end_in_the_books() {
    let world = World::with(|settings| settings.journal_more = "max_bytes = '1MiB'".to_owned()).await;
    let users: Vec<_> = (0..8).map(|_| world.user("ana")).collect();
    let mut said = Vec::new();
    // Until it is full and has refused some.
    let mut refused = 0;
    while refused < 20 {
        let mut round = tokio::task::JoinSet::new();
        for user in &users {
            let okta = world.sim.okta().clone();
            let mut user = user.clone();
            user = user.phone(&crate::harness::phone());
            round.spawn(async move {
                let request = sim::HookRequest::new(&user, Channel::Sms);
                (okta.fire_hook(&request).await, request.event_id)
            });
        }
        for (result, event_id) in round.join_all().await {
            match result.http_status {
                Some(200) => said.push((event_id, result.is_sent())),
                Some(503) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(said.len() < 20_000, "it never gets full");
    }
    world.drained().await;
    let rows = world.rows("SELECT * FROM otp_transactions").await;
    for (event_id, sent) in &said {
        let row = rows.iter().find(|row| &row["okta_event_id"] == event_id.as_str()).unwrap();
        let answer = if *sent { "SUCCESSFUL" } else { "error" };
        assert_eq!(&row["answer"], answer, "{event_id}");
    }
    assert_eq!(world.rows("SELECT * FROM otp_transactions WHERE status = 'received'").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_hook_does_not_wait_for_the_books() {
    let world = World::start().await;
    let users: Vec<_> = (0..5).map(|_| world.user("ana")).collect();
    let books = lock_books(&world.path("data/ledger.db")).await;
    let mut logins = Vec::new();
    for user in &users {
        let login = world.login(user, Channel::Sms).await;
        assert!(login.hook.elapsed < Duration::from_secs(1), "{:?}", login.hook.elapsed);
        logins.push(login);
    }
    let degraded = until("it says so", async || {
        let (status, ready) = readiness(&world).await;
        assert_eq!(status, 200, "codes are sent: {ready}");
        (ready["status"] == "degraded").then_some(ready)
    })
    .await;
    assert_eq!(degraded["ledger"]["status"], "degraded");
    assert!(degraded["ledger"]["why"].as_str().is_some_and(|why| !why.is_empty()), "{degraded}");
    // A login is approved meanwhile, by the road through Okta.
    world.type_in(&users[0], logins[0].code()).await;
    world.sim.twilio().wait_for_reports(1, PATIENCE).await.unwrap();
    assert!(world.sim.twilio().approved(&logins[0].request.phone));
    books.close().await.unwrap();
    for login in &logins {
        assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
    }
    until("it is ready again", async || (readiness(&world).await.1["status"] == "ready").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_start_does_not_wait_for_the_books() {
    let mut world = World::start().await;
    let user = world.user("ana");
    world.server.terminate();
    assert!(world.server.ended().await.success());
    // Somebody keeps it from looking after the schema.
    let books = lock_books(&world.path("data/ledger.db")).await;
    world.start_again().await;
    let login = world.login(&user, Channel::Sms).await;
    assert_eq!(readiness(&world).await.1["ledger"]["status"], "degraded");
    world.type_in(&user, login.code()).await;
    world.sim.twilio().wait_for_reports(1, PATIENCE).await.unwrap();
    assert!(world.sim.twilio().approved(&login.request.phone));
    books.close().await.unwrap();
    until("the books are open", async || {
        (readiness(&world).await.1["ledger"]["status"] == "ready").then_some(())
    })
    .await;
    assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_books_that_are_behind_do_not_lead_to_an_older_login() {
    let world = World::start().await;
    let user = world.user("ana");
    let first = world.login(&user, Channel::Sms).await;
    world.type_in(&user, first.code()).await;
    world.sim.twilio().wait_for_reports(1, PATIENCE).await.unwrap();
    world.drained().await;
    // The next login is in the journal alone; the one before is all the books know.
    let books = lock_books(&world.path("data/ledger.db")).await;
    let next = world.login(&user, Channel::Sms).await;
    world.type_in(&user, next.code()).await;
    world.sim.twilio().wait_for_reports(2, PATIENCE).await.unwrap();
    let sends = world.sim.twilio().sends();
    assert_ne!(sends[0].verification_sid, sends[1].verification_sid);
    assert!(world.sim.twilio().approved(&sends[1].verification_sid));
    books.close().await.unwrap();
    let sql = "SELECT * FROM feedback_reports WHERE result = 'reported'";
    assert_eq!(world.rows_when(sql, |rows| rows.len() == 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_login_while_the_books_stood_still_is_verified_in_them_afterwards() {
    let world = World::start().await;
    let user = world.user("ana");
    let books = lock_books(&world.path("data/ledger.db")).await;
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    // By the number: that is all there is to go by.
    world.sim.twilio().wait_for_reports(1, PATIENCE).await.unwrap();
    assert!(world.sim.twilio().approved(&login.request.phone));
    books.close().await.unwrap();
    let sql = "SELECT * FROM otp_transactions WHERE verified_at IS NOT NULL";
    let rows = world.rows_when(sql, |rows| rows.len() == 1).await;
    assert_eq!(&rows[0]["okta_event_id"], &login.request.event_id);
    let sid = &world.sim.twilio().sends()[0].verification_sid;
    let report = world.rows("SELECT * FROM feedback_reports").await.remove(0);
    assert_eq!([&report["provider_ref"], &report["result"]], [sid.as_str(), "reported"]);
    let event = world.event_when(&report["event_uuid"], "done").await;
    assert_eq!(&event["transaction_id"], &rows[0]["id"]);
    assert_eq!(world.sim.twilio().reports().len(), 1, "nobody was told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_without_a_credential_an_event_waits_for_the_books() {
    let world = World::with(|settings| settings.api_token = Some(String::new())).await;
    let user = world.user("ana");
    let books = lock_books(&world.path("data/ledger.db")).await;
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    // Longer than a record may be on its way: Okta would be asked now, if there were a way to.
    let begun = std::time::Instant::now();
    until("the grace is over", async || (begun.elapsed() > Duration::from_secs(3)).then_some(())).await;
    books.close().await.unwrap();
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!(&report["matched_by"], "record");
    assert!(world.sim.twilio().approved(&login.request.phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_long_lock_and_a_crash_lose_nothing() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let books = lock_books(&world.path("data/ledger.db")).await;
    let login = world.login(&user, Channel::Sms).await;
    world.deliver(&batch(&world, &user, 50)).await;
    world.server.kill();
    books.close().await.unwrap();
    world.start_again().await;
    assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
    world.row_when("SELECT count(*) AS n FROM okta_events", "n", "50").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_journal_that_cannot_be_written_refuses_at_once_and_recovers() {
    let world = World::start().await;
    let user = world.user("ana");
    world.login(&user, Channel::Sms).await;
    // Somebody else keeps the journal from being written.
    let lock = lock_books(&world.path("data/journal/journal.db")).await;
    for _ in 0..3 {
        let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
        let result = world.sim.okta().fire_hook(&request).await;
        assert_eq!(result.http_status, Some(503), "{result:?}");
        assert!(result.elapsed < Duration::from_secs(1), "{result:?}");
        let request = world.signed(Method::POST, "/okta/main/events").json(&batch(&world, &user, 1));
        assert_eq!(Reply::to(request).await.status, 503, "Okta delivers it again");
    }
    let (status, ready) = readiness(&world).await;
    assert_eq!((status, &ready["status"]), (503, &json!("unavailable")));
    assert_eq!(world.sim.twilio().requests().len(), 1, "nothing was sent");
    lock.close().await.unwrap();
    let login = world.login(&user, Channel::Sms).await;
    assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
    assert_eq!(readiness(&world).await.0, 200);
    world.deliver(&batch(&world, &user, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_a_hook_that_was_refused_may_be_tried_again() {
    let world = World::start().await;
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
    let lock = lock_books(&world.path("data/journal/journal.db")).await;
    assert_eq!(world.sim.okta().fire_hook(&request).await.http_status, Some(503));
    lock.close().await.unwrap();
    assert!(world.sim.okta().fire_hook(&request).await.is_sent());
    assert_eq!(world.sim.twilio().sends().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_an_outcome_that_cannot_be_written_at_once_is_written_later() {
    let world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_millis(500)));
    let okta = world.sim.okta().clone();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let fired = request.clone();
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    world.sim.twilio().wait_for_requests(1, PATIENCE).await.unwrap();
    // The intent is on disk; what came of it cannot be for now.
    let lock = lock_books(&world.path("data/journal/journal.db")).await;
    let result = call.await.unwrap();
    assert!(result.is_sent(), "the provider has it, and that is the truth: {result:?}");
    assert!(world.sim.okta().fire_hook(&request).await.is_sent(), "the stored answer");
    lock.close().await.unwrap();
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["answer"]), ("accepted", "SUCCESSFUL"));
    assert_eq!(world.sim.twilio().sends().len(), 1);
}
