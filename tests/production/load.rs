//! Rows G: more than there should be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lab::{Bench, Pace, Told, percentile};
use serde_json::json;
use sim::{Channel, HookRequest, Outcome, User};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn g18_p3_a_burst_is_answered_in_time_and_passes() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    bench.whole_login().await;
    // Past the balancer, which is not made for this.
    let base = format!("http://{}/okta/main", bench.nodes[0].server().public);
    bench.sim.okta().point_at(&format!("{base}/telephony"), &format!("{base}/events"));
    let mut calls = JoinSet::new();
    for n in 0..600 {
        let user = User::new(&format!("00uburst{n:012}"), &format!("burst{n}@example.com"))
            .phone(&format!("+1555{:07}", 9_000_000 + n));
        bench.sim.okta().add_user(user.clone());
        let (okta, request) = (bench.sim.okta().clone(), HookRequest::new(&user, Channel::Sms));
        calls.spawn(async move { okta.fire_hook(&request).await });
    }
    let results = calls.join_all().await;
    let sent = results.iter().filter(|result| result.is_sent()).count();
    for result in &results {
        assert!(matches!(result.http_status, Some(200 | 503)), "{result:?}");
        assert!(result.elapsed < Duration::from_millis(2800), "{result:?}");
    }
    assert!(sent > 100, "only {sent} of {} were sent", results.len());
    let begun = Instant::now();
    bench.whole_login().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g20_p10_a_flood_of_events_does_not_slow_codes() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let load = bench.load(Pace { hooks_per_second: 25, ..Pace::default() });
    sleep(Duration::from_secs(1)).await;
    let calm_from = load.elapsed();
    sleep(Duration::from_secs(4)).await;
    let flood_from = load.elapsed();
    let over = Arc::new(AtomicBool::new(false));
    let mut flood = JoinSet::new();
    for _ in 0..2 {
        let (okta, over) = (bench.sim.okta().clone(), over.clone());
        flood.spawn(async move {
            let nobody = User::new("00unobody000000000000", "nobody@example.com");
            while !over.load(Ordering::Relaxed) {
                let event =
                    || okta.event_mfa(&nobody, "PASSWORD_AS_FACTOR", Outcome::Success, Timestamp::now());
                okta.deliver((0..100).map(|_| event()).collect()).await;
            }
        });
    }
    sleep(Duration::from_secs(5)).await;
    over.store(true, Ordering::Relaxed);
    let flood_to = load.elapsed();
    flood.join_all().await;
    let told = load.stop().await;
    let between = |from: Duration, to: Duration| -> Vec<Told> {
        told.iter().filter(|told| (from..to).contains(&told.due)).cloned().collect()
    };
    let calm = percentile(&between(calm_from, flood_from), 99);
    let flooded = percentile(&between(flood_from, flood_to), 99);
    assert!(told.iter().all(|told| told.sent && told.took < Duration::from_millis(2800)));
    // The flood takes the processor too, which they share: not more than a fraction of the time there is.
    assert!(flooded < calm * 5 + Duration::from_millis(500), "p99 {flooded:?} instead of {calm:?}");
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g21_p5_a_delivery_of_a_thousand_events_is_taken_whole_or_not_at_all() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let user = bench.user("ana");
    let okta = bench.sim.okta().clone();
    let mut events: Vec<_> = (0..1000)
        .map(|_| okta.event_mfa(&user, "PASSWORD_AS_FACTOR", Outcome::Success, Timestamp::now()))
        .collect();
    // Four megabytes are the limit.
    events.iter_mut().for_each(|event| event["client"] = json!(null));
    for (point, kept) in [("delivery.parsed", "0"), ("delivery.after_record", "1000")] {
        bench.nodes[0].kill();
        bench.nodes[0].settings.environment = vec![("RINGBACK_CRASH_AT".to_owned(), format!("{point}:1"))];
        bench.up(0).await;
        assert!(!okta.deliver(events.clone()).await.is_received());
        bench.nodes[0].server_mut().ended().await;
        bench.nodes[0].settings.environment.clear();
        bench.up(0).await;
        bench.settle().await;
        assert_eq!(bench.value("SELECT count(*) FROM okta_events").await, kept, "{point}");
    }
    bench.deliver(&events).await;
    bench.verify().await;
    assert_eq!(bench.value("SELECT count(*) FROM okta_events").await, "1000");
}

#[tokio::test(flavor = "multi_thread")]
async fn g22_p1_the_client_goes_away_and_the_work_goes_on() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let user = bench.user("ana");
    let okta = bench.sim.okta();
    bench.sim.twilio().fail_next(sim::VerifyOp::Create, sim::Fault::Delay(Duration::from_millis(800)));
    okta.configure(|okta| okta.hook_timeout = Duration::from_millis(400));
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    assert_eq!(okta.fire_hook(&request).await.http_status, None);
    okta.configure(|okta| okta.hook_timeout = Duration::from_secs(3));
    let row = bench.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["answer"]), ("accepted", "SUCCESSFUL"));
    // Whoever asks again is told so.
    assert!(okta.fire_hook(&request).await.is_sent());
    okta.enter_code(&user.id, &request.code).await.unwrap();
    bench.deliver(&okta.take_events()).await;
    bench.verify().await;
}
