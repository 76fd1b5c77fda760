//! The in-process queue of the embedded profile. It holds no message the journal does not still hold, so it may vanish at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use otp::Clock;
use tokio::sync::{Semaphore, oneshot};

use crate::delivery::AFTER_DEATH;
use crate::shelf::Shelf;
use crate::{Delivery, Message, PublishError, Queue, Retry, Settle};

/// See the module.
#[derive(Clone)]
pub struct MemoryQueue(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    room: Semaphore,
    shelf: Shelf<Item>,
    in_hand: AtomicUsize,
}

struct Item {
    message: Message,
    deaths: u32,
    released: Release,
}

/// Told (or dropped with the queue) when the publisher may forget the message.
type Release = oneshot::Sender<()>;

/// A message in a consumer's hands.
struct Handle {
    shared: Arc<Shared>,
    deaths: u32,
    released: Release,
}

impl MemoryQueue {
    /// A queue that holds at most `capacity` messages, waiting and under way together.
    pub fn new(capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            shelf: Shelf::new(clock.clone()),
            clock,
            room: Semaphore::new(capacity),
            in_hand: AtomicUsize::new(0),
        }))
    }
}

impl Queue for MemoryQueue {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let shared = &self.0;
            let _room = shared.room.acquire().await.map_err(|_| PublishError::Closed)?;
            let (released, release) = oneshot::channel();
            shared.shelf.put(Item { message, deaths: 0, released }).map_err(|_| PublishError::Closed)?;
            release.await.map_err(|_| PublishError::Closed)
        })
    }

    fn next(&self) -> BoxFuture<'_, Option<Delivery>> {
        Box::pin(async move {
            let shared = &self.0;
            let Item { message, deaths, released } = shared.shelf.next().await?;
            shared.in_hand.fetch_add(1, Ordering::Relaxed);
            let handle = Handle { shared: shared.clone(), deaths, released };
            Some(Delivery::new(message, deaths, Box::new(handle)))
        })
    }

    fn depth(&self) -> usize {
        self.0.shelf.len() + self.0.in_hand.load(Ordering::Relaxed)
    }

    fn is_empty(&self) -> bool {
        self.depth() == 0
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn close(&self) {
        self.0.room.close();
        self.0.shelf.close();
    }
}

impl Handle {
    fn again(self, message: Message, after: Duration, deaths: u32) {
        let Self { shared, released, .. } = self;
        let due = shared.clock.monotonic() + after;
        // After the close nobody is left to deliver to: the publisher is told so by the drop.
        let _ = shared.shelf.put_until(Item { message, deaths, released }, due);
        shared.in_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Settle for Handle {
    fn ack(self: Box<Self>) {
        self.shared.in_hand.fetch_sub(1, Ordering::Relaxed);
        // The publisher may be gone: then nobody is left to tell.
        let _ = self.released.send(());
    }

    fn retry(self: Box<Self>, message: Message, retry: Retry) {
        let deaths = self.deaths;
        self.again(message.again(retry), retry.after, deaths);
    }

    /// Nothing is kept: what the journal holds is all there is to look at.
    fn bury(self: Box<Self>, _: Message, _: &str) {
        self.ack();
    }

    fn abandon(self: Box<Self>, message: Message) {
        let deaths = self.deaths.saturating_add(1);
        self.again(Message { doubtful: true, ..message }, AFTER_DEATH, deaths);
    }
}
