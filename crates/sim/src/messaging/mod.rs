//! Simulated Twilio Programmable Messaging and Voice: `/2010-04-01/Accounts/…`.

mod aim;
mod answer;
mod call;
mod callback;
mod form;
mod journal;
mod list;
mod message;
mod numbers;
mod perform;
mod record;
mod segments;
mod settings;
mod trade;
mod twiml;

pub use aim::MessagingOp;
pub use journal::{MessagingChannel, MessagingReport, MessagingSend};
pub use settings::MessagingSettings;
pub use trade::{Messaging, TwilioMessaging};
