use std::time::Duration;

use ledger::ApplyError;
use otp::Fact;

use super::Bench;
use super::facts::*;

pub(crate) async fn a13_a_batch_whose_end_nobody_saw_may_be_sent_again(bench: Bench) {
    let facts: Vec<Fact> = (1..=300).flat_map(|n| accepted(&hook(n, 0))).collect();
    let expected = bench.dump_of(&facts).await;
    bench.clear().await;
    let hasty = bench.ledger.within(Duration::from_micros(200));
    let error = hasty.apply(&facts).await.unwrap_err();
    assert!(matches!(error, ApplyError::Timeout(_)) && error.is_transient(), "{error}");
    // It went on behind the caller's back, or it did not: both end the same.
    bench.apply(&facts).await;
    assert_eq!(bench.dump().await, expected);
}

pub(crate) async fn a13_a_caller_that_gives_up_loses_no_later_write(bench: Bench) {
    let batch =
        |n: u128| -> Vec<Fact> { (n * 100..n * 100 + 60).flat_map(|id| accepted(&hook(id, 0))).collect() };
    let mut given_up = Vec::new();
    for n in 1..=20u128 {
        // A different moment each time: while waiting for the writer, at BEGIN, between facts, at COMMIT.
        let patience = Duration::from_micros(u64::try_from(n).unwrap() * 300);
        if tokio::time::timeout(patience, bench.ledger.apply(&batch(n))).await.is_err() {
            given_up.push(n);
        }
        bench.apply(&[Fact::HookReceived(hook(10_000 + n, 0))]).await;
        let marker = format!("id='{}'", tx(10_000 + n));
        let rows = &bench.dump().await["otp_transactions"];
        assert!(rows.iter().any(|row| row.contains(&marker)), "what is applied is seen by others at once");
    }
    assert!(!given_up.is_empty(), "the test gives something up");
    let rows = &bench.dump().await["otp_transactions"];
    let entered = |n: &u128| {
        let (from, to) = (tx(n * 100).to_string(), tx(n * 100 + 60).to_string());
        rows.iter().filter(|row| row[4..40] >= *from && row[4..40] < *to).count()
    };
    let entered: Vec<usize> = given_up.iter().map(entered).collect();
    assert!(entered.iter().all(|rows| [0, 60].contains(rows)), "all or nothing: {entered:?}");
    assert!(entered.contains(&60), "what had begun went on: {entered:?}");
}
