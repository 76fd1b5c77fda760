//! Simulated Twilio Lookup: `/v2/PhoneNumbers/…`.

mod answer;
mod journal;
mod known;
mod number;
mod numbers;
mod perform;
mod trade;

pub use journal::{LookedUp, NoReport};
pub use known::{KnownNumber, LookupSettings};
pub use trade::{Lookup, LookupOp, TwilioLookup};
