use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use queue::{Delivery, Message, PublishError, Queue, Retry, Settle};
use tokio::sync::{mpsc, oneshot};

/// What a worker did with a message.
pub(crate) enum Fate {
    /// It is done with it.
    Done,
    /// It wants it again.
    Again(Message, Duration),
}

/// A queue that hands over one message at a time, and says when the worker is done with it.
pub(crate) struct Hand {
    give: mpsc::UnboundedSender<Delivery>,
    take: tokio::sync::Mutex<mpsc::UnboundedReceiver<Delivery>>,
}

impl Hand {
    pub(crate) fn new() -> Self {
        let (give, take) = mpsc::unbounded_channel();
        Self { give, take: tokio::sync::Mutex::new(take) }
    }

    /// Hands `message` over and waits for its fate.
    pub(crate) async fn offer(&self, message: Message) -> Fate {
        let (tell, told) = oneshot::channel();
        let delivery = Delivery::new(message, 0, Box::new(Teller(Mutex::new(Some(tell)))));
        self.give.send(delivery).unwrap();
        told.await.unwrap()
    }
}

struct Teller(Mutex<Option<oneshot::Sender<Fate>>>);

impl Teller {
    fn tell(&self, fate: Fate) {
        let _ = self.0.lock().unwrap().take().unwrap().send(fate);
    }
}

impl Settle for Teller {
    fn ack(self: Box<Self>) {
        self.tell(Fate::Done);
    }

    fn retry(self: Box<Self>, message: Message, retry: Retry) {
        let Retry { after, tries, doubtful } = retry;
        self.tell(Fate::Again(Message { tries, doubtful, ..message }, after));
    }

    fn bury(self: Box<Self>, message: Message, reason: &str) {
        panic!("{} was buried: {reason}", message.key);
    }

    fn abandon(self: Box<Self>, message: Message) {
        panic!("the worker ended on {}", message.key);
    }
}

impl Queue for Hand {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), PublishError>> {
        panic!("nobody publishes {} here", message.key);
    }

    fn next(&self) -> BoxFuture<'_, Option<Delivery>> {
        Box::pin(async { self.take.lock().await.recv().await })
    }

    fn depth(&self) -> usize {
        0
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn close(&self) {}
}
