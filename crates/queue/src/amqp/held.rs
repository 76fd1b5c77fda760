use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use lapin::Acker;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::letter::Letter;
use super::publisher::{Outgoing, Receipt};
use super::queue::Shared;
use super::topology::Route;
use crate::delivery::AFTER_DEATH;
use crate::{Delivery, Message, Retry, Settle};

/// A message the broker delivered and still waits to hear about.
pub(super) struct Held {
    pub(super) message: Message,
    pub(super) deaths: u32,
    pub(super) origin: Origin,
}

/// Where a message came from, to be told about its end. Dropped without a word, the broker delivers the message again once the
/// session is over.
pub(super) struct Origin {
    shared: Arc<Shared>,
    acker: Acker,
    /// Cancelled with the session: the broker has then taken back what it was not told about.
    session: CancellationToken,
}

impl Origin {
    pub(super) fn new(shared: Arc<Shared>, acker: Acker, session: CancellationToken) -> Self {
        shared.status.in_hand.fetch_add(1, Ordering::Relaxed);
        Self { shared, acker, session }
    }

    /// Whether the broker delivers it again anyway.
    pub(super) fn over(&self) -> bool {
        self.session.is_cancelled() || self.acker.poisoned()
    }

    /// The broker may forget it. What is sent here is not confirmed: where it is lost with its connection, the message comes again.
    pub(super) fn ack(self) {
        // The first poll hands it to the connection; the rest would only wait until it is written.
        if let Some(Ok(false)) = self.acker.ack(BasicAckOptions::default()).now_or_never() {
            debug!("an acknowledgement came too late: the message comes again");
        }
    }

    /// The broker is to deliver it again, and to count that.
    fn reject(self) {
        let _ = self.acker.reject(BasicRejectOptions { requeue: true }).now_or_never();
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.status.in_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Held {
    pub(super) fn deliver(self) -> Delivery {
        let Self { message, deaths, origin } = self;
        Delivery::new(message, deaths, Box::new(Handle { deaths, origin }))
    }

    /// Not before `after`: a short while is waited out in hand, a longer one in the broker. Only when the copy there is confirmed, this
    /// one is done with.
    pub(super) fn later(self, after: Duration) {
        let shared = self.origin.shared.clone();
        match Route::delay(after) {
            None => {
                let due = shared.clock.monotonic() + after;
                // After the close the broker has it back.
                let _ = shared.shelf.put_until(self, due);
            }
            Some(route) => {
                let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
                let due = shared.clock.now().as_millisecond().saturating_add(after);
                self.send(|letter| Letter { route, due: Some(due), ..letter });
            }
        }
    }

    /// A copy goes to the dead-letter queue. Only when it is confirmed, this one is done with.
    pub(super) fn bury(self, reason: &str) {
        let reason = Some(reason.to_owned());
        self.send(|letter| Letter { route: Route::Dead, reason, ..letter });
    }

    fn send(self, address: impl FnOnce(Letter) -> Letter) {
        let Self { message, deaths, origin } = self;
        let shared = origin.shared.clone();
        let letter = address(Letter { deaths, ..Letter::new(message) });
        shared.send(Outgoing { letter: Arc::new(letter), receipt: Receipt::Origin(origin) });
    }
}

/// What a consumer's delivery is settled with.
struct Handle {
    deaths: u32,
    origin: Origin,
}

impl Settle for Handle {
    fn ack(self: Box<Self>) {
        self.origin.ack();
    }

    fn retry(self: Box<Self>, message: Message, retry: Retry) {
        let Self { deaths, origin } = *self;
        Held { message: message.again(retry), deaths, origin }.later(retry.after);
    }

    fn bury(self: Box<Self>, message: Message, reason: &str) {
        let Self { deaths, origin } = *self;
        Held { message, deaths, origin }.bury(reason);
    }

    /// The broker keeps the count, which survives a process.
    fn abandon(self: Box<Self>, _: Message) {
        let Self { origin, .. } = *self;
        let shared = origin.shared.clone();
        shared.runtime.spawn(async move {
            let session = origin.session.clone();
            if session.run_until_cancelled(tokio::time::sleep(AFTER_DEATH)).await.is_some() {
                origin.reject();
            }
        });
    }
}
