//! Bytes, age, and a disk that refuses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use journal::{AppendError, FaultKind, Journal, Options, Record};
use support::{Place, read_all, record, records, seqs, texts};

const HOUR_MS: i64 = 60 * 60 * 1000;

#[tokio::test]
async fn f10_a_full_journal_refuses_says_so_and_still_reads() {
    let place = Place::new();
    let options = Options { max_bytes: 1 << 20, ..place.options("a") };
    let journal = Journal::open(options.clone()).await.unwrap();
    let mut kept = 0;
    let mut warned = false;
    let refused = loop {
        match journal.append(vec![Record::new("fact", 1, vec![7; 10_000])]).await {
            Ok(places) => kept = *places.end(),
            Err(error) => break error,
        }
        warned |= journal.health().nearly_full;
    };
    assert!(matches!(refused, AppendError::Full { max: 1_048_576, .. }), "{refused:?}");
    assert!(refused.to_string().contains("full"), "{refused}");
    assert!(kept > 50 && warned);
    assert!(journal.size_bytes() <= 1 << 20);
    let health = journal.health();
    assert!(health.full && health.nearly_full && health.writable, "{health:?}");

    // What has begun can still end, as far as the room for that goes.
    let mut ended = 0;
    while let Ok(places) = journal.append_ending(vec![Record::new("end", 1, vec![7; 1_000])]).await {
        (kept, ended) = (*places.end(), ended + 1);
    }
    assert!(ended > 20, "{ended}");
    assert!(journal.size_bytes() <= 1 << 20);

    assert_eq!(read_all(&journal).await.len() as u64, kept);
    journal.advance("drain", kept).await.unwrap();
    assert_eq!(journal.prune(&["drain"], 1_000 + 25 * HOUR_MS).await.unwrap(), kept);
    let health = journal.health();
    assert!(!health.full && !health.nearly_full, "{health:?}");
    assert_eq!(journal.append(records("x", 1)).await.unwrap(), kept + 1..=kept + 1);
}

#[tokio::test]
async fn f10_one_append_too_large_does_not_keep_out_its_neighbours() {
    let place = Place::new();
    let journal = Journal::open(Options { max_bytes: 1 << 20, ..place.options("a") }).await.unwrap();
    let (small, large, other) = tokio::join!(
        journal.append(records("x", 1)),
        journal.append(vec![Record::new("fact", 1, vec![7; 2 << 20])]),
        journal.append(records("y", 1)),
    );
    assert!(matches!(large, Err(AppendError::Full { .. })));
    assert_eq!((small.unwrap(), other.unwrap()), (1..=1, 2..=2));
}

#[tokio::test]
async fn a16_entries_stay_until_all_cursors_passed_and_the_time_is_over() {
    let place = Place::new();
    let journal = place.open("a").await;
    let start = place.clock.load(Ordering::Relaxed);
    journal.append(records("old", 1200)).await.unwrap();
    place.clock.store(start + 10 * HOUR_MS, Ordering::Relaxed);
    journal.append(records("young", 10)).await.unwrap();
    journal.advance("drain", 1210).await.unwrap();
    journal.advance("relay", 1100).await.unwrap();

    let cursors = ["drain", "relay"];
    assert_eq!(journal.prune(&cursors, start + 24 * HOUR_MS).await.unwrap(), 0, "not old enough");
    assert_eq!(journal.prune(&["drain", "unknown"], start + 25 * HOUR_MS).await.unwrap(), 0);
    assert_eq!(journal.prune(&cursors, start + 25 * HOUR_MS).await.unwrap(), 1100, "relay holds the rest");
    assert_eq!(read_all(&journal).await[0].seq, 1101);
    journal.advance("relay", 1210).await.unwrap();
    assert_eq!(journal.prune(&cursors, start + 25 * HOUR_MS).await.unwrap(), 100, "the young stay");
    assert_eq!(journal.prune(&cursors, start + 40 * HOUR_MS).await.unwrap(), 10);
    assert!(read_all(&journal).await.is_empty());
}

#[tokio::test]
async fn h1_entries_from_a_wrong_clock_do_not_stay_for_ever() {
    let place = Place::new();
    let journal = place.open("a").await;
    place.clock.store(100 * 365 * 24 * HOUR_MS, Ordering::Relaxed);
    journal.append(records("x", 3)).await.unwrap();
    journal.advance("drain", 3).await.unwrap();
    assert_eq!(journal.prune(&["drain"], 1_000).await.unwrap(), 3);
}

#[tokio::test]
async fn places_are_never_given_out_twice_even_if_everything_was_pruned() {
    let place = Place::new();
    let journal = Journal::open(Options { retain: Duration::ZERO, ..place.options("a") }).await.unwrap();
    journal.append(records("x", 5)).await.unwrap();
    assert_eq!(journal.prune(&[], 2_000).await.unwrap(), 5);
    journal.close().await;
    let journal = place.open("a").await;
    assert_eq!((journal.last(), journal.size_bytes() > 0), (5, true));
    assert_eq!(journal.append(records("y", 1)).await.unwrap(), 6..=6);
    assert_eq!(seqs(&read_all(&journal).await), [6]);
}

#[tokio::test]
async fn f11_a_refused_commit_is_answered_and_the_next_one_works() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("before", 1)).await.unwrap();
    let mut other = place.sql("a").await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let (a, b) = tokio::join!(journal.append(records("a", 1)), journal.append(records("b", 2)));
    for refused in [a, b] {
        assert!(
            matches!(&refused, Err(AppendError::Io(fault)) if fault.kind == FaultKind::Busy),
            "{refused:?}"
        );
    }
    let health = journal.health();
    assert!(!health.writable && health.last_error.is_some_and(|error| error.contains("locked")));
    assert_eq!(texts(&read_all(&journal).await), ["before1"], "reading goes on");

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(journal.append(records("after", 1)).await.unwrap(), 2..=2);
    assert!(journal.health().writable);
    assert_eq!(texts(&read_all(&journal).await), ["before1", "after1"]);
}

#[tokio::test]
async fn f11_a_cursor_that_could_not_be_kept_is_kept_later() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("x", 2)).await.unwrap();
    let mut other = place.sql("a").await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    journal.advance("drain", 2).await.unwrap();
    assert!(journal.append(vec![record("y")]).await.is_err());
    while journal.health().writable {
        tokio::task::yield_now().await;
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    journal.close().await;
    let journal = place.open("a").await;
    assert_eq!(journal.cursor("drain").await.unwrap(), 2);
}
