//! Row F: processes die at every step, and what they had in hand is neither lost nor done twice.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lab::{Bench, Node, Pace, crash_points, status_of, until};
use serde_json::Value;
use sim::{HookRequest, Outcome};
use tokio::time::sleep;

fn is_the_workers(point: &str) -> bool {
    point.starts_with("worker.") || point.starts_with("report.")
}

/// The next life of a process ends there.
async fn doom(bench: &mut Bench, n: usize, at: &str) {
    bench.nodes[n].kill();
    bench.nodes[n].settings.environment = vec![("RINGBACK_CRASH_AT".to_owned(), at.to_owned())];
    // What is left from its life before may take it there at once.
    bench.try_up(n).await;
}

async fn dies(node: &mut Node) {
    let status = node.server_mut().ended().await;
    assert_eq!(status.signal(), Some(9), "{}", node.server().log());
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_f2_f3_b13_e5_p1_p2_p4_p5_p6_killed_at_every_step() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    for point in crash_points() {
        let n = usize::from(is_the_workers(&point));
        doom(&mut bench, n, &format!("{point}:1")).await;
        let (user, okta) = (bench.user("ana"), bench.sim.okta().clone());
        let login = okta.login(&user.id, sim::Channel::Sms).await.unwrap();
        if bench.sim.handset().latest_code(&login.request.phone).is_some() {
            okta.enter_code(&user.id, login.code()).await.unwrap();
        }
        let nobody = okta.event_mfa(&user, "PASSWORD_AS_FACTOR", Outcome::Success, Timestamp::now());
        let events = [okta.take_events(), vec![nobody]].concat();
        bench.witness.events(&events);
        let envelope = okta.envelope(&events);
        let taken = okta.deliver_body(&envelope).await.is_received();
        dies(&mut bench.nodes[n]).await;
        bench.nodes[n].settings.environment.clear();
        let begun = Instant::now();
        bench.up(n).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{point}: {:?}", begun.elapsed());
        // Okta delivers once more what nobody has taken.
        if !taken {
            assert!(okta.deliver_body(&envelope).await.is_received(), "{point}");
        }
        if is_the_workers(&point) {
            assert!(login.is_sent(), "{point}: {login:?}");
        }
        if login.is_sent() {
            bench.approved(&login).await;
        }
    }
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a10_p4_what_a_crash_left_is_not_sent_again_by_another_ingress() {
    let mut bench = Bench::start().await;
    bench.run(2, 1).await;
    for point in ["send.before_request:1", "send.after_response:1"] {
        doom(&mut bench, 0, point).await;
        bench.balancer.lead_to(vec![bench.nodes[0].server().public]);
        let request = HookRequest::new(&bench.user("ana"), sim::Channel::Sms);
        let first = bench.sim.okta().fire_hook(&request).await;
        assert!(!first.is_sent(), "{first:?}");
        dies(&mut bench.nodes[0]).await;
        bench.nodes[0].settings.environment.clear();
        bench.up(0).await;
        let left = bench.transaction(&request.event_id).await;
        assert_eq!((&left["status"], &left["failure_class"]), ("ambiguous", "crash"), "{point}");
        let sent = bench.sim.twilio().sends().len();
        bench.balancer.lead_to(vec![bench.nodes[1].server().public]);
        for _ in 0..2 {
            let again = bench.sim.okta().fire_hook(&request).await;
            let answer: Value = serde_json::from_str(&again.body).unwrap();
            assert_eq!(status_of(&answer), "PENDING", "{point}");
        }
        assert_eq!(bench.sim.twilio().sends().len(), sent, "{point}");
        let told = format!("SELECT answer FROM otp_transactions WHERE id = '{}'", &left["id"]);
        bench.rows_when(&told, |rows| &rows[0]["answer"] == "PENDING").await;
    }
    bench.lead();
    bench.verify().await;
}

/// In the middle of a request; everything else is done by tasks that go on for ever.
fn is_in_a_request(point: &str) -> bool {
    ["hook.", "send.", "delivery."].iter().any(|part| point.starts_with(part))
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_panic_costs_one_request_and_nothing_else() {
    panic_at(crash_points().into_iter().filter(|point| is_in_a_request(point))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_p11_a_panic_outside_of_requests_is_got_over() {
    panic_at(crash_points().into_iter().filter(|point| !is_in_a_request(point))).await;
}

async fn panic_at(points: impl Iterator<Item = String>) {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    for point in points {
        let n = usize::from(is_the_workers(&point));
        doom(&mut bench, n, &format!("{point}:1:panic")).await;
        let (user, okta) = (bench.user("ana"), bench.sim.okta().clone());
        let login = okta.login(&user.id, sim::Channel::Sms).await.unwrap();
        let status = login.hook.http_status;
        assert!(matches!(status, Some(200 | 503)), "{point}: {login:?}");
        if status == Some(503) {
            serde_json::from_str::<Value>(&login.hook.body)
                .unwrap_or_else(|err| panic!("{point}: {err}: {login:?}"));
        }
        if bench.sim.handset().latest_code(&login.request.phone).is_some() {
            okta.enter_code(&user.id, login.code()).await.unwrap();
        }
        let nobody = okta.event_mfa(&user, "PASSWORD_AS_FACTOR", Outcome::Success, Timestamp::now());
        let events = [okta.take_events(), vec![nobody]].concat();
        bench.witness.events(&events);
        let taken = okta.deliver(events).await;
        assert!(taken.is_received(), "{point}: Okta tries a second time: {taken:?}");
        until("the panic", async || {
            bench.nodes[n].server().log().contains(&format!("crash point {point}")).then_some(())
        })
        .await;
        assert!(bench.nodes[n].is_running(), "{point}");
        bench.whole_login().await;
    }
    // 503 is what a panic is answered with, also when the provider has the code already.
    bench.verify_but(&["g2c_refused_and_sent"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_p5_p6_p12_a_rolling_restart_refuses_and_loses_nothing() {
    rolling_restart(Duration::from_millis(600)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_p5_p6_a_rolling_restart_that_the_balancer_only_sees_when_nobody_listens() {
    rolling_restart(Duration::ZERO).await;
}

async fn rolling_restart(leaving: Duration) {
    let mut bench = Bench::start().await;
    for role in ["ingress", "ingress", "worker", "worker"] {
        let n = bench.add(role, |settings| settings.leaving = leaving);
        bench.up(n).await;
    }
    let load = bench.load(Pace { hooks_per_second: 50, redelivered: 10, noise: 10, ..Pace::default() });
    sleep(Duration::from_secs(1)).await;
    for _ in 0..3 {
        for n in 0..bench.nodes.len() {
            if leaving.is_zero() {
                bench.nodes[n].stop().await;
            } else {
                bench.leave(n).await;
            }
            bench.up(n).await;
        }
    }
    let told = load.stop().await;
    let failed: Vec<_> = told.iter().filter(|told| !told.sent).collect();
    assert!(failed.is_empty(), "{} of {} hooks failed: {failed:#?}", failed.len(), told.len());
    bench.verify().await;
    let lost = "SELECT count(*) FROM truth.deliveries WHERE NOT received";
    assert_eq!(bench.value(lost).await, "0", "deliveries that were refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_p5_p6_whoever_is_left_adopts_the_journals_of_the_dead() {
    let mut bench = Bench::start().await;
    bench.run(2, 2).await;
    let load = bench.load(Pace { hooks_per_second: 40, ..Pace::default() });
    sleep(Duration::from_secs(2)).await;
    bench.to_postgres.set(lab::Line::Refused);
    bench.to_rabbit.set(lab::Line::Refused);
    sleep(Duration::from_secs(1)).await;
    // One of each dies with what only its journal knows, and never comes back.
    bench.nodes[1].kill();
    bench.nodes[3].kill();
    bench.lead();
    sleep(Duration::from_secs(1)).await;
    bench.to_postgres.set(lab::Line::Good);
    bench.to_rabbit.set(lab::Line::Good);
    load.stop().await;
    bench.verify().await;
}
