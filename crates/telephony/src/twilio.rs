//! Twilio: one client for all its products, and its error codes; on top of them [`verify`].

mod classify;
mod client;
mod error;
mod locale;
mod options;
mod sid;
pub mod verify;

pub use client::Auth;
pub use options::{OptionError, SetupError};
