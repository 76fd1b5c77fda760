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

#[tokio::main(worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
async fn main() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
    let ledger = Ledger::open(&url, Options::default()).await.unwrap();
    ledger.migrate().await.unwrap();
    let mut n = 0;
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
        println!("{what}: {:.0} facts/s, {:.2?} each", entered as f64 / spent.as_secs_f64(), spent / batches);
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
    println!("find_send among {n}: {:.0?} each", start.elapsed() / 2_000);
    let health = ledger.health().await.unwrap();
    println!("{} MB", health.bytes.unwrap_or(0) / 1_000_000);
}
