//! One HTTP request, what came of it, and whether it can have had an effect.

mod exchange;
mod latch;

pub(crate) use exchange::{Exchange, Failure, client, exchange};
pub(crate) use latch::Latch;
