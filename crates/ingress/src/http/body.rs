use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Longer than allowed: 413.
    TooLong,
    /// It did not come in time: 408.
    TooSlow,
    /// The client went away, or its framing is wrong: 400.
    Broken,
}

/// Reads at most `limit` bytes within `time`. What the client claims the length to be allocates nothing.
///
/// # Errors
/// [`BodyError`] says which bound was passed.
pub async fn read_body(body: Body, limit: usize, time: Duration) -> Result<Bytes, BodyError> {
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(err)) if err.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}
