use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use otp::{Clock, Entropy};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::address::{self, UrlError};
use super::consumer::Consumer;
use super::dead::{self, DeadLetter, Fate, Swept};
use super::held::Held;
use super::inspect::{self, Inspection};
use super::letter::Letter;
use super::link::{Broker, Link};
use super::options::AmqpOptions;
use super::publisher::{Outgoing, Publisher, Receipt};
use super::status::{Side, Status};
use super::topology::Topology;
use crate::shelf::Shelf;
use crate::{Delivery, Message, PublishError, Queue};

/// A queue on RabbitMQ. It connects by itself, at first and again whenever it has to: until then messages wait, and
/// [`Queue::trouble`] says why. To consume it connects when it is first asked for a message.
pub struct AmqpQueue {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    consuming: AtomicBool,
    _stop: DropGuard,
}

/// What the queue and its two connections have in common.
pub(super) struct Shared {
    pub(super) broker: Broker,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) status: Status,
    /// What the broker delivered, for `next` to take. Never more than the prefetch.
    pub(super) shelf: Shelf<Held>,
    /// To the publisher. Never more in it than `in_flight` publishes and, as each of the others holds a delivery, the prefetch.
    outbox: mpsc::UnboundedSender<Outgoing>,
    pub(super) stop: CancellationToken,
    pub(super) runtime: Handle,
}

impl Shared {
    /// Gives something to the publisher. After the close it is dropped.
    pub(super) fn send(&self, outgoing: Outgoing) {
        let _ = self.outbox.send(outgoing);
    }
}

impl AmqpQueue {
    /// A queue in the broker at `url`: `amqp://user:password@host:port/vhost`, or `amqps://`. Returns before it has connected.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(
        url: &str,
        options: AmqpOptions,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, UrlError> {
        let broker = broker(url, options)?;
        let room = Arc::new(Semaphore::new(broker.options.in_flight));
        let (outbox, inbox) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            broker,
            shelf: Shelf::new(clock.clone()),
            clock,
            entropy,
            status: Status::default(),
            outbox,
            stop: stop.clone(),
            runtime: Handle::current(),
        });
        shared.runtime.spawn(Publisher::new(shared.clone(), inbox).run());
        Ok(Self { shared, room, consuming: AtomicBool::new(false), _stop: stop.drop_guard() })
    }

    /// Connects once, signs in and sets up what is missing: what is wrong, for a person.
    ///
    /// # Errors
    /// What the broker has against us, or that none answers.
    pub async fn check(url: &str, options: AmqpOptions) -> Result<(), String> {
        let broker = broker(url, options).map_err(|err| err.to_string())?;
        let link = Link::open(&broker, Side::Publishing).await.map_err(|err| err.to_string())?;
        link.close().await;
        Ok(())
    }

    /// Connects once and looks, without setting anything up.
    ///
    /// # Errors
    /// What the broker has against us, or that none answers.
    pub async fn inspect(url: &str, options: AmqpOptions) -> Result<Inspection, String> {
        let broker = broker(url, options).map_err(|err| err.to_string())?;
        inspect::inspect(&broker).await
    }

    /// Looks at the oldest `most` messages in the dead-letter queue, and does with each what `decide` says.
    ///
    /// # Errors
    /// What the broker has against us; those that were decided about before are done.
    pub async fn sweep_dead(
        url: &str,
        options: AmqpOptions,
        most: u32,
        decide: impl FnMut(&DeadLetter) -> Fate,
    ) -> Result<Swept, String> {
        let broker = broker(url, options).map_err(|err| err.to_string())?;
        dead::sweep(&broker, most, decide).await
    }

    /// Deletes the exchange and all queues of this prefix, with their messages: for tests.
    #[doc(hidden)]
    pub async fn delete(url: &str, options: AmqpOptions) -> Result<(), String> {
        let broker = broker(url, options).map_err(|err| err.to_string())?;
        let link = Link::open(&broker, Side::Publishing).await.map_err(|err| err.to_string())?;
        let deleted = broker.topology.delete(&link.channel).await.map_err(|err| err.to_string());
        link.close().await;
        deleted
    }
}

fn broker(url: &str, options: AmqpOptions) -> Result<Broker, UrlError> {
    let uri = address::parse(url, &options)?;
    Ok(Broker { uri, topology: Topology::new(&options), options })
}

impl Queue for AmqpQueue {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let _counted = Counted::new(&self.shared.status);
            let _room = self.room.clone().acquire_owned().await.map_err(|_| PublishError::Closed)?;
            let (stored, confirmed) = oneshot::channel();
            let letter = Arc::new(Letter::new(message));
            self.shared.send(Outgoing { letter, receipt: Receipt::Caller { stored, _room } });
            confirmed.await.map_err(|_| PublishError::Closed)
        })
    }

    fn next(&self) -> BoxFuture<'_, Option<Delivery>> {
        Box::pin(async move {
            let shared = &self.shared;
            if !self.consuming.swap(true, Ordering::Relaxed) {
                shared.runtime.spawn(Consumer::new(shared.clone()).run());
            }
            loop {
                let held = shared.shelf.next().await?;
                if !held.origin.over() {
                    return Some(held.deliver());
                }
            }
        })
    }

    fn depth(&self) -> usize {
        self.shared.status.depth()
    }

    fn is_empty(&self) -> bool {
        self.shared.status.is_empty()
    }

    fn trouble(&self) -> Option<String> {
        self.shared.status.trouble()
    }

    fn close(&self) {
        self.shared.stop.cancel();
        self.room.close();
        self.shared.shelf.close();
    }
}

/// Counts a publish from its call to its end.
struct Counted<'a>(&'a Status);

impl<'a> Counted<'a> {
    fn new(status: &'a Status) -> Self {
        status.unconfirmed.fetch_add(1, Ordering::Relaxed);
        Self(status)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.unconfirmed.fetch_sub(1, Ordering::Relaxed);
    }
}
