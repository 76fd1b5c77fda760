use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

const WAITING: u8 = 0;
const WRITING: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Tells whether a request can have reached the other side: hyper asks for its body when the connection stands and before it writes
/// anything. A timer that wants to give the request up competes for the same cell, so exactly one of them wins.
#[derive(Clone, Default)]
pub(crate) struct Latch(Arc<AtomicU8>);

impl Latch {
    /// The body to send; its bytes are wiped when it is gone. An empty one is never asked for, so such a request always counts as
    /// not written: nothing but reading is done without a body.
    pub(crate) fn body(&self, bytes: zeroize::Zeroizing<Vec<u8>>) -> reqwest::Body {
        let bytes = (!bytes.is_empty()).then(|| Bytes::from_owner(bytes));
        reqwest::Body::wrap(LatchBody { latch: self.clone(), bytes })
    }

    /// Gives the request up. True if nothing of it was written, and then nothing will be.
    pub(crate) fn give_up(&self) -> bool {
        self.take(GIVEN_UP)
    }

    fn take(&self, wanted: u8) -> bool {
        match self.0.compare_exchange(WAITING, wanted, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(was) => was == wanted,
        }
    }
}

struct LatchBody {
    latch: Latch,
    bytes: Option<Bytes>,
}

/// The request was given up before its body was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the request was given up")]
struct GivenUp;

impl Body for LatchBody {
    type Data = Bytes;
    type Error = GivenUp;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        if !self.latch.take(WRITING) {
            return Poll::Ready(Some(Err(GivenUp)));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
