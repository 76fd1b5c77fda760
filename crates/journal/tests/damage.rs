//! Flipped bytes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::os::unix::fs::FileExt as _;

use proptest::prelude::*;
use support::{Place, records, seqs, until_crash};

#[tokio::test]
async fn f12_corrupt_records_are_skipped_and_counted() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("x", 10)).await.unwrap();
    // A process that goes on has what it wrote in memory.
    journal.close().await;
    let journal = place.open("a").await;
    let mut sql = place.sql("a").await;
    for damage in [
        "UPDATE entry SET payload = x'00ff' WHERE seq = 3",
        "UPDATE entry SET kind = 'fuct' WHERE seq = 4",
        "UPDATE entry SET version = 70000 WHERE seq = 6",
        "UPDATE entry SET crc = -1 WHERE seq = 10",
    ] {
        sqlx::query(damage).execute(&mut sql).await.unwrap();
    }
    let batch = journal.read(0, 100).await.unwrap();
    assert_eq!((seqs(&batch.entries), batch.corrupt, batch.next), (vec![1, 2, 5, 7, 8, 9], 4, 10));
    let batch = journal.read(2, 2).await.unwrap();
    assert_eq!((batch.entries.len(), batch.corrupt, batch.next), (0, 2, 4), "a cursor passes them");
    let batch = journal.read_kind(&["fact"], 0, 100).await.unwrap();
    assert_eq!((seqs(&batch.entries), batch.corrupt), (vec![1, 2, 5, 7, 8, 9], 3));
}

/// Bytes in the pages themselves, so that SQLite's own structure breaks too.
fn damaged_pages(damages: &[(u64, Vec<u8>)]) {
    let place = Place::new();
    let written: u64 = 400;
    until_crash(async {
        let journal = place.open("a").await;
        journal.append(records("some text that fills the pages ", written as usize)).await.unwrap();
        journal.close().await;
    });
    let file = std::fs::OpenOptions::new().write(true).open(place.dir("a").join("journal.db")).unwrap();
    let length = file.metadata().unwrap().len();
    for (at, bytes) in damages {
        // Beyond the first pages, which hold the tables' names: without them it is no journal any more.
        file.write_all_at(bytes, (5 * 4096 + at % (length - 6 * 4096)).min(length - bytes.len() as u64))
            .unwrap();
    }
    until_crash(async {
        let options = place.options("a");
        let Ok(journal) = journal::Journal::open(options).await else { return };
        for kinds in [&[][..], &["fact"]] {
            let (mut after, mut intact, mut rounds) = (0, Vec::new(), 0);
            loop {
                let batch = match kinds {
                    [] => journal.read(after, 50).await.unwrap(),
                    kinds => journal.read_kind(kinds, after, 50).await.unwrap(),
                };
                if batch.next == after {
                    break;
                }
                after = batch.next;
                intact.extend(batch.entries);
                rounds += 1;
                assert!(rounds < 1000, "a reader must get through");
            }
            assert!(intact.is_sorted_by(|a, b| a.seq < b.seq));
            for entry in &intact {
                let text = format!("some text that fills the pages {}", entry.seq);
                assert_eq!(entry.record.payload, text.into_bytes(), "what is returned is what was written");
            }
        }
    });
}

/// Damage can put the last record millions of places ahead. The way there is empty, and nobody walks it place by place.
#[test]
fn f12_a_damaged_record_far_ahead_is_reached_at_once() {
    let place = Place::new();
    until_crash(async {
        let journal = place.open("a").await;
        journal.append(records("x", 10)).await.unwrap();
        journal.close().await;
        let mut sql = place.sql("a").await;
        // A payload that fills pages of its own at the end of the file, …
        let far = "INSERT INTO entry (seq, at, kind, version, crc, payload) VALUES (4000000, 0, 'fact', 1, 0, zeroblob(100000))";
        sqlx::raw_sql(far).execute(&mut sql).await.unwrap();
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut sql).await.unwrap();
        sqlx::Connection::close(sql).await.unwrap();
    });
    // … which lead nowhere.
    let file = std::fs::OpenOptions::new().write(true).open(place.dir("a").join("journal.db")).unwrap();
    let length = file.metadata().unwrap().len();
    for page in 2..20 {
        file.write_all_at(&[0xa5; 4096], length - page * 4096).unwrap();
    }
    until_crash(async {
        let journal = place.open("a").await;
        assert_eq!(journal.last(), 4_000_000);
        for kinds in [&[][..], &["fact"]] {
            let (mut after, mut intact, mut corrupt, mut rounds) = (0, Vec::new(), 0, 0);
            while after < journal.last() {
                let batch = match kinds {
                    [] => journal.read(after, 50).await.unwrap(),
                    kinds => journal.read_kind(kinds, after, 50).await.unwrap(),
                };
                intact.extend(seqs(&batch.entries));
                (after, corrupt, rounds) = (batch.next, corrupt + batch.corrupt, rounds + 1);
                assert!(rounds < 10, "at {after}");
            }
            assert_eq!((intact, corrupt), ((1..=10).collect(), 1));
        }
    });
}

/// A row id is its own and only copy in SQLite's pages: one flipped byte of it puts a whole record at another place.
#[test]
fn f12_a_record_at_another_place_is_not_returned() {
    damaged_pages(&[(12_342_004_354_125_041_062, vec![45])]);
}

#[test]
fn f12_a_record_of_impossible_length_is_passed_by() {
    let bytes = b"\0\0\0\0\0\0\0\0\x0eRb\xb4\xb9X\xe3\x8c\xbc\xd4\x8f\xc2rYj`]\x85\x86\xed\xd1\xd7";
    damaged_pages(&[(7_404_652_548_882_414_672, bytes.to_vec())]);
}

#[tokio::test]
async fn f16_a_journal_without_copies_of_its_places_is_read_and_goes_on() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("x", 3)).await.unwrap();
    journal.close().await;
    let mut sql = place.sql("a").await;
    sqlx::raw_sql("ALTER TABLE entry DROP COLUMN place").execute(&mut sql).await.unwrap();
    sqlx::Connection::close(sql).await.unwrap();
    let journal = place.open("a").await;
    journal.append(records("y", 2)).await.unwrap();
    journal.close().await;
    let batch = place.open("a").await.read(0, 100).await.unwrap();
    assert_eq!((seqs(&batch.entries), batch.corrupt), (vec![1, 2, 3, 4, 5], 0));
}

#[test]
fn f12_a_wiped_page_costs_its_entries_and_no_others() {
    damaged_pages(&[(2 * 4096, vec![0xa5; 4096])]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn f12_any_damage_is_passed_by(
        damages in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 1..40)), 1..12)
    ) {
        damaged_pages(&damages);
    }
}
