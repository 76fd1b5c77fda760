//! Simulated Okta: the Users, Factors and System Log APIs, the telephony inline hook, the event hook, and the users' flows.

mod answer;
mod api;
mod challenge;
mod delivery;
mod directory;
mod event;
mod flow;
mod hook;
mod issuer;
mod jws;
mod limit;
mod log_filter;
mod management;
mod org;
mod request;
mod send_event;
mod settings;
mod system_log;
mod token;
mod user;
mod verdict;

pub use api::{ApiRequest, OktaOp};
pub use challenge::{Challenge, CodeCheck};
pub use delivery::DeliveryResult;
pub use event::Outcome;
pub use flow::{FlowError, LoginOutcome};
pub use hook::HookResult;
pub use issuer::HookOauth;
pub use org::Okta;
pub use request::HookRequest;
pub use settings::{ApiAccess, Engine, OktaSettings};
pub use token::ServiceApp;
pub use user::{Channel, Factor, Purpose, User};
pub use verdict::OktaSays;
