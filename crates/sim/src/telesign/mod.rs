//! Simulated Telesign: `/v1/…`.

mod aim;
mod answer;
mod auth;
mod callback;
mod error;
mod form;
mod journal;
mod numbers;
mod omnichannel;
mod perform;
mod record;
mod settings;
mod status;
mod trade;

pub use aim::TelesignOp;
pub use journal::{TelesignProduct, TelesignReport, TelesignSend};
pub use settings::TelesignSettings;
pub use trade::{Telesign, TelesignMessaging};
