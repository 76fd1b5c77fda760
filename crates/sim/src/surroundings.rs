//! What every simulated vendor shares with the others.

use crate::clock::SimClock;
use crate::courier::Courier;
use crate::handset::Handset;
use crate::truth::Truth;

/// The world around a vendor.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// `http://host:port`
    pub(crate) base: String,
    pub(crate) clock: SimClock,
    pub(crate) handset: Handset,
    pub(crate) truth: Truth,
    pub(crate) courier: Courier,
}
