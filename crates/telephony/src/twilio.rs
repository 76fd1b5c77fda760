//! Twilio: one client for all its products, and its error codes; on top of them [`verify`].

mod callback;
mod classify;
mod client;
mod error;
mod locale;
pub mod lookup;
pub mod messaging;
mod options;
mod refusal;
mod sid;
mod signature;
pub mod verify;

pub use client::Auth;
