//! From the start of everything to the last invariant.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lab::{Bench, Line, Load, Pace, RECOVERY, Told, crash_points, invariants, percentile};
use tokio::time::{sleep, sleep_until};

use crate::plan::plan;

/// Runs it; whether everything agrees.
pub(crate) async fn run(seconds: u64, seed: u64, rate: u32) -> bool {
    println!(
        "chaos: {seconds} s, seed {seed}, {rate} hooks/s: ./tests/run --chaos {seconds} --seed {seed} --rate {rate}"
    );
    let crash_points = crash_points();
    let mut bench = Bench::with_rabbit().await;
    let backup = bench.sim.url();
    for role in ["ingress", "ingress", "worker", "worker"] {
        let n = bench.add(role, |settings| {
            settings.backup_url = Some(backup.clone());
            settings.leaving = Duration::from_millis(400);
        });
        bench.up(n).await;
    }
    // The limits of Okta's API are for another test.
    bench.sim.okta().configure(|okta| okta.requests_per_minute = 60_000);
    let load = bench.load(Pace {
        hooks_per_second: rate,
        twice: 2,
        wrong: 8,
        silent: 5,
        redelivered: 10,
        noise: 15,
        typing: Duration::from_secs(2),
        seed,
    });
    let begun = Instant::now();
    for step in plan(seconds, seed) {
        sleep_until((begun + step.at).into()).await;
        let half = if step.begins { "" } else { "end of " };
        let late = begun.elapsed() - step.at;
        println!(
            "{:7.2} (+{:.1}) {half}{}",
            step.at.as_secs_f64(),
            late.as_secs_f64(),
            step.action.told(&crash_points)
        );
        if step.begins {
            step.action.begin(&mut bench, &crash_points).await;
        } else {
            step.action.end(&mut bench).await;
        }
    }
    sleep_until((begun + Duration::from_secs(seconds)).into()).await;
    heal(&mut bench).await;
    println!("{:7.2} everything is healed", begun.elapsed().as_secs_f64());
    finish(bench, load, begun).await
}

/// Ends every outage.
async fn heal(bench: &mut Bench) {
    for wire in [&bench.to_postgres, &bench.to_rabbit, &bench.to_verify, &bench.to_okta] {
        wire.set(Line::Good);
        wire.forget_cuts();
    }
    bench.postgres.thaw();
    bench.postgres.revive().await;
    bench.rabbit.as_mut().unwrap().wait_until_up().await;
    for n in 0..bench.nodes.len() {
        // One that runs gets over what happened by itself; but in some a crash point still waits.
        if bench.nodes[n].is_armed() {
            bench.nodes[n].kill();
        }
        bench.revive(n).await;
    }
}

async fn finish(mut bench: Bench, load: Load, begun: Instant) -> bool {
    sleep(Duration::from_secs(2)).await;
    let told = load.stop().await;
    let healed = Instant::now();
    let settled = bench.settles_within(RECOVERY).await;
    let took = healed.elapsed();
    let looked_up = looked_up(&bench, healed).await;
    let violations = bench.check().await;
    summarize(&bench, &told).await;
    println!(
        "{:7.2} settled: {settled}, {:.1} s after the load; every send looked up: {looked_up}",
        begun.elapsed().as_secs_f64(),
        took.as_secs_f64()
    );
    for invariant in invariants::all() {
        let red = violations.iter().find(|violation| violation.invariant == invariant.name);
        println!("{:5} {}", if red.is_some() { "RED" } else { "green" }, invariant.name);
        for row in red.iter().flat_map(|violation| &violation.rows) {
            println!("      {row:?}");
        }
    }
    if !settled || !looked_up || !violations.is_empty() {
        println!("what was written is in {}", bench.keep().display());
        return false;
    }
    true
}

/// P11: whether it comes to be known of every send, in time, whether the provider took it; P6: and whether both messages of a login that
/// went out twice come to be told of it.
async fn looked_up(bench: &Bench, healed: Instant) -> bool {
    let open = "SELECT count(*) FROM send_attempts a JOIN otp_transactions t ON t.id = a.transaction_id
        WHERE a.outcome IS NULL OR a.outcome = 'ambiguous' OR (
            a.outcome = 'accepted' AND t.verified_at IS NOT NULL AND t.received_at > now() - interval '9 minutes'
            AND EXISTS (SELECT FROM send_attempts second WHERE second.transaction_id = t.id AND second.n = 2)
            AND NOT EXISTS (SELECT FROM feedback_reports r WHERE r.provider_ref = a.provider_ref)
        )";
    while bench.value(open).await != "0" {
        if healed.elapsed() > RECOVERY {
            return false;
        }
        sleep(Duration::from_millis(250)).await;
    }
    true
}

/// How much of what there was.
async fn summarize(bench: &Bench, told: &[Told]) {
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for told in told {
        let status = told.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        *answers.entry(if told.sent { "sent".to_owned() } else { status }).or_default() += 1;
    }
    println!("hooks: {} ({answers:?}), p99 {:?}", told.len(), percentile(told, 99));
    for table in ["otp_transactions", "send_attempts", "okta_events", "feedback_reports", "dead_letters"] {
        println!("{table}: {}", bench.value(&format!("SELECT count(*) FROM {table}")).await);
    }
    for (what, sql) in [
        ("transactions", "SELECT status AS word, count(*) AS n FROM otp_transactions GROUP BY 1 ORDER BY 1"),
        ("events", "SELECT state AS word, count(*) AS n FROM okta_events GROUP BY 1 ORDER BY 1"),
        ("reports", "SELECT result AS word, count(*) AS n FROM feedback_reports GROUP BY 1 ORDER BY 1"),
    ] {
        let words = bench.rows(sql).await;
        let words: Vec<_> = words.iter().map(|row| format!("{} {}", &row["n"], &row["word"])).collect();
        println!("{what}: {}", words.join(", "));
    }
}
