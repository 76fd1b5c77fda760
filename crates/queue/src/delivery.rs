use std::time::Duration;

use crate::Message;

/// What can become of a delivered message. One of them is called, once.
pub trait Settle: Send {
    /// Done.
    fn ack(self: Box<Self>);
    /// Once more, `after` a while.
    fn retry(self: Box<Self>, after: Duration);
}

/// A message in the hands of a consumer. Dropped unsettled (a panic, a cancelled task), it is delivered again.
pub struct Delivery {
    message: Message,
    attempt: u32,
    settle: Option<Box<dyn Settle>>,
}

impl Delivery {
    /// Made by queues.
    pub fn new(message: Message, attempt: u32, settle: Box<dyn Settle>) -> Self {
        Self { message, attempt, settle: Some(settle) }
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// 1 the first time.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// It needs nothing more.
    pub fn ack(mut self) {
        if let Some(settle) = self.settle.take() {
            settle.ack();
        }
    }

    /// It is to be delivered again, `after` a while.
    pub fn retry(mut self, after: Duration) {
        if let Some(settle) = self.settle.take() {
            settle.retry(after);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(settle) = self.settle.take() {
            settle.retry(Duration::from_secs(1));
        }
    }
}
