//! Simulated Twilio Verify v2.

mod answer;
mod attempts;
mod auth;
mod call;
mod channel;
mod error;
mod flight;
mod journal;
mod numbers;
mod perform;
mod settings;
mod start;
mod store;
mod stream;
mod verification;
mod verify;

pub use call::VerifyOp;
pub use channel::VerifyChannel;
pub use journal::{Report, Request, Send};
pub use settings::{ResendDelivers, TwilioSettings};
pub use verification::{Attempt, Verification, VerificationStatus};
pub use verify::TwilioVerify;

pub(crate) use auth::authorized;
pub(crate) use call::Call;
pub(crate) use error::TwilioError;
pub(crate) use flight::Flights;
pub(crate) use numbers::{Numbers, Range, SANDBOX};
pub(crate) use start::is_e164;
pub(crate) use verify::dressed;
