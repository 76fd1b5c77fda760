//! One HTTP request, what came of it, and whether it can have had an effect.

mod exchange;
mod latch;
mod meaning;
mod names;

pub(crate) use exchange::{Exchange, Failure, client, empty_length, exchange};
pub(crate) use latch::Latch;
pub(crate) use meaning::form;
