//! From Okta's event to the provider's approval: match, look up, report, settle.
//!
//! A message is acknowledged only when what was done about it is on disk. Everything is bounded by the life of the verification: a
//! report that comes later than that has no effect, so it is not tried.

mod approval;
mod books;
mod claim;
mod inbox;
mod lookup;
mod org;
mod settings;
mod stragglers;
mod subject;
mod wire;
mod worker;

pub use org::OrgAccess;
pub use settings::Settings;
pub use stragglers::Stragglers;
pub use wire::{read_event, read_settled};
pub use worker::{Parts, Worker};
