//! The node's durable log.
//!
//! A process appends opaque records and goes on when they are on disk; others read them in order, each behind
//! a cursor of its own. The journal knows nothing about what a record means.
//!
//! What it promises:
//!
//! - **Acknowledged is durable.** [`Journal::append`] returns after the records were committed and synced. One
//!   append is all or nothing, and so is everything that waited beside it: whatever waits is committed together
//!   (group commit).
//! - **In order, without gaps in time.** Sequence numbers only grow, across restarts, pruning and crashes, and a
//!   record can be read no earlier than it is durable.
//! - **A failed write never counts.** When the disk refuses, the connection is thrown away, the write-ahead log is
//!   moved into a fresh one, and only then the records are written once more or refused with a reason.
//! - **Damage is passed by, not died on.** Every record carries a CRC32C; what fails it is skipped, counted and
//!   logged, and the reader goes on behind it.
//! - **One process per directory**, held by a lock; a directory that its process left behind can be taken over
//!   with [`adopt`].
//! - **Bounded.** Bytes, waiting appends and retention have limits, and each limit answers with an error of its own.
//!
//! A cursor is the one thing that may be older after a crash than it was before (by a quarter of a second):
//! whoever reads behind one must bear to see a record twice.
//!
//! A directory holds `lock`, `node` (who wrote this) and `journal.db` (SQLite in WAL mode, `synchronous=FULL`).

mod adopt;
mod cursor;
mod database;
mod error;
mod files;
mod format;
mod journal;
mod lock;
mod node;
mod options;
mod reader;
mod record;
mod state;
mod statements;
mod store;
mod tail;
mod writer;

pub use adopt::{Adopted, adopt, adoptable, remove_adopted, set_aside};
pub use error::{AdoptError, AppendError, CursorError, Fault, FaultKind, OpenError, PruneError, ReadError};
pub use journal::Journal;
pub use options::{NowMs, Options};
pub use record::{Batch, Entry, Record, Seq};
pub use state::Health;
