//! What the simulated vendors besides Okta and Verify have in common.

mod arrival;
mod attend;
mod desk;

pub use arrival::VendorRequest;
pub use desk::{Trade, Vendor};

pub(crate) use arrival::Arrival;
pub(crate) use attend::Aimed;
