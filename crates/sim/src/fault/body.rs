//! Bodies that misbehave.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

const TICK: Duration = Duration::from_millis(100);

/// Sends its bytes a few at a time, with the right `Content-Length`.
pub(crate) struct Trickle {
    rest: Bytes,
    per_tick: usize,
    pause: Pin<Box<Sleep>>,
}

impl Trickle {
    pub(crate) fn new(bytes: Bytes, bytes_per_second: u64) -> Self {
        let per_tick = usize::try_from(bytes_per_second.div_ceil(10)).unwrap_or(usize::MAX);
        Self { rest: bytes, per_tick, pause: Box::pin(tokio::time::sleep(TICK)) }
    }
}

impl Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.per_tick == 0 {
            return Poll::Pending; // for ever; the caller has to give up
        }
        ready!(self.pause.as_mut().poll(cx));
        self.pause = Box::pin(tokio::time::sleep(TICK));
        let n = self.per_tick.min(self.rest.len());
        let piece = self.rest.split_to(n);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Sends much white space and then its bytes, without `Content-Length`.
pub(crate) struct Padded {
    padding: u64,
    rest: Bytes,
}

impl Padded {
    pub(crate) fn new(padding: u64, bytes: Bytes) -> Self {
        Self { padding, rest: bytes }
    }
}

impl Body for Padded {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static BLANKS: [u8; 16 * 1024] = [b' '; 16 * 1024];
        let piece = if self.padding > 0 {
            let n = self.padding.min(BLANKS.len() as u64);
            self.padding -= n;
            Bytes::from_static(&BLANKS).slice(..usize::try_from(n).unwrap_or(BLANKS.len()))
        } else {
            std::mem::take(&mut self.rest)
        };
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }
}
