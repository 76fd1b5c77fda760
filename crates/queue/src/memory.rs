//! The in-process queue of the embedded profile. It holds no message the journal does not still hold, so it may vanish at any moment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use otp::Clock;
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::{Delivery, Message, PublishError, Queue, Settle};

/// See the module.
#[derive(Clone)]
pub struct MemoryQueue(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    room: Semaphore,
    changed: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Item>,
    /// By the moment they are due, and a number that keeps equal moments apart.
    delayed: BTreeMap<(Instant, u64), Item>,
    delays: u64,
    under_way: usize,
    closed: bool,
}

struct Item {
    message: Message,
    attempt: u32,
    /// Told (or dropped with the queue) when the publisher may forget the message.
    released: oneshot::Sender<()>,
}

struct Handle {
    shared: Arc<Shared>,
    item: Item,
}

impl MemoryQueue {
    /// A queue that holds at most `capacity` messages, waiting and under way together.
    pub fn new(capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            clock,
            room: Semaphore::new(capacity),
            changed: Notify::new(),
            state: Mutex::new(State::default()),
        }))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every section below leaves the state whole, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item that is due, or when to look again.
    fn take(&self) -> Result<Item, Option<Instant>> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let due = state.delayed.first_key_value().map(|((at, _), _)| *at);
        if due.is_some_and(|at| at <= now)
            && let Some((_, item)) = state.delayed.pop_first()
        {
            state.under_way += 1;
            return Ok(item);
        }
        match state.ready.pop_front() {
            Some(item) => {
                state.under_way += 1;
                Ok(item)
            }
            None => Err(due),
        }
    }
}

impl Queue for MemoryQueue {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let shared = &self.0;
            let _room = shared.room.acquire().await.map_err(|_| PublishError::Closed)?;
            let (released, release) = oneshot::channel();
            {
                let mut state = shared.lock();
                if state.closed {
                    return Err(PublishError::Closed);
                }
                state.ready.push_back(Item { message, attempt: 0, released });
            }
            shared.changed.notify_one();
            release.await.map_err(|_| PublishError::Closed)
        })
    }

    fn next(&self) -> BoxFuture<'_, Option<Delivery>> {
        Box::pin(async move {
            let shared = &self.0;
            loop {
                let changed = shared.changed.notified();
                if shared.lock().closed {
                    return None;
                }
                match shared.take() {
                    Ok(mut item) => {
                        // Others may wait while more is ready: one signal wakes one of them.
                        shared.changed.notify_one();
                        item.attempt += 1;
                        let (message, attempt) = (item.message.clone(), item.attempt);
                        return Some(Delivery::new(
                            message,
                            attempt,
                            Box::new(Handle { shared: shared.clone(), item }),
                        ));
                    }
                    Err(Some(due)) => tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due.into()) => {}
                    },
                    Err(None) => changed.await,
                }
            }
        })
    }

    fn depth(&self) -> usize {
        let state = self.0.lock();
        state.ready.len() + state.delayed.len() + state.under_way
    }

    fn close(&self) {
        {
            let mut state = self.0.lock();
            state.closed = true;
            state.ready.clear();
            state.delayed.clear();
        }
        self.0.room.close();
        self.0.changed.notify_waiters();
        self.0.changed.notify_one();
    }
}

impl Settle for Handle {
    fn ack(self: Box<Self>) {
        self.shared.lock().under_way -= 1;
        // The publisher may be gone: then nobody is left to tell.
        let _ = self.item.released.send(());
    }

    fn retry(self: Box<Self>, after: Duration) {
        let Self { shared, item } = *self;
        let due = shared.clock.monotonic() + after;
        {
            let mut state = shared.lock();
            state.under_way -= 1;
            if state.closed {
                return;
            }
            state.delays += 1;
            let place = (due, state.delays);
            state.delayed.insert(place, item);
        }
        shared.changed.notify_one();
    }
}
