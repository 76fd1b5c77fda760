//! Rows A: Postgres goes away in every way it can, and no code notices.

use std::time::{Duration, Instant};

use lab::{Bench, Cut, Line, Load, Pace, PrivatePostgres, Stop, Told, Way, percentile, until};
use sim::{HookRequest, Outcome};
use tokio::time::sleep;

fn pace() -> Pace {
    Pace { hooks_per_second: 25, wrong: 5, silent: 5, redelivered: 10, noise: 20, ..Pace::default() }
}

/// Every hook was answered in time and its code is taken as sent.
fn assert_all_sent(told: &[Told]) {
    for told in told {
        assert!(told.sent && told.took < Duration::from_millis(2800), "{told:?}");
    }
}

/// Whatever was broken in the meantime: hooks are about as fast as before.
fn assert_as_fast(what: &str, calm: &[Told], broken: &[Told]) {
    let (calm, broken) = (percentile(calm, 99), percentile(broken, 99));
    assert!(broken < calm * 3 + Duration::from_millis(250), "{what}: p99 {broken:?} instead of {calm:?}");
}

/// Lets `load` run for a while, and gives what was said in that time.
async fn for_seconds(load: &Load, seconds: f64) -> Vec<Told> {
    let from = load.elapsed();
    sleep(Duration::from_secs_f64(seconds)).await;
    load.told().into_iter().filter(|told| told.due >= from).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_p11_postgres_is_down_at_the_start() {
    let mut bench = Bench::start().await;
    bench.postgres.stop(Stop::Fast).await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    sleep(Duration::from_secs(5)).await;
    assert_eq!(bench.readiness(0).await["status"], "degraded");
    let told = load.stop().await;
    assert!(told.len() >= 100, "{}", told.len());
    assert_all_sent(&told);
    bench.postgres.start_again().await;
    bench.verify().await;
    assert_eq!(bench.readiness(0).await["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_f1_p3_an_ingress_is_restarted_while_postgres_is_away() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    bench.postgres.stop(Stop::Fast).await;
    let user = bench.user("ana");
    bench.nodes[0].kill();
    bench.try_up(0).await;
    // From the moment somebody listens: who connects is answered in Okta's time.
    let asked = Instant::now();
    let login = bench.login(&user).await;
    assert!(asked.elapsed() < Duration::from_millis(2500), "{:?}", asked.elapsed());
    bench.type_in(&user, login.code()).await;
    bench.postgres.start_again().await;
    bench.approved(&login).await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_p11_connections_fall_silent_for_good() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    for_seconds(&load, 1.0).await;
    for _ in 0..12 {
        for wire in [&bench.to_postgres, &bench.to_rabbit, &bench.to_okta, &bench.to_verify] {
            wire.forget_all();
            sleep(Duration::from_millis(40)).await;
        }
    }
    for_seconds(&load, 2.0).await;
    for told in load.stop().await {
        // A code may have been on a connection that fell silent: nobody knows, but Okta is told in time.
        assert!(told.status == Some(200) && told.took < Duration::from_millis(2800), "{told:?}");
    }
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_a3_a4_p1_p3_p10_postgres_is_stopped_and_killed_under_load() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    for_seconds(&load, 1.0).await;
    let calm = for_seconds(&load, 4.0).await;
    let mut broken = Vec::new();
    for how in [Some(Stop::Immediate), Some(Stop::Fast), None, Some(Stop::Fast)] {
        match how {
            Some(how) => bench.postgres.stop(how).await,
            None => bench.postgres.kill9().await,
        }
        broken.push(for_seconds(&load, 3.0).await);
        bench.postgres.start_again().await;
        for_seconds(&load, 1.0).await;
    }
    assert_all_sent(&load.stop().await);
    assert_as_fast("without Postgres", &calm, &broken.concat());
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_a6_a7_p3_p10_postgres_hangs_is_slow_and_has_no_connection_left() {
    let postgres = PrivatePostgres::with(&[("max_connections", "30")], None).await;
    let mut bench = Bench::with_postgres(postgres).await;
    bench.run(1, 1).await;
    let load = bench.load(pace());
    for_seconds(&load, 1.0).await;
    let calm = for_seconds(&load, 4.0).await;

    bench.postgres.freeze();
    let frozen = for_seconds(&load, 7.0).await;
    bench.postgres.thaw();
    for_seconds(&load, 1.0).await;

    let mut lock = bench.postgres.session().await;
    let sql = "BEGIN; LOCK TABLE otp_transactions, okta_events, send_attempts";
    sqlx::raw_sql(sql).execute(&mut lock).await.unwrap();
    let locked = for_seconds(&load, 5.0).await;
    drop(lock);
    for_seconds(&load, 1.0).await;

    bench.to_postgres.set(Line::Slow(Duration::from_millis(700)));
    let slow = for_seconds(&load, 4.0).await;
    bench.to_postgres.set(Line::Good);

    bench.to_postgres.reset_all();
    let mut sessions = Vec::new();
    while let Ok(session) = connect(&bench).await {
        sessions.push(session);
    }
    let full = for_seconds(&load, 4.0).await;
    drop(sessions);

    assert_all_sent(&load.stop().await);
    for (what, broken) in [("hanging", frozen), ("locked", locked), ("slow", slow), ("full", full)] {
        assert_as_fast(what, &calm, &broken);
    }
    bench.verify().await;
}

async fn connect(bench: &Bench) -> sqlx::Result<sqlx::PgConnection> {
    <sqlx::PgConnection as sqlx::Connection>::connect(&bench.postgres.url()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_a_forgetful_postgres_is_refused_unless_it_is_asked_for() {
    for setting in ["synchronous_commit", "fsync"] {
        let mut bench = Bench::with_postgres(PrivatePostgres::with(&[(setting, "off")], None).await).await;
        let n = bench.add("ingress", |_| {});
        let Bench { nodes, sim, .. } = &mut bench;
        nodes[n].launch(sim);
        let status = nodes[n].server_mut().ended().await;
        let log = nodes[n].server().log();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(setting), "{log}");
        nodes[n].settings.ledger_more = "require_durable = false".to_owned();
        bench.up(n).await;
        bench.login(&bench.user("ana")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_p10_the_disk_of_postgres_is_full() {
    let postgres =
        PrivatePostgres::with(&[("max_wal_size", "32MB"), ("min_wal_size", "32MB")], Some(128)).await;
    let mut bench = Bench::with_postgres(postgres).await;
    bench.run(1, 1).await;
    bench.whole_login().await;
    // Everything that is left, and what is there is used up too.
    let filler = bench.postgres.data().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 1 << 16]).is_ok() {}
    drop(file);
    let load = bench.load(Pace { noise: 150, ..pace() });
    until("Postgres has no room", async || {
        let log = bench.postgres.log();
        (log.contains("No space left on device") || load.elapsed() > Duration::from_secs(20)).then_some(())
    })
    .await;
    assert!(bench.postgres.log().contains("No space left on device"), "it never got full");
    sleep(Duration::from_secs(2)).await;
    assert_all_sent(&load.stop().await);
    std::fs::remove_file(&filler).unwrap();
    bench.postgres.revive().await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_p6_the_same_hook_and_the_same_event_at_two_nodes() {
    let mut bench = Bench::start().await;
    bench.run(2, 1).await;
    for _ in 0..10 {
        let user = bench.user("ana");
        let okta = bench.sim.okta();
        let request = HookRequest::new(&user, sim::Channel::Sms);
        // One each: the balancer takes turns.
        let (one, other) = tokio::join!(okta.fire_hook(&request), okta.fire_hook(&request));
        assert!(one.is_sent() && other.is_sent(), "{one:?} {other:?}");
        okta.enter_code(&user.id, &request.code).await.unwrap();
        let events = okta.take_events();
        tokio::join!(bench.deliver(&events), bench.deliver(&events));
    }
    bench.verify().await;
    assert_eq!(bench.value("SELECT count(*) FROM otp_transactions WHERE duplicate_of IS NULL").await, "10");
    // Where the second node has heard of the first one's answer, it has no row of its own.
    assert_ne!(
        bench.value("SELECT count(*) FROM otp_transactions WHERE duplicate_of IS NOT NULL").await,
        "0"
    );
    assert_eq!(bench.value("SELECT count(*) FROM okta_events WHERE deliveries = 2").await, "10");
    assert_eq!(bench.sim.twilio().reports().len(), 10, "once for each, by whomever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a11_p9_what_postgres_cannot_store_does_not_stand_in_the_way() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let user = bench.user("ana");
    let odd = ["nul \u{0} in it", "\u{202e}right to left", &"long ".repeat(4000), "\u{fffd}\u{1f4a9}"];
    let mut uuids = Vec::new();
    for text in odd {
        let mut event =
            bench.sim.okta().event_mfa(&user, "PASSWORD_AS_FACTOR", Outcome::Failure, jiff::Timestamp::now());
        event["outcome"]["reason"] = text.into();
        event["displayMessage"] = text.into();
        uuids.push(event["uuid"].as_str().unwrap().to_owned());
        bench.deliver(&[event]).await;
        // And with it what is told by half a surrogate pair.
        let raw = format!(
            r#"{{"data":{{"events":[{{"uuid":"half-{}","eventType":"user.authentication.auth_via_mfa","outcome":{{"result":"FAILURE",
                "reason":"half \ud83d of it"}}}}]}}}}"#,
            uuids.len()
        );
        let request = bench.signed(reqwest::Method::POST, "/okta/main/events");
        let answer = request.header("content-type", "application/json").body(raw).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        bench.whole_login().await;
    }
    bench.settle().await;
    for uuid in &uuids {
        bench.event_when(uuid, "skipped").await;
    }
    assert_eq!(bench.readiness(0).await["ledger"]["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a12_p11_a_standby_that_can_only_be_read() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    bench.whole_login().await;
    let mut standby = PrivatePostgres::with(&[("default_transaction_read_only", "on")], None).await;
    bench.to_postgres.lead_to(standby.addr());
    bench.to_postgres.reset_all();
    let (before, load) = (bench.to_postgres.accepted(), bench.load(pace()));
    sleep(Duration::from_secs(5)).await;
    let connections = bench.to_postgres.accepted() - before;
    assert!(connections < 100, "{connections} connections in 5 s are a hot loop");
    assert_eq!(bench.readiness(0).await["ledger"]["status"], "degraded");
    let told = load.stop().await;
    assert_all_sent(&told);
    // The name leads to the one that can be written again.
    bench.to_postgres.lead_to(bench.postgres.addr());
    standby.stop(Stop::Fast).await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_p1_nobody_hears_whether_the_commit_worked() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    bench.whole_login().await;
    let load = bench.load(pace());
    for n in 0..12 {
        let cut = if n % 2 == 0 { Cut::Before } else { Cut::After };
        // As Postgres says that it is done; and as it is asked.
        let way = if n % 4 < 2 { Way::ToClient } else { Way::ToServer };
        bench.to_postgres.cut_at(way, "COMMIT\0", cut);
        bench.to_postgres.wait_for_cuts(n + 1).await;
    }
    assert_all_sent(&load.stop().await);
    bench.verify().await;
}
