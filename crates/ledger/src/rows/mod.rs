//! What goes in and comes out, whichever the database.

mod answer;
mod applied;
mod attempt;
mod claim;
mod dead_letter;
mod event;
mod feedback;
mod health;
mod overview;
mod retention;
mod send;
mod transaction;

pub use answer::{EarlierHook, StoredAnswer};
pub use applied::{Applied, Migrated};
pub use attempt::AttemptRow;
pub(crate) use claim::CLAIM_MEMORY;
pub use claim::{ClaimEnd, ReportClaim};
pub use dead_letter::{DeadLetterFilter, DeadLetterRow};
pub use event::{EventDetail, EventFilter, EventRow};
pub use feedback::FeedbackRow;
pub(crate) use feedback::standing;
pub use health::Health;
pub use overview::Overview;
pub(crate) use retention::QUARANTINE;
pub use retention::{Purged, Retention};
pub use send::{EventMatch, EventQuery, SendQuery, SendRecord};
pub use transaction::{TransactionDetail, TransactionFilter, TransactionRow};

/// The most rows one listing gives.
pub(crate) const MOST_ROWS: u32 = 1_000;
