//! Simulated Okta, telephony vendors and a handset, on one listener.
//!
//! Written from the published contracts of the vendors and sharing no type with the product, so that
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
//! Twilio Verify and Lookup answer under `/v2/…`, Twilio Messaging and Voice under `/2010-04-01/…`, Telesign under
//! `/v1/…`, a vendor without an API of its own under `/webhook/…`, Okta under `/api/v1/…`; `/_sim/…` looks inside
//! and gives orders.

mod clock;
mod code;
mod control;
mod country;
mod courier;
mod entropy;
mod fault;
mod handset;
mod lookup;
mod messaging;
mod okta;
mod options;
mod server;
mod sign;
mod simulator;
mod surroundings;
mod sync;
mod telesign;
mod truth;
mod twilio;
mod vendor;
mod webhook;

pub use clock::SimClock;
pub use courier::CallbackError;
pub use fault::Fault;
pub use handset::{Handset, Message, Sender};
pub use lookup::{KnownNumber, LookedUp, Lookup, LookupOp, LookupSettings, NoReport, TwilioLookup};
pub use messaging::{
    Messaging, MessagingChannel, MessagingOp, MessagingReport, MessagingSend, MessagingSettings,
    TwilioMessaging,
};
pub use okta::{
    ApiAccess, ApiRequest, Challenge, Channel, CodeCheck, DeliveryResult, Engine, Factor, FlowError,
    HookOauth, HookRequest, HookResult, LoginOutcome, Okta, OktaOp, OktaSays, OktaSettings, Outcome, Purpose,
    ServiceApp, User,
};
pub use options::{OktaOrg, Options, TelesignAccount, TwilioAccount};
pub use simulator::Sim;
pub use telesign::{
    Telesign, TelesignMessaging, TelesignOp, TelesignProduct, TelesignReport, TelesignSend, TelesignSettings,
};
pub use twilio::{
    Attempt, Report, Request, ResendDelivers, Send, TwilioSettings, TwilioVerify, Verification,
    VerificationStatus, VerifyChannel, VerifyOp,
};
pub use vendor::{Trade, Vendor, VendorRequest};
pub use webhook::{
    GenericWebhook, Webhook, WebhookAnswer, WebhookOp, WebhookReport, WebhookSend, WebhookSettings,
};
