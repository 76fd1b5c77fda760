//! Taking over what was left behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use journal::{AdoptError, OpenError, adopt, adoptable, remove_adopted};
use support::{Place, copy_dir, read_all, records, texts};

const CURSORS: [&str; 2] = ["drain", "relay"];

/// A journal "dead" with five entries, of which both cursors have passed two.
async fn dead(place: &Place) {
    let dead = place.open("dead").await;
    dead.append(records("dead", 5)).await.unwrap();
    dead.advance("drain", 4).await.unwrap();
    dead.advance("relay", 2).await.unwrap();
    dead.close().await;
}

#[tokio::test]
async fn f14_only_dead_journals_with_work_are_adoptable() {
    let place = Place::new();
    dead(&place).await;
    let done = place.open("done").await;
    done.append(records("x", 1)).await.unwrap();
    for cursor in CURSORS {
        done.advance(cursor, 1).await.unwrap();
    }
    done.close().await;
    place.open("empty").await.close().await;
    let alive = place.open("alive").await;
    alive.append(records("x", 1)).await.unwrap();
    std::fs::create_dir(place.dir("something else")).unwrap();
    std::fs::create_dir(place.dir("broken")).unwrap();
    std::fs::write(place.dir("broken").join("journal.db"), "?".repeat(9999)).unwrap();
    let own = place.open("own").await;
    own.append(records("x", 1)).await.unwrap();

    let found = adoptable(place.volume.path(), &place.dir("own"), &CURSORS).await;
    assert_eq!(found, [place.dir("dead")]);
    let refused = adopt(&own, &place.dir("alive"), &CURSORS).await;
    assert!(matches!(refused, Err(AdoptError::Open(OpenError::Locked { .. }))), "{refused:?}");
    assert!(adoptable(&place.dir("nowhere"), &place.dir("own"), &CURSORS).await.is_empty());
}

#[tokio::test]
async fn f14_adoption_copies_what_not_all_cursors_passed_and_retires_the_directory() {
    let place = Place::new();
    dead(&place).await;
    std::fs::create_dir(place.dir("dead.adopted")).unwrap();
    let own = place.open("own").await;
    own.append(records("own", 1)).await.unwrap();
    let adopted = adopt(&own, &place.dir("dead"), &CURSORS).await.unwrap();
    assert_eq!((adopted.records, adopted.corrupt, adopted.node.as_str()), (3, 0, "node-dead"));
    assert_eq!(adopted.kept_at, place.dir("dead.adopted.2"));
    assert_eq!(texts(&read_all(&own).await), ["own1", "dead3", "dead4", "dead5"]);
    assert!(!place.dir("dead").exists());
    assert!(adoptable(place.volume.path(), &place.dir("own"), &CURSORS).await.is_empty());

    // A process that comes back to that name begins anew.
    assert_eq!(place.open("dead").await.last(), 0);
}

#[tokio::test]
async fn f14_adoption_repeats_after_a_crash_between_the_copy_and_the_renaming() {
    let place = Place::new();
    dead(&place).await;
    copy_dir(&place.dir("dead"), &place.dir("twin"));
    let own = place.open("own").await;
    adopt(&own, &place.dir("dead"), &CURSORS).await.unwrap();
    // The twin is the directory as a crash just before the renaming would have left it.
    copy_dir(&place.dir("twin"), &place.dir("dead"));
    std::fs::write(place.dir("dead").join("adopted"), "1000\n").unwrap();
    assert!(adoptable(place.volume.path(), &place.dir("own"), &CURSORS).await.contains(&place.dir("dead")));
    let again = adopt(&own, &place.dir("dead"), &CURSORS).await.unwrap();
    assert_eq!((again.records, again.kept_at), (3, place.dir("dead.adopted.2")));
    let expected = ["dead3", "dead4", "dead5", "dead3", "dead4", "dead5"];
    assert_eq!(texts(&read_all(&own).await), expected);
}

#[tokio::test]
async fn f12_adoption_leaves_damaged_records_behind() {
    let place = Place::new();
    dead(&place).await;
    let mut sql = place.sql("dead").await;
    sqlx::query("UPDATE entry SET crc = 0 WHERE seq = 4").execute(&mut sql).await.unwrap();
    sqlx::Connection::close(sql).await.unwrap();
    let own = place.open("own").await;
    let adopted = adopt(&own, &place.dir("dead"), &CURSORS).await.unwrap();
    assert_eq!((adopted.records, adopted.corrupt), (2, 1));
    assert_eq!(texts(&read_all(&own).await), ["dead3", "dead5"]);
}

#[tokio::test]
async fn f14_a_journal_that_does_not_fit_stays_where_it_is() {
    let place = Place::new();
    dead(&place).await;
    let own =
        journal::Journal::open(journal::Options { max_bytes: 100, ..place.options("own") }).await.unwrap();
    let refused = adopt(&own, &place.dir("dead"), &CURSORS).await;
    assert!(matches!(refused, Err(AdoptError::Append(_))), "{refused:?}");
    assert!(place.dir("dead").exists());
}

#[tokio::test]
async fn a16_adopted_directories_go_after_the_retention() {
    let place = Place::new();
    dead(&place).await;
    let own = place.open("own").await;
    let adopted = adopt(&own, &place.dir("dead"), &CURSORS).await.unwrap();
    std::fs::create_dir(place.dir("somebody's.adopted")).unwrap();
    let day = Duration::from_secs(86_400);
    assert_eq!(remove_adopted(place.volume.path(), day, 1_000 + 86_400_000).await.unwrap(), 0);
    assert!(adopted.kept_at.exists());
    assert_eq!(remove_adopted(place.volume.path(), day, 1_001 + 86_400_000).await.unwrap(), 1);
    assert!(!adopted.kept_at.exists() && place.dir("somebody's.adopted").exists());
}
