use std::time::Duration;

use crate::{Message, Retry};

/// How long a message rests whose consumer went away without a word.
pub(crate) const AFTER_DEATH: Duration = Duration::from_secs(1);

/// What can become of a delivered message. One of them is called, once, and returns at once.
pub trait Settle: Send {
    /// Done.
    fn ack(self: Box<Self>);
    /// Once more.
    fn retry(self: Box<Self>, message: Message, retry: Retry);
    /// Put aside for somebody to look at.
    fn bury(self: Box<Self>, message: Message, reason: &str);
    /// The consumer went away without a word.
    fn abandon(self: Box<Self>, message: Message);
}

/// A message in the hands of a consumer. Dropped unsettled (a panic, a cancelled task), it is delivered again after about a second,
/// with one death more and [`Message::doubtful`] set.
pub struct Delivery {
    message: Message,
    deaths: u32,
    settle: Option<Box<dyn Settle>>,
}

impl Delivery {
    /// Made by queues.
    pub fn new(message: Message, deaths: u32, settle: Box<dyn Settle>) -> Self {
        Self { message, deaths, settle: Some(settle) }
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// How often it was delivered and ended without a word: its consumer panicked, or its process died.
    pub fn deaths(&self) -> u32 {
        self.deaths
    }

    /// It needs nothing more.
    pub fn ack(mut self) {
        if let Some(settle) = self.settle.take() {
            settle.ack();
        }
    }

    /// It is to be delivered again.
    pub fn retry(mut self, retry: Retry) {
        if let Some(settle) = self.settle.take() {
            settle.retry(std::mem::take(&mut self.message), retry);
        }
    }

    /// Nothing can be done with it: a broker keeps a copy with the `reason` for somebody to look at.
    pub fn bury(mut self, reason: &str) {
        if let Some(settle) = self.settle.take() {
            settle.bury(std::mem::take(&mut self.message), reason);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(settle) = self.settle.take() {
            settle.abandon(std::mem::take(&mut self.message));
        }
    }
}
