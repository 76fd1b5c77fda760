//! The two databases side by side.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};

use super::{order, postgres, sqlite};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_both_databases_end_in_the_same_rows() {
    let (file, server) = (sqlite::fresh().await, postgres::fresh().await);
    let mut runner = TestRunner::new(Config::default());
    let mut seen = BTreeMap::<String, usize>::new();
    for _ in 0..60 {
        let facts =
            proptest::collection::vec(order::any_fact(), 1..60).new_tree(&mut runner).unwrap().current();
        file.clear().await;
        server.clear().await;
        let refused = file.ledger.apply(&facts).await.unwrap();
        let also = server.ledger.apply(&facts).await.unwrap();
        let places =
            |applied: &ledger::Applied| applied.quarantined.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(places(&refused), places(&also));
        let dump = file.dump().await;
        assert_eq!(dump, server.dump().await, "{facts:#?}");
        for (table, rows) in dump {
            *seen.entry(table).or_default() += rows.len();
        }
    }
    assert!(seen.values().all(|rows| *rows > 0), "{seen:?}");
}
