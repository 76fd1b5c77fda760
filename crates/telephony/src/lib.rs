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
mod breaker;
mod check;
mod decision;
mod dispatcher;
mod find;
mod observe;
mod options;
mod outgoing;
mod plan;
mod policy;
mod provider;
mod receipt;
mod report;
mod resend;
mod route;
pub mod telesign;
mod turns;
pub mod twilio;
pub mod webhook;
mod wire;
mod wording;

pub use attempt::{AttemptReport, Remedy, Scope};
pub use attempt_log::{AttemptLog, LogError};
pub use breaker::{Breaker, BreakerState, BreakerStatus, Breakers, Override};
pub use check::{Finding, Level};
pub use decision::{Next, Pause, Situation, next, overall};
pub use dispatcher::{Dispatcher, RoutingError};
pub use find::{Found, Sought};
pub use options::{OptionError, SetupError};
pub use outgoing::Outgoing;
pub use plan::{Canceled, Dispatched, Plan};
pub use policy::{Budget, Policy};
pub use provider::{BoxFuture, Full, Hints, Provider};
pub use receipt::{Callback, CallbackError, Receipt};
pub use report::{ReportError, Reported, Subject};
pub use route::{Choice, Destination, Explanation, Mismatch, Route};
pub use wording::{SmsEncoding, SmsLength, Speech, Wording, WordingOptions, WordingProblem};
