//! Simulated Okta: the Users and Factors API, the telephony inline hook, the event hook, and the users' flows.

mod answer;
mod api;
mod challenge;
mod delivery;
mod directory;
mod event;
mod flow;
mod hook;
mod limit;
mod org;
mod request;
mod settings;
mod user;
mod verdict;

pub use api::{ApiRequest, OktaOp};
pub use challenge::{Challenge, CodeCheck};
pub use delivery::DeliveryResult;
pub use event::Outcome;
pub use flow::{FlowError, LoginOutcome};
pub use hook::HookResult;
pub use org::Okta;
pub use request::HookRequest;
pub use settings::{Engine, OktaSettings};
pub use user::{Channel, Factor, Purpose, User};
pub use verdict::OktaSays;
