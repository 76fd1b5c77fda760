//! What a connection is doing, seen from its socket. hyper's own header time-out also ends connections that rest between two
//! requests, and starts with the first byte, so it never ends a silent one: headers, silence, rest and a client that does not read
//! its answer are watched here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use otp::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Limits;

/// When a request began; every request carries one.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// When its first byte came.
    pub first_byte: Instant,
}

/// Nothing is under way.
const RESTING: u8 = 0;
/// A request's header is coming in.
const HEADER: u8 = 1;
/// A request was handed over and has no answer yet.
const REQUEST: u8 = 2;

/// Shared between a connection's socket, its requests and its watchdog. Times are microseconds since `base`.
pub(super) struct Activity {
    clock: Arc<dyn Clock>,
    base: Instant,
    /// The first byte of the request under way, or the end of the last one.
    since: AtomicU64,
    /// [`RESTING`], [`HEADER`] or [`REQUEST`].
    phase: AtomicU8,
    /// At least one byte came.
    spoke: AtomicBool,
    /// When the peer stopped taking our bytes; 0 while it takes them.
    blocked: AtomicU64,
}

impl Activity {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let base = clock.monotonic();
        Arc::new(Self {
            clock,
            base,
            since: AtomicU64::new(0),
            phase: AtomicU8::new(RESTING),
            spoke: AtomicBool::new(false),
            blocked: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        // A connection of 580,000 years is not a case.
        u64::try_from(self.clock.monotonic().saturating_duration_since(self.base).as_micros())
            .unwrap_or(u64::MAX)
    }

    fn read_bytes(&self) {
        self.spoke.store(true, Ordering::Relaxed);
        if self.phase.load(Ordering::Relaxed) == RESTING {
            self.since.store(self.now(), Ordering::Relaxed);
            self.phase.store(HEADER, Ordering::Relaxed);
        }
    }

    /// The request that is being handed over.
    pub(super) fn arrival(&self) -> Arrival {
        self.phase.store(REQUEST, Ordering::Relaxed);
        Arrival { first_byte: self.base + Duration::from_micros(self.since.load(Ordering::Relaxed)) }
    }

    /// The request has its answer.
    pub(super) fn answered(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.phase.store(RESTING, Ordering::Relaxed);
    }

    fn write_progress(&self, blocked: bool) {
        if !blocked {
            self.blocked.store(0, Ordering::Relaxed);
        } else if self.blocked.load(Ordering::Relaxed) == 0 {
            self.blocked.store(self.now().max(1), Ordering::Relaxed);
        }
    }

    /// The clock's time, to look again after.
    pub(super) fn later(&self, by: Duration) -> Instant {
        self.clock.monotonic() + by
    }

    /// When the connection has overstayed, or `None` if it already has.
    pub(super) fn expires(&self, limits: &Limits) -> Option<Instant> {
        let micros = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        let since = self.since.load(Ordering::Relaxed);
        let quiet = match self.phase.load(Ordering::Relaxed) {
            HEADER => since.saturating_add(micros(limits.header)),
            // Body and answer have deadlines of their own; this only ends what slips through both.
            REQUEST => since.saturating_add(micros(limits.idle)),
            _ if self.spoke.load(Ordering::Relaxed) => since.saturating_add(micros(limits.idle)),
            _ => micros(limits.first_byte),
        };
        let blocked = match self.blocked.load(Ordering::Relaxed) {
            0 => u64::MAX,
            at => at.saturating_add(micros(limits.write)),
        };
        let end = quiet.min(blocked);
        (end > self.now()).then(|| self.base + Duration::from_micros(end))
    }
}

/// A socket that tells its [`Activity`] what passes.
pub(super) struct Watched<S> {
    socket: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.read_bytes();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.activity.write_progress(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.activity.write_progress(written.is_pending());
        written
    }
}
