use otp::{AttemptEnded, AttemptStarted};

use crate::BoxFuture;

/// Where attempts are written before anything depends on them.
///
/// The caller of a [`Plan`](crate::Plan) writes two of the records itself, each with another one in a single durable write: the start
/// of the first attempt (together with the hook) and the end of the last (together with the answer). What lies between comes here.
pub trait AttemptLog: Send + Sync {
    /// Makes durable, in one write, that an attempt ended and that the next one starts. The next call is made only after `Ok`.
    /// It is given up when there is no time left for that call, and may come through all the same.
    fn next_attempt(
        &self,
        ended: AttemptEnded,
        started: AttemptStarted,
    ) -> BoxFuture<'_, Result<(), LogError>>;
}

/// The log did not take a record, so the call it announces is not made.
#[derive(Debug, thiserror::Error)]
#[error("the attempt could not be logged")]
pub struct LogError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl LogError {
    /// Wraps what the log said.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
