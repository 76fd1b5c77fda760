//! A journal in a temporary directory, under a clock that the test sets.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use journal::{Entry, Journal, Options, Record, Seq};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

pub struct Place {
    pub volume: TempDir,
    pub clock: Arc<AtomicI64>,
}

impl Place {
    pub fn new() -> Self {
        Self { volume: tempfile::tempdir().unwrap(), clock: Arc::new(AtomicI64::new(1_000)) }
    }

    pub fn dir(&self, name: &str) -> PathBuf {
        self.volume.path().join(name)
    }

    pub fn options(&self, name: &str) -> Options {
        let clock = Arc::clone(&self.clock);
        Options::new(self.dir(name), format!("node-{name}"), Arc::new(move || clock.load(Ordering::Relaxed)))
    }

    pub async fn open(&self, name: &str) -> Journal {
        Journal::open(self.options(name)).await.unwrap()
    }

    /// A connection to the file itself, past the journal.
    pub async fn sql(&self, name: &str) -> SqliteConnection {
        let path = self.dir(name).join("journal.db");
        SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
    }
}

pub fn record(text: impl Into<String>) -> Record {
    Record::new("fact", 1, text.into().into_bytes())
}

pub fn records(prefix: &str, count: usize) -> Vec<Record> {
    (1..=count).map(|n| record(format!("{prefix}{n}"))).collect()
}

/// Everything, in small steps.
pub async fn read_all(journal: &Journal) -> Vec<Entry> {
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let batch = journal.read(after, 7).await.unwrap();
        if batch.next == after {
            return all;
        }
        after = batch.next;
        all.extend(batch.entries);
    }
}

pub fn texts(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| String::from_utf8(entry.record.payload.clone()).unwrap()).collect()
}

pub fn seqs(entries: &[Entry]) -> Vec<Seq> {
    entries.iter().map(|entry| entry.seq).collect()
}

/// Runs on a runtime that is then torn down with everything on it, as a crash would.
pub fn until_crash<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work)
}

pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
