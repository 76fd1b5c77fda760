//! Who may open what.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::os::unix::fs::PermissionsExt as _;

use journal::{FaultKind, Journal, OpenError, Options};
use support::{Place, read_all, records, texts};

#[tokio::test]
async fn f13_a_second_opening_is_refused() {
    let place = Place::new();
    let journal = place.open("a").await;
    let refused = Journal::open(place.options("a")).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Locked { dir } if *dir == place.dir("a")), "{refused:?}");
    assert!(refused.to_string().contains("another process"), "{refused}");
    journal.close().await;
    place.open("a").await;
}

#[tokio::test]
async fn f13_the_node_id_stays_with_the_directory() {
    let place = Place::new();
    let journal = place.open("a").await;
    assert_eq!(journal.node(), "node-a");
    journal.close().await;
    let journal = Journal::open(Options { node: "other".into(), ..place.options("a") }).await.unwrap();
    assert_eq!(journal.node(), "node-a");
    let unnamed = Journal::open(Options { node: " ".into(), ..place.options("b") }).await;
    assert!(matches!(unnamed, Err(OpenError::Io { .. })));
}

#[tokio::test]
async fn f15_an_impossible_directory_is_refused_with_a_reason() {
    let place = Place::new();
    std::fs::write(place.dir("file"), "").unwrap();
    for name in ["file", "file/below"] {
        let refused = Journal::open(place.options(name)).await.unwrap_err();
        assert!(matches!(&refused, OpenError::Io { .. }), "{refused:?}");
        assert!(refused.to_string().contains(place.dir(name).to_str().unwrap()), "{refused}");
        assert!(std::error::Error::source(&refused).is_some());
    }
    std::fs::create_dir_all(place.dir("c/journal.db")).unwrap();
    let refused = Journal::open(place.options("c")).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Io { .. }), "{refused:?}");
}

#[tokio::test]
async fn s24_only_the_owner_may_read() {
    let place = Place::new();
    let journal = place.open("deep/er").await;
    journal.append(records("x", 1)).await.unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = place.dir("deep/er");
    assert_eq!(mode(dir.clone()), 0o700);
    let files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        assert_eq!(mode(file.clone()), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn f16_a_newer_format_is_refused_and_left_alone() {
    let place = Place::new();
    place.open("a").await.close().await;
    let mut sql = place.sql("a").await;
    sqlx::query("UPDATE meta SET value = 2 WHERE name = 'format'").execute(&mut sql).await.unwrap();
    sqlx::Connection::close(sql).await.unwrap();
    let refused = Journal::open(place.options("a")).await.unwrap_err();
    assert!(matches!(refused, OpenError::NewerFormat { found: 2, supported: 1, .. }), "{refused:?}");
    assert!(refused.to_string().contains("upgrade"), "{refused}");
}

#[tokio::test]
async fn f16_kinds_nobody_knows_are_kept() {
    let place = Place::new();
    let journal = place.open("a").await;
    let strange = journal::Record::new("from the future \u{1f52e}", u16::MAX, vec![0; 10]);
    journal.append(vec![strange.clone()]).await.unwrap();
    assert_eq!(read_all(&journal).await[0].record, strange);
}

#[tokio::test]
async fn f12_what_is_no_journal_is_refused_and_can_be_set_aside() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("lost", 1)).await.unwrap();
    journal.close().await;
    let file = place.dir("a").join("journal.db");
    std::fs::write(&file, vec![b'?'; 20_000]).unwrap();
    for _ in 0..2 {
        let refused = Journal::open(place.options("a")).await.unwrap_err();
        assert!(
            matches!(&refused, OpenError::Corrupt { source, .. } if source.kind == FaultKind::Corrupt),
            "{refused:?}"
        );
    }
    let aside = journal::set_aside(&place.dir("a")).await.unwrap();
    assert_eq!(std::fs::read(aside.join("journal.db")).unwrap()[0], b'?');
    assert!(aside.join("node").exists());
    let journal = Journal::open(Options { node: "a2".into(), ..place.options("a") }).await.unwrap();
    assert_eq!(journal.node(), "a2");
    journal.append(records("new", 1)).await.unwrap();
    assert_eq!(texts(&read_all(&journal).await), ["new1"]);
}
