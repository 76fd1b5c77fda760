//! The truth ledger: what really happened, one JSON line per fact.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::SimClock;
use crate::sync::locked;

/// Appends facts to a file, or forgets them when there is none.
#[derive(Clone)]
pub(crate) struct Truth {
    clock: SimClock,
    file: Option<Arc<Mutex<File>>>,
    failures: Arc<AtomicU64>,
}

#[derive(Serialize)]
struct Line<'a, T> {
    at: Timestamp,
    fact: &'a str,
    #[serde(flatten)]
    content: &'a T,
}

impl Truth {
    pub(crate) fn open(path: Option<&Path>, clock: SimClock) -> io::Result<Self> {
        let file = match path {
            Some(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
            None => None,
        };
        Ok(Self { clock, file: file.map(|file| Arc::new(Mutex::new(file))), failures: Arc::default() })
    }

    /// Writes one fact. A failure must not change what the simulators answer: it is counted.
    pub(crate) fn record<T: Serialize>(&self, fact: &str, content: &T) {
        let Some(file) = &self.file else { return };
        let line = Line { at: self.clock.now(), fact, content };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            // One write per line, so that lines of several processes on one file do not mix.
            locked(file).write_all(&line)
        });
        if written.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}
