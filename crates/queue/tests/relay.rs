//! The relay between a real journal and the in-process queue.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::{Journal, Options, Record};
use otp::SystemClock;
use queue::{Delivery, MemoryQueue, Message, Queue, Relay, RelayItem};
use tokio_util::sync::CancellationToken;

const WORK: &str = "work";
const DONE: &str = "done";

fn read(record: &Record) -> RelayItem {
    if record.kind != WORK {
        return RelayItem::Pass;
    }
    let key = String::from_utf8(record.payload.clone()).unwrap();
    let message = Message { key, payload: record.payload.clone(), ..Message::default() };
    let node = if record.payload.starts_with(b"adopted") { "another" } else { "node-test" };
    RelayItem::Publish { message, node: node.to_owned() }
}

fn settled(record: &Record) -> Option<String> {
    String::from_utf8(record.payload.clone()).ok()
}

async fn open(dir: &Path) -> Journal {
    Journal::open(Options::new(dir, "node-test", Arc::new(|| 0))).await.unwrap()
}

/// One life of a process: a journal, a queue and a relay between them.
struct Life {
    journal: Journal,
    queue: Arc<dyn Queue>,
    stop: CancellationToken,
    relay: tokio::task::JoinHandle<()>,
}

impl Life {
    async fn begin(dir: &Path, window: usize) -> Self {
        let journal = open(dir).await;
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(100, Arc::new(SystemClock)));
        let stop = CancellationToken::new();
        let relay = Relay::new(journal.clone(), queue.clone(), read, Some((DONE, settled)), window);
        let relay = tokio::spawn(relay.run(stop.clone()));
        Self { journal, queue, stop, relay }
    }

    async fn append(&self, kind: &'static str, key: &str) -> u64 {
        *self.journal.append(vec![Record::new(kind, 1, key)]).await.unwrap().end()
    }

    async fn next(&self) -> Delivery {
        tokio::time::timeout(Duration::from_secs(10), self.queue.next()).await.expect("a delivery").unwrap()
    }

    /// Waits until the cursor stands at `seq`.
    async fn cursor_reaches(&self, seq: u64) {
        tokio::time::timeout(Duration::from_secs(10), async {
            while self.journal.cursor(Relay::CURSOR).await.unwrap() < seq {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the cursor moves on");
    }

    async fn end(self) {
        self.stop.cancel();
        self.relay.await.unwrap();
        self.journal.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_the_cursor_never_passes_what_is_not_settled() {
    let dir = tempfile::tempdir().unwrap();
    let life = Life::begin(dir.path(), 10).await;
    let first = life.append(WORK, "1").await;
    life.append("other", "x").await;
    let last = life.append(WORK, "2").await;
    let (one, two) = (life.next().await, life.next().await);
    assert_eq!((one.message().key.as_str(), two.message().key.as_str()), ("1", "2"));
    two.ack();
    // The later one is done; the earlier one still holds the cursor.
    life.append("other", "y").await;
    assert!(life.journal.cursor(Relay::CURSOR).await.unwrap() < first);
    one.ack();
    life.cursor_reaches(last).await;
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_after_a_restart_what_was_not_settled_comes_again_and_what_was_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let life = Life::begin(dir.path(), 10).await;
    for key in ["1", "2", "3"] {
        life.append(WORK, key).await;
    }
    let (one, two, three) = (life.next().await, life.next().await, life.next().await);
    assert!(!one.message().doubtful);
    // The second is settled on disk, its acknowledgement is lost with the process.
    life.append(DONE, "2").await;
    drop((one, two, three));
    life.end().await;

    let life = Life::begin(dir.path(), 10).await;
    let (one, three) = (life.next().await, life.next().await);
    assert_eq!((one.message().key.as_str(), three.message().key.as_str()), ("1", "3"));
    assert!(one.message().doubtful && three.message().doubtful);
    life.append(WORK, "4").await;
    let four = life.next().await;
    assert!(!four.message().doubtful, "what came in this life was never delivered before");
    let last = life.append(WORK, "adopted").await;
    let adopted = life.next().await;
    assert!(adopted.message().doubtful, "who took it first may have delivered it");
    for delivery in [one, three, four, adopted] {
        delivery.ack();
    }
    life.cursor_reaches(last).await;
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b16_no_more_than_the_window_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let life = Life::begin(dir.path(), 2).await;
    for key in ["1", "2", "3"] {
        life.append(WORK, key).await;
    }
    let (one, _two) = (life.next().await, life.next().await);
    let nothing = tokio::time::timeout(Duration::from_millis(50), life.queue.next()).await;
    assert!(nothing.is_err(), "the window was passed");
    one.ack();
    assert_eq!(life.next().await.message().key, "3");
    life.end().await;
}
