//! Events on their way from the journal to the worker: publish, consume, retry later, dead-letter.
//!
//! [`Queue`] is what both implementations promise, and `tests/conformance.rs` is how they prove it. [`MemoryQueue`] is the one of the
//! embedded profile, [`AmqpQueue`] the one on RabbitMQ. The [`Relay`] carries journalled records to the queue and lets the journal forget them only once the queue has
//! taken full responsibility. What a message means is not known here.

mod amqp;
mod delivery;
mod memory;
mod message;
mod relay;
mod retry;
mod shelf;

use futures_util::future::BoxFuture;

pub use amqp::{AmqpOptions, AmqpQueue, DeadLetter, Fate, Inspection, Swept, UrlError};
pub use delivery::{Delivery, Settle};
pub use memory::MemoryQueue;
pub use message::Message;
pub use relay::{Relay, RelayItem, Settled};
pub use retry::Retry;

/// Why a message could not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The queue is closing: the message stays where it came from.
    #[error("the queue is closed")]
    Closed,
}

/// A queue that never loses a message it took.
pub trait Queue: Send + Sync + 'static {
    /// Hands a message over. Resolves when the queue needs the caller's copy no more: for a broker when it confirmed, in-process when
    /// the consumer settled it. Waits while the queue is full.
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), PublishError>>;

    /// The next message that is due; `None` once the queue is closed.
    fn next(&self) -> BoxFuture<'_, Option<Delivery>>;

    /// How many messages wait or are being worked on, as far as this process knows.
    fn depth(&self) -> usize;

    /// Whether nothing waits in it anywhere, in nobody's hands or for its time to come; false also when nobody can say.
    fn is_empty(&self) -> bool;

    /// Why it takes or gives nothing at present; `None` when all is well.
    fn trouble(&self) -> Option<String>;

    /// Stops it: waiting calls return.
    fn close(&self);
}
