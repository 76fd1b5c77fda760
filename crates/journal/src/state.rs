//! What all handles of a journal and its writer share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::cursor::Cursors;
use crate::tail::Tail;
use crate::{Fault, Seq};

/// How the journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The last write reached the disk.
    pub writable: bool,
    /// The last append was refused for want of room.
    pub full: bool,
    /// A tenth or less of the room is left: time to stop beginning things, so that those under way can be written.
    pub nearly_full: bool,
    /// Bytes in use.
    pub size_bytes: u64,
    /// The limit.
    pub max_bytes: u64,
    /// What the disk said last when it refused, also if it is well again.
    pub last_error: Option<String>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) node: String,
    pub(crate) max_bytes: u64,
    pub(crate) last: watch::Sender<Seq>,
    pub(crate) cursors: Cursors,
    pub(crate) tail: Tail,
    size: AtomicU64,
    broken: AtomicBool,
    full: AtomicBool,
    last_error: Mutex<Option<String>>,
}

impl State {
    pub(crate) fn new(node: String, max_bytes: u64, last: Seq, size: u64, cursors: Cursors) -> Self {
        Self {
            node,
            max_bytes,
            last: watch::Sender::new(last),
            cursors,
            tail: Tail::default(),
            size: AtomicU64::new(size),
            broken: AtomicBool::new(false),
            full: AtomicBool::new(false),
            last_error: Mutex::new(None),
        }
    }

    pub(crate) fn last(&self) -> Seq {
        *self.last.borrow()
    }

    /// Room for the ends of what has begun: a sixteenth of all.
    pub(crate) fn kept_back(&self) -> u64 {
        self.max_bytes / 16
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Relaxed)
    }

    pub(crate) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Relaxed);
    }

    pub(crate) fn set_full(&self, full: bool) {
        if self.full.swap(full, Ordering::Relaxed) != full {
            match full {
                true => tracing::error!(size = self.size(), max = self.max_bytes, "the journal is full"),
                false => tracing::info!(size = self.size(), "the journal has room again"),
            }
        }
    }

    pub(crate) fn refused(&self, fault: &Fault) {
        let text = format!("{fault}: {}", fault.source);
        if !self.broken.swap(true, Ordering::Relaxed) {
            tracing::error!(error = text, "the journal could not be written");
        }
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    pub(crate) fn wrote(&self) {
        if self.broken.load(Ordering::Relaxed) {
            self.broken.store(false, Ordering::Relaxed);
            tracing::info!("the journal can be written again");
        }
    }

    pub(crate) fn health(&self) -> Health {
        let size = self.size();
        Health {
            writable: !self.broken.load(Ordering::Relaxed),
            full: self.full.load(Ordering::Relaxed),
            nearly_full: size >= self.max_bytes - self.max_bytes / 10,
            size_bytes: size,
            max_bytes: self.max_bytes,
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
