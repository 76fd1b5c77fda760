//! Rows E: who is told that a code was entered, and how often.

use std::time::Duration;

use jiff::Timestamp;
use lab::{Bench, Line, PATIENCE};
use sim::{Fault, Outcome, VerifyOp};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn e4_p6_four_workers_and_several_events_of_each_login() {
    let mut bench = Bench::start().await;
    bench.run(2, 4).await;
    let mut events = Vec::new();
    for _ in 0..25 {
        let user = bench.user("ana");
        let login = bench.login(&user).await;
        bench.sim.okta().enter_code(&user.id, login.code()).await.unwrap();
        events.extend(bench.sim.okta().take_events());
        // Okta tells of the same login once more.
        events.push(bench.sim.okta().event_mfa(&user, "SMS_FACTOR", Outcome::Success, Timestamp::now()));
    }
    bench.witness.events(&events);
    let mut deliveries = JoinSet::new();
    // Each by itself, both ways round, all at once.
    for event in events.iter().chain(events.iter().rev()) {
        let (okta, event) = (bench.sim.okta().clone(), event.clone());
        deliveries.spawn(async move { okta.deliver(vec![event]).await.is_received() });
    }
    assert!(deliveries.join_all().await.into_iter().all(|received| received));
    bench.verify().await;
    // A worker that cannot ask the books in time posts all the same; the provider knows what it knows already.
    let posts = bench.sim.twilio().reports();
    let effects = posts.iter().filter(|post| post.http_status == 200).count();
    assert_eq!(effects, 25, "one for each login");
    assert!(posts.len() <= events.len() * 2, "{} posts about 25 logins", posts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn e3_p6_a_report_that_times_out_after_it_was_taken() {
    let mut bench = Bench::start().await;
    bench.run(1, 2).await;
    let user = bench.user("ana");
    let login = bench.login(&user).await;
    bench.sim.twilio().fail_next(VerifyOp::Update, Fault::DelayAfterAccept(Duration::from_secs(30)));
    bench.type_in(&user, login.code()).await;
    bench.sim.twilio().wait_for_reports(2, PATIENCE).await.unwrap();
    bench.verify().await;
    assert_eq!(bench.value("SELECT string_agg(result, ' ') FROM feedback_reports").await, "already_final");
}

#[tokio::test(flavor = "multi_thread")]
async fn e7_p6_p7_an_event_that_is_faster_than_the_record() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    // The books are a second behind: the event waits for its record.
    let user = bench.user("ana");
    bench.to_postgres.set(Line::BlackHole);
    let login = bench.login(&user).await;
    bench.type_in(&user, login.code()).await;
    sleep(Duration::from_secs(1)).await;
    bench.to_postgres.set(Line::Good);
    bench.approved(&login).await;
    // They stay away: then Okta is asked for the number.
    let user = bench.user("bob");
    bench.to_postgres.set(Line::Refused);
    let login = bench.login(&user).await;
    bench.type_in(&user, login.code()).await;
    bench.approved(&login).await;
    assert_ne!(bench.sim.okta().requests(), [], "by the enrolled phone");
    bench.to_postgres.set(Line::Good);
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_e5_p6_a_worker_dies_with_messages_in_hand() {
    let mut bench = Bench::start().await;
    bench.run(1, 2).await;
    bench.sim.twilio().fail_always(VerifyOp::Update, Fault::DelayAfterAccept(Duration::from_secs(2)));
    let mut logins = Vec::new();
    for _ in 0..10 {
        let user = bench.user("ana");
        let login = bench.login(&user).await;
        bench.type_in(&user, login.code()).await;
        logins.push(login);
    }
    bench.sim.twilio().wait_for_reports(4, PATIENCE).await.unwrap();
    bench.nodes[1].kill();
    bench.nodes[2].kill();
    bench.sim.twilio().heal();
    bench.up(1).await;
    for login in &logins {
        bench.approved(login).await;
    }
    bench.up(2).await;
    bench.verify().await;
}
