//! From Okta's event to the provider's approval: match, look up, report, settle.
//!
//! A message is acknowledged only when what was done about it is on disk. Everything is bounded by the life of the verification: a
//! report that comes later than that has no effect, so it is not tried.

mod aftercare;
mod approval;
mod attribution;
mod books;
mod claim;
mod inbox;
mod log_reader;
mod lookup;
mod org;
mod reconciler;
mod replay;
mod report;
mod report_health;
mod settings;
mod settlement;
mod stragglers;
mod subject;
mod wire;
mod worker;

pub use log_reader::{LogParts, LogReader};
pub use org::OrgAccess;
pub use reconciler::Reconciler;
pub use report_health::{ReportHealth, ReportTrouble};
pub use settings::Settings;
pub use stragglers::Stragglers;
pub use wire::{event_of, message_again, read_event, read_settled};
pub use worker::{Parts, Worker};
