//! What goes in and comes out, whichever the database.

mod activity;
mod answer;
mod applied;
mod attempt;
mod claim;
mod dead_letter;
mod erasure;
mod event;
mod examination;
mod feedback;
mod health;
mod overview;
mod receipt;
mod retention;
mod send;
mod transaction;
mod unattributed;
mod unresolved;
mod untold;

pub use activity::{
    Activity, ActivityQuery, Attention, CallTimes, Percentiles, Pile, RecentCalls, Tally, Timings,
};
pub use answer::{EarlierHook, StoredAnswer};
pub use applied::{Applied, Migrated};
pub use attempt::AttemptRow;
pub(crate) use claim::CLAIM_MEMORY;
pub use claim::{ClaimEnd, ReportClaim};
pub use dead_letter::{DeadLetterFilter, DeadLetterRow};
pub use erasure::{Erased, Person, QuarantinedBody};
pub use event::{EventDetail, EventFilter, EventRow};
pub use examination::{Examination, Remark};
pub use feedback::FeedbackRow;
pub(crate) use feedback::standing;
pub use health::Health;
pub use overview::Overview;
pub use receipt::ReceiptRow;
pub(crate) use receipt::receipt_id;
pub(crate) use retention::QUARANTINE;
pub use retention::{Purged, Retention};
pub use send::{EventMatch, EventQuery, SendQuery, SendRecord};
pub use transaction::{TransactionDetail, TransactionFilter, TransactionRow};
pub use unattributed::{Unattributed, UnattributedQuery};
pub use unresolved::{UnresolvedQuery, UnresolvedSend};
pub use untold::{UntoldQuery, UntoldSend};

/// What the books note of an event that is queued again.
pub(crate) const REPLAYED: &str = "replayed";

/// The most rows one listing gives.
pub(crate) const MOST_ROWS: u32 = 1_000;
