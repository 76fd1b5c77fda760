//! Appending, reading, cursors, watching.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use journal::{AppendError, CursorError, Journal, Options, Record};
use support::{Place, read_all, record, records, seqs, texts, until_crash};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_many_writers_share_commits_and_each_learns_its_places() {
    let place = Place::new();
    let journal = place.open("a").await;
    let tasks: Vec<_> = (0..64)
        .map(|writer| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for n in 0..20 {
                    let pair = vec![record(format!("{writer}/{n}/a")), record(format!("{writer}/{n}/b"))];
                    let places = journal.append(pair).await.unwrap();
                    assert_eq!(places.end() - places.start(), 1);
                    assert!(journal.last() >= *places.end());
                    mine.push((*places.start(), format!("{writer}/{n}/a")));
                    mine.push((*places.end(), format!("{writer}/{n}/b")));
                }
                mine
            })
        })
        .collect();
    let mut told = Vec::new();
    for task in tasks {
        told.extend(task.await.unwrap());
    }
    told.sort();
    let entries = read_all(&journal).await;
    let found: Vec<_> = seqs(&entries).into_iter().zip(texts(&entries)).collect();
    assert_eq!(found, told);
    assert_eq!(seqs(&entries), (1..=2560).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_large_append_is_one_piece() {
    let place = Place::new();
    let journal = place.open("a").await;
    assert_eq!(journal.append(records("x", 1)).await.unwrap(), 1..=1);
    assert_eq!(journal.append(records("y", 64)).await.unwrap(), 2..=65);
    assert_eq!(journal.append(records("z", 1000)).await.unwrap(), 66..=1065);
    assert!(journal.append(Vec::new()).await.unwrap().is_empty());
    assert_eq!(read_all(&journal).await.len(), 1065);
}

#[test]
fn p5_what_was_acknowledged_is_there_after_a_crash() {
    let place = Place::new();
    until_crash(async {
        let journal = place.open("a").await;
        for n in 1..=100 {
            journal.append(vec![record(format!("{n}"))]).await.unwrap();
        }
        std::mem::forget(journal);
    });
    until_crash(async {
        let journal = place.open("a").await;
        assert_eq!(journal.last(), 100);
        let expected: Vec<_> = (1..=100).map(|n| n.to_string()).collect();
        assert_eq!(texts(&read_all(&journal).await), expected);
        assert_eq!(journal.append(records("next", 1)).await.unwrap(), 101..=101);
    });
}

#[tokio::test]
async fn dropping_the_last_handle_writes_what_waits_and_frees_the_directory() {
    let place = Place::new();
    let journal = place.open("a").await;
    {
        // Polled once, so that it is in the queue, and then cancelled.
        let mut waiting = std::pin::pin!(journal.append(records("x", 3)));
        assert!(futures_util::poll!(&mut waiting).is_pending());
    }
    drop(journal);
    let journal = place.open("a").await;
    assert_eq!(texts(&read_all(&journal).await), ["x1", "x2", "x3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_append_harms_no_other() {
    let place = Place::new();
    let journal = place.open("a").await;
    for n in 0..200 {
        let cancelled = tokio::spawn({
            let journal = journal.clone();
            async move { journal.append(vec![record("maybe")]).await.map(drop) }
        });
        let kept = tokio::spawn({
            let journal = journal.clone();
            async move { journal.append(vec![record(format!("sure{n}"))]).await.map(drop) }
        });
        cancelled.abort();
        kept.await.unwrap().unwrap();
    }
    let sure =
        texts(&read_all(&journal).await).into_iter().filter(|text| text != "maybe").collect::<Vec<_>>();
    assert_eq!(sure, (0..200).map(|n| format!("sure{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn reading_goes_by_place_limit_and_kind() {
    let place = Place::new();
    let journal = place.open("a").await;
    let kinds = ["hook", "attempt", "hook", "event", "answer", "hook", "event"];
    journal.append(kinds.map(|kind| Record::new(kind, 7, *b"x")).into()).await.unwrap();

    let batch = journal.read(2, 3).await.unwrap();
    assert_eq!((seqs(&batch.entries), batch.next, batch.corrupt), (vec![3, 4, 5], 5, 0));
    assert_eq!(batch.entries[0].record, Record::new("hook", 7, *b"x"));
    assert_eq!(journal.read(7, 3).await.unwrap().next, 7);
    assert_eq!(journal.read(700, 3).await.unwrap().next, 700);

    let batch = journal.read_kind(&["event", "hook"], 1, 3).await.unwrap();
    assert_eq!((seqs(&batch.entries), batch.next), (vec![3, 4, 6], 6));
    let batch = journal.read_kind(&["event", "hook"], 6, 3).await.unwrap();
    assert_eq!((seqs(&batch.entries), batch.next), (vec![7], 7));
    let batch = journal.read_kind(&["answer"], 5, 3).await.unwrap();
    assert_eq!((batch.entries.len(), batch.next), (0, 7));
    assert_eq!(journal.read_kind(&["nothing of ours"], 0, 3).await.unwrap().next, 7);
}

#[tokio::test]
async fn the_watch_wakes_and_the_record_is_there() {
    let place = Place::new();
    let journal = place.open("a").await;
    let mut newest = journal.watch();
    let reader = tokio::spawn({
        let journal = journal.clone();
        async move {
            newest.wait_for(|seq| *seq >= 2).await.unwrap();
            texts(&read_all(&journal).await)
        }
    });
    journal.append(records("x", 1)).await.unwrap();
    journal.append(records("y", 1)).await.unwrap();
    assert_eq!(reader.await.unwrap(), ["x1", "y1"]);
}

#[tokio::test]
async fn cursors_only_go_forward_never_ahead_and_survive() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("x", 10)).await.unwrap();
    assert_eq!((journal.cursor("drain").await.unwrap(), journal.pending("drain")), (0, 10));
    journal.advance("drain", 6).await.unwrap();
    journal.advance("drain", 4).await.unwrap();
    journal.advance("relay", 10).await.unwrap();
    assert_eq!((journal.cursor("drain").await.unwrap(), journal.pending("drain")), (6, 4));
    assert_eq!(
        journal.advance("drain", 11).await,
        Err(CursorError::Ahead { name: "drain".into(), to: 11, last: 10 })
    );
    journal.close().await;
    journal.close().await;
    assert_eq!(journal.advance("drain", 7).await, Err(CursorError::Closed));
    assert!(matches!(journal.append(records("y", 1)).await, Err(AppendError::Closed)));
    assert!(matches!(journal.read(0, 1).await, Err(journal::ReadError::Closed)));
    assert!(matches!(journal.prune(&[], 0).await, Err(journal::PruneError::Closed)));

    let journal = place.open("a").await;
    assert_eq!((journal.cursor("drain").await.unwrap(), journal.cursor("relay").await.unwrap()), (6, 10));
}

#[tokio::test]
async fn a_moved_cursor_reaches_the_disk_without_any_append() {
    let place = Place::new();
    let journal = place.open("a").await;
    journal.append(records("x", 3)).await.unwrap();
    journal.advance("drain", 3).await.unwrap();
    let mut sql = place.sql("a").await;
    let kept = async {
        let query = "SELECT seq FROM cursor WHERE name = 'drain'";
        while sqlx::query_scalar::<_, i64>(query).fetch_optional(&mut sql).await.unwrap() != Some(3) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), kept).await.unwrap();
}

#[tokio::test]
async fn too_many_waiting_appends_are_refused() {
    let place = Place::new();
    let journal = Journal::open(Options { queue: 2, ..place.options("a") }).await.unwrap();
    // One thread: the writer gets no turn while these are polled for the first time.
    let appends = (0..5).map(|n| journal.append(vec![record(format!("{n}"))]));
    let answers = futures_util::future::join_all(appends).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    assert!(matches!(answers[4], Err(AppendError::Overloaded { waiting: 2 })), "{answers:?}");
}
