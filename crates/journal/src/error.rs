//! What can go wrong, by what the caller can do about it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::Seq;

/// Why the database refused: a word to decide by, and the reason.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Fault {
    /// What sort of trouble it is.
    pub kind: FaultKind,
    /// What SQLite said.
    #[source]
    pub source: Arc<sqlx::Error>,
}

/// The sorts of trouble a disk can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// No room left on the device.
    #[error("the disk is full")]
    DiskFull,
    /// Another program holds the database.
    #[error("another program holds the database")]
    Busy,
    /// The file may not be written or opened.
    #[error("the file cannot be opened for writing")]
    Unwritable,
    /// The file is damaged, or is no journal.
    #[error("the file is damaged")]
    Corrupt,
    /// A read, write or sync failed.
    #[error("the disk failed")]
    Io,
}

impl From<sqlx::Error> for Fault {
    fn from(source: sqlx::Error) -> Self {
        Self { kind: FaultKind::of(&source), source: Arc::new(source) }
    }
}

impl FaultKind {
    /// SQLite's primary result code decides (`SQLITE_BUSY` and so on).
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        if let sqlx::Error::Io(error) = error {
            return match error.kind() {
                io::ErrorKind::ResourceBusy => Self::Busy,
                _ => Self::Io,
            };
        }
        let code = error.as_database_error().and_then(|error| error.code());
        match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy,
            Some(3 | 8 | 14) => Self::Unwritable,
            // 18, "too big": a length that was damaged. Nothing as long was ever written.
            Some(11 | 18 | 26) => Self::Corrupt,
            Some(13) => Self::DiskFull,
            _ => Self::Io,
        }
    }
}

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process lives in this directory.
    #[error("another process uses the journal in {}; give every process a directory of its own", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory or a file in it cannot be made, read or written.
    #[error("the journal directory {} cannot be used; it must exist or be creatable, and be writable", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database refused.
    #[error("the journal in {} cannot be opened", dir.display())]
    Database {
        /// The directory.
        dir: PathBuf,
        /// What the database said.
        source: Fault,
    },
    /// The database is damaged beyond reading.
    #[error("the journal in {} is damaged; set it aside and start with an empty one", dir.display())]
    Corrupt {
        /// The directory.
        dir: PathBuf,
        /// What the database said.
        source: Fault,
    },
    /// A newer version of this software wrote it.
    #[error("the journal in {} has format {found}, this version knows formats up to {supported}: upgrade", dir.display())]
    NewerFormat {
        /// The directory.
        dir: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that this version knows.
        supported: i64,
    },
}

/// Why records were not taken. None of them was kept, except that after [`AppendError::Io`] and a broken disk it may
/// turn out later that they were: append again, and let the reader bear a repetition.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The limit is reached.
    #[error("the journal is full: {size} of {max} bytes are in use")]
    Full {
        /// Bytes in use.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// Too many appends are waiting for the disk.
    #[error("{waiting} appends are waiting for the disk already")]
    Overloaded {
        /// How many may wait.
        waiting: usize,
    },
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
    /// The disk refused.
    #[error("the journal cannot be written: {0}")]
    Io(#[source] Fault),
}

/// Why nothing could be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
    /// The disk refused.
    #[error("the journal cannot be read: {0}")]
    Io(#[source] Fault),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            error => Self::Io(error.into()),
        }
    }
}

/// Why a cursor was not moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// There is no such entry yet.
    #[error("cursor {name} cannot go to {to}: the newest entry is {last}")]
    Ahead {
        /// The cursor.
        name: String,
        /// Where it should have gone.
        to: Seq,
        /// The newest entry.
        last: Seq,
    },
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why old entries were not deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PruneError {
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
    /// The disk refused.
    #[error("the journal cannot be pruned: {0}")]
    Io(#[source] Fault),
}

/// Why a left-behind journal was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It cannot be opened: in use, damaged, newer than this software.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error("the left-behind journal cannot be read")]
    Read(#[from] ReadError),
    /// The own journal did not take its records.
    #[error("the left-behind journal was not copied whole")]
    Append(#[from] AppendError),
    /// It was copied, but cannot be marked as such: the next adoption repeats it.
    #[error("the left-behind journal was copied but not renamed")]
    Rename(#[source] io::Error),
}
