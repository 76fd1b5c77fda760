//! Sending a code in time through a provider, and reporting the outcome.
//!
//! A [`Provider`] makes one call and says how it ended: an [`AttemptReport`], whose outcome carries the decision. The [`Dispatcher`]
//! plans a message, and its [`Plan`] makes the calls inside one deadline, serialised per number, with every further call on disk
//! before it is made ([`AttemptLog`]). What follows an attempt is the pure function [`next`]; how long one may take is
//! [`Policy::budget`].
//!
//! Nothing here knows who asked for the code or where the books are kept. A new kind of provider is a module beside [`twilio`]; the
//! rules above it do not change.

mod attempt;
mod attempt_log;
mod check;
mod decision;
mod dispatcher;
mod observe;
mod outgoing;
mod plan;
mod policy;
mod provider;
mod report;
mod turns;
pub mod twilio;
mod wire;

pub use attempt::{AttemptReport, Remedy};
pub use attempt_log::{AttemptLog, LogError};
pub use check::{Finding, Level};
pub use decision::{Next, Pause, Situation, next, overall};
pub use dispatcher::{Dispatcher, TwoOfOneName};
pub use outgoing::Outgoing;
pub use plan::{Dispatched, Plan};
pub use policy::{Budget, Policy};
pub use provider::{BoxFuture, Hints, Provider};
pub use report::{ReportError, Reported, Subject};
