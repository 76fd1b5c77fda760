//! Simulated Okta, Twilio Verify and a handset, on one listener.
//!
//! Written from the published contracts of both vendors and sharing no type with the product, so that
//! the product and its simulators cannot be wrong in the same way. `ringback sim`, `ringback demo` and
//! the black-box tests all run on it.
//!
//! ```no_run
//! # async fn demo() -> std::io::Result<()> {
//! use sim::{Channel, Fault, Options, Sim, User, VerifyOp};
//!
//! let sim = Sim::start(Options::default()).await?;
//! sim.okta().point_at("http://127.0.0.1:8080/okta/main/telephony", "http://127.0.0.1:8080/okta/main/events");
//! sim.okta().add_user(User::new("00uana", "ana@example.com").phone("+12025550101"));
//! sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(20429));
//!
//! let login = sim.okta().login("ana@example.com", Channel::Sms).await;
//! let code = sim.handset().latest_code("+12025550101");
//! # let _ = (login, code);
//! sim.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Twilio answers under `/v2/…`, Okta under `/api/v1/…`; `/_sim/…` looks inside and gives orders.

mod clock;
mod control;
mod entropy;
mod fault;
mod handset;
mod okta;
mod options;
mod server;
mod simulator;
mod sync;
mod truth;
mod twilio;

pub use clock::SimClock;
pub use fault::Fault;
pub use handset::{Handset, Message, Sender};
pub use okta::{
    ApiRequest, Challenge, Channel, CodeCheck, DeliveryResult, Engine, Factor, FlowError, HookRequest,
    HookResult, LoginOutcome, Okta, OktaOp, OktaSays, OktaSettings, Outcome, Purpose, User,
};
pub use options::{OktaOrg, Options, TwilioAccount};
pub use simulator::Sim;
pub use twilio::{
    Attempt, Report, Request, ResendDelivers, Send, TwilioSettings, TwilioVerify, Verification,
    VerificationStatus, VerifyChannel, VerifyOp,
};
