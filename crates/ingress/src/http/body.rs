use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

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

/// Of a body that is too long, so much more is read and thrown away: a client that is still writing would otherwise meet a closed
/// connection instead of its answer.
const LINGER: usize = 8 * 1024 * 1024;

/// Reads at most `limit` bytes within `time`. What the client claims the length to be allocates nothing.
///
/// # Errors
/// [`BodyError`] says which bound was passed.
pub async fn read_body(body: Body, limit: usize, time: Duration) -> Result<Bytes, BodyError> {
    tokio::time::timeout(time, collect(body, limit)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let (mut kept, mut seen) = (BytesMut::new(), 0usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else {
            kept.clear();
            if seen > limit.saturating_add(LINGER) {
                break;
            }
        }
    }
    if seen <= limit { Ok(kept.freeze()) } else { Err(BodyError::TooLong) }
}
