//! The listener: an accept loop with a bound on everything a client can hold on to.

mod activity;
mod body;
mod server;

pub use activity::Arrival;
pub use body::{BodyError, read_body};
pub(crate) use server::unavailable;
pub use server::{Limits, Server};
