//! The books in SQL.
//!
//! [`Ledger::apply`] takes facts as they come out of journals: twice, late, from several nodes, in any order and in batches of
//! any cut. Whatever the way, the rows end the same. Three rules make it so:
//!
//! 1. **A row may begin with any of its facts.** What another fact brings stays empty until that fact comes.
//! 2. **A fact owns its columns,** and where two facts of one kind disagree, a comparison of what they say decides, never which
//!    came first: the dispatcher outranks crash recovery and who asked the provider afterwards outranks both, a known outcome outranks an
//!    unknown one, an effect outranks a failure, and after that the moments decide.
//! 3. **A fact the database refuses for its content is put aside** and reported by its position; the others are applied.
//!
//! Reads for matching may be given a budget of their own ([`Ledger::within`]). Listings are for people and serialise; a phone
//! number is in none of them. [`Ledger::purge`] forgets numbers first and rows later.
//!
//! The database is chosen by the URL's scheme. SQL is written per database, the meaning is fixed by one conformance suite. Postgres'
//! statements are checked by the compiler against `.sqlx`, which `ops/check-sql` compares with the migrations; SQLite's are checked by
//! the suite alone, because the checker knows one database per crate.

mod drain;
mod erasure;
mod error;
mod ledger;
mod options;
mod poison;
mod postgres;
mod rows;
mod sqlite;
mod text;
mod together;

pub use drain::{Drain, DrainError};
pub use error::{ApplyError, Cause, MigrateError, OpenError, ReadError};
pub use ledger::Ledger;
pub use options::Options;
pub use rows::{
    Activity, ActivityQuery, Applied, AttemptRow, Attention, CallTimes, ClaimEnd, DeadLetterFilter,
    DeadLetterRow, EarlierHook, Erased, EventDetail, EventFilter, EventMatch, EventQuery, EventRow,
    Examination, FeedbackRow, Health, Migrated, Overview, Percentiles, Person, Pile, Purged, QuarantinedBody,
    ReceiptRow, RecentCalls, Remark, ReportClaim, Retention, SendQuery, SendRecord, StoredAnswer, Tally,
    Timings, TransactionDetail, TransactionFilter, TransactionRow, Unattributed, UnattributedQuery,
    UnresolvedQuery, UnresolvedSend, UntoldQuery, UntoldSend,
};
pub use together::{Together, Unanswered};
