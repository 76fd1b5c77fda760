//! The queue on RabbitMQ.
//!
//! [`address`] where it is · [`options`] how it is used · [`topology`] what is set up in it · [`link`] one connection · [`backoff`]
//! between two of them · [`letter`] a message on the wire · [`publisher`] and [`confirms`] what goes in · [`consumer`] and [`held`]
//! what comes out · [`dead`] what was given up · [`inspect`] what stands there · [`status`] what is told about it · [`queue`] the whole.
//!
//! lapin's own recovery is not used: it was seen to hang. Whatever is wrong with a connection or a channel ends it, and a new one is
//! made: what was not confirmed is published again, and what was not acknowledged is delivered again. So nothing is lost, and things
//! may happen twice.

mod address;
mod backoff;
mod confirms;
mod consumer;
mod dead;
mod held;
mod inspect;
mod letter;
mod link;
mod options;
mod publisher;
mod queue;
mod status;
mod topology;

pub use address::UrlError;
pub use dead::{DeadLetter, Fate, Swept};
pub use inspect::Inspection;
pub use options::AmqpOptions;
pub use queue::AmqpQueue;
