//! Rows B: RabbitMQ goes away in every way it can; no code notices, and no event is lost.

use std::time::Duration;

use lab::{Bench, Cut, Line, Pace, Way, until, until_within};
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use tokio::time::sleep;

fn pace() -> Pace {
    Pace { hooks_per_second: 25, wrong: 5, silent: 5, redelivered: 10, noise: 20, ..Pace::default() }
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b2_b3_b4_b5_p3_p5_p10_p11_the_broker_is_stopped_killed_held_back_and_frozen() {
    let mut bench = Bench::with_rabbit().await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    seconds(2).await;
    let rabbit = bench.rabbit.as_mut().unwrap();
    rabbit.app(false).await;
    seconds(2).await;
    rabbit.app(true).await;
    seconds(1).await;
    rabbit.memory_alarm(true).await;
    seconds(2).await;
    rabbit.memory_alarm(false).await;
    rabbit.disk_alarm(true).await;
    seconds(2).await;
    rabbit.disk_alarm(false).await;
    for _ in 0..2 {
        rabbit.kill9().await;
        seconds(1).await;
        rabbit.start_again().await;
        seconds(1).await;
    }
    rabbit.freeze();
    seconds(6).await;
    rabbit.thaw();
    seconds(1).await;
    let told = load.stop().await;
    for told in &told {
        assert!(told.sent && told.took < Duration::from_millis(2800), "{told:?}");
    }
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_a1_p5_everything_but_the_journal_is_away_from_the_start() {
    let mut bench = Bench::start().await;
    bench.to_postgres.set(Line::Refused);
    bench.to_rabbit.set(Line::Refused);
    bench.run(1, 1).await;
    let load = bench.load(pace());
    seconds(4).await;
    let ready = bench.readiness(0).await;
    assert_eq!(
        (&ready["status"], &ready["queue"]["status"]),
        (&"degraded".into(), &"degraded".into()),
        "{ready}"
    );
    let told = load.stop().await;
    assert!(told.iter().all(|told| told.sent), "{told:?}");
    bench.to_rabbit.set(Line::Good);
    seconds(2).await;
    bench.to_postgres.set(Line::Good);
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_b14_p5_p6_the_wire_to_the_broker_is_cut_wherever_it_hurts() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    seconds(1).await;
    bench.to_rabbit.set(Line::BlackHole);
    seconds(4).await;
    bench.to_rabbit.set(Line::Good);
    seconds(1).await;
    bench.to_rabbit.set(Line::Reset);
    seconds(1).await;
    bench.to_rabbit.set(Line::Good);
    seconds(1).await;
    // basic.ack: from the worker it ends a message, from the broker it confirms one.
    for n in 0..12 {
        let way = if n % 2 == 0 { Way::ToServer } else { Way::ToClient };
        let cut = if n % 4 < 2 { Cut::Before } else { Cut::After };
        bench.to_rabbit.cut_at(way, "\0\x3c\0\x50\0\0\0\0", cut);
        bench.to_rabbit.wait_for_cuts(n + 1).await;
    }
    bench.to_rabbit.half_close_all();
    seconds(1).await;
    load.stop().await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b8_b9_p5_a_binding_and_a_queue_are_deleted_under_load() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    seconds(1).await;
    let connection = bench.broker().await;
    let channel = connection.create_channel().await.unwrap();
    let (exchange, queue) = (bench.prefix.clone(), format!("{}.events", bench.prefix));
    for _ in 0..2 {
        let (queue, exchange) = (queue.as_str().into(), exchange.as_str().into());
        channel.queue_unbind(queue, exchange, "events".into(), FieldTable::default()).await.unwrap();
        seconds(2).await;
    }
    load.stop().await;
    bench.settle().await;
    // Only without messages in it: a broker that is told to forget messages forgets them.
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    bench.whole_login().await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_p10_a_queue_that_was_declared_otherwise_is_left_alone() {
    let mut bench = Bench::start().await;
    let connection = bench.broker().await;
    let channel = connection.create_channel().await.unwrap();
    let queue = format!("{}.events", bench.prefix);
    let classic = QueueDeclareOptions::durable();
    channel.queue_declare(queue.as_str().into(), classic, FieldTable::default()).await.unwrap();
    bench.run(1, 1).await;
    let user = bench.user("ana");
    let login = bench.login(&user).await;
    bench.type_in(&user, login.code()).await;
    until("it says which queue it is", async || {
        let why = bench.readiness(0).await["queue"]["why"].to_string();
        why.contains(&queue).then_some(())
    })
    .await;
    channel
        .queue_declare(queue.as_str().into(), classic, FieldTable::default())
        .await
        .expect("it is as it was");
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    bench.approved(&login).await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_b16_b17_p5_a_full_queue_refuses_and_a_new_broker_knows_nothing() {
    let mut bench = Bench::with_rabbit().await;
    bench.run(1, 0).await;
    let policy = r#"{"max-length": 20, "overflow": "reject-publish"}"#;
    let queue = format!("^{}\\.events$", bench.prefix);
    let rabbit = bench.rabbit.as_ref().unwrap();
    rabbit.control(&["set_policy", "short", &queue, policy, "--apply-to", "queues"]).await;
    let load = bench.load(pace());
    seconds(5).await;
    load.stop().await;
    assert_ne!(bench.readiness(0).await["queue"]["pending"], 0, "what is refused waits in the journal");
    let worker = bench.add("worker", |_| {});
    bench.up(worker).await;
    bench.settle().await;
    // A broker that was built anew: whoever connects declares what is missing.
    bench.rabbit.as_mut().unwrap().wipe().await;
    bench.whole_login().await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_p5_p11_what_the_broker_confirmed_and_lost_is_handed_over_again() {
    let mut bench = Bench::with_rabbit().await;
    bench.run(1, 0).await;
    let mut logins = Vec::new();
    for _ in 0..5 {
        let user = bench.user("ana");
        let login = bench.login(&user).await;
        bench.type_in(&user, login.code()).await;
        logins.push(login);
    }
    until("the broker has all of it", async || {
        let depths = bench.depths().await?;
        (depths.iter().map(|(_, n)| n).sum::<u32>() == 5).then_some(())
    })
    .await;
    bench.rabbit.as_mut().unwrap().wipe().await;
    let worker = bench.add("worker", |_| {});
    bench.up(worker).await;
    for login in &logins {
        until_within(Duration::from_secs(120), "it is approved after half a minute", async || {
            bench.sim.twilio().approved(&login.request.phone).then_some(())
        })
        .await;
    }
    bench.verify().await;
}
