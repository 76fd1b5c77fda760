//! How fast facts are entered, and how fast a send is found among them: `cargo bench -p ledger`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement for people"
)]

#[path = "../tests/conformance/facts.rs"]
#[expect(dead_code, reason = "the suite uses the rest")]
mod facts;

use std::time::{Duration, Instant};

use facts::*;
use ledger::{Ledger, Options, SendQuery};
use otp::{EventState, Fact, HookReceived, ReportResult};
use sqlx::Connection as _;

/// One code from hook to report: nine facts.
fn loop_of(n: u128) -> Vec<Fact> {
    let seconds = i64::try_from(n / 20).unwrap();
    let uuid = format!("event-{n}");
    let mut facts =
        accepted(&HookReceived { okta_user_id: Some(format!("00u{}", n % 5_000)), ..hook(n, seconds) });
    facts.push(Fact::EventReceived(event(&uuid, n, seconds + 20)));
    facts.push(Fact::FeedbackReported(reported(&uuid, seconds + 21, ReportResult::Reported, Some(n))));
    let end = event_settled(&uuid, seconds + 21, EventState::Done, Some(n));
    facts.push(Fact::EventSettled(otp::EventSettled { verified_at: Some(at(seconds + 20)), ..end }));
    facts
}

/// What one database made of it.
struct Measured {
    /// Facts a second, by the size of the batch.
    entered: Vec<(&'static str, f64)>,
    found: Duration,
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
async fn measure(ledger: &Ledger) -> Measured {
    ledger.migrate().await.unwrap();
    let (mut n, mut measured) = (0, Measured { entered: Vec::new(), found: Duration::ZERO });
    for (what, size, batches) in
        [("batches of 1000", 125, 200), ("batches of 100", 12, 200), ("batches of 8", 1, 1_000)]
    {
        let (mut spent, mut entered) = (Duration::ZERO, 0);
        for _ in 0..batches {
            let facts: Vec<Fact> = (n..n + size).flat_map(loop_of).collect();
            n += size;
            let start = Instant::now();
            ledger.apply(&facts).await.unwrap();
            spent += start.elapsed();
            entered += facts.len();
        }
        let rate = entered as f64 / spent.as_secs_f64();
        println!("  {what}: {rate:.0} facts/s, {:.2?} each", spent / batches);
        measured.entered.push((what, rate));
    }
    let query = |n: u128| SendQuery {
        org: org("main"),
        okta_user_id: format!("00u{}", n % 5_000),
        channel: None,
        purpose: None,
        after: at(-1),
        before: at(i64::try_from(n / 20).unwrap() + 5),
    };
    let start = Instant::now();
    for n in 0..2_000 {
        assert!(ledger.find_send(&query(n)).await.unwrap().is_some());
    }
    measured.found = start.elapsed() / 2_000;
    println!("  find_send among {n}: {:.0?} each", measured.found);
    let hooks: Vec<_> = (0..100u128).map(|n| (org("main"), format!("hook-{n}"))).collect();
    let start = Instant::now();
    for _ in 0..20 {
        assert!(ledger.earlier_hooks(&hooks).await.unwrap().iter().all(Option::is_some));
    }
    println!("  earlier_hooks, 100 of them: {:.0?} each", start.elapsed() / 20);
    println!("  {} MB", ledger.health().await.unwrap().bytes.unwrap_or(0) / 1_000_000);
    measured
}

#[tokio::main(worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement is told by its environment where the database is"
)]
async fn main() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
    println!("sqlite");
    let sqlite = measure(&Ledger::open(&url, Options::default()).await.unwrap()).await;

    let server = std::env::var("RINGBACK_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let Ok(mut admin) = sqlx::PgConnection::connect(&server).await else {
        println!("no Postgres answers: it is left out");
        return;
    };
    let drop = "SET client_min_messages = error; DROP SCHEMA IF EXISTS ringback_bench CASCADE";
    sqlx::raw_sql(drop).execute(&mut admin).await.unwrap();
    sqlx::raw_sql("CREATE SCHEMA ringback_bench").execute(&mut admin).await.unwrap();
    let joint = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{joint}options[search_path]=ringback_bench");
    println!("postgres");
    let ledger = Ledger::open(&url, Options::default()).await.unwrap();
    let postgres = measure(&ledger).await;
    ledger.close().await;
    sqlx::raw_sql(drop).execute(&mut admin).await.unwrap();

    println!("postgres : sqlite");
    for ((what, ours), (_, theirs)) in postgres.entered.iter().zip(&sqlite.entered) {
        println!("  {what}: {:.2} times the facts", ours / theirs);
    }
    println!("  find_send: {:.2} times as long", postgres.found.as_secs_f64() / sqlite.found.as_secs_f64());
}
