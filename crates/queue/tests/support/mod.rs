//! What the tests against a broker have in common.

#![allow(dead_code, reason = "not every test file uses all of it")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

pub(crate) mod broker;
pub(crate) mod proxy;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use lapin::{Channel, Connection, ConnectionProperties};
use otp::{Entropy, SystemClock, SystemEntropy};
use queue::{AmqpOptions, AmqpQueue, Delivery, Message, PublishError, Queue};

/// The broker that all tests share: nothing of it may be touched but what bears a test's own prefix.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where the broker is")]
pub(crate) fn url() -> String {
    std::env::var("RINGBACK_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

pub(crate) fn message(key: &str) -> Message {
    Message { key: key.to_owned(), payload: key.as_bytes().to_vec(), ..Message::default() }
}

/// A bound on waits that should not be waits.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it should not take this long")
}

pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(40), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what}: it does not come to that"));
}

/// Publishes in the background.
pub(crate) fn publish(
    queue: &Arc<dyn Queue>,
    key: &str,
) -> tokio::task::JoinHandle<Result<(), PublishError>> {
    let (queue, message) = (queue.clone(), message(key));
    tokio::spawn(async move { queue.publish(message).await })
}

/// Publishes `0..many`, and says which were taken.
pub(crate) fn publish_many(queue: &Arc<dyn Queue>, many: usize) -> tokio::task::JoinHandle<()> {
    let queue = queue.clone();
    tokio::spawn(async move {
        let all = (0..many).map(|n| {
            let message = message(&n.to_string());
            queue.publish(message)
        });
        for published in futures_util::future::join_all(all).await {
            published.unwrap();
        }
    })
}

pub(crate) async fn take(queue: &Arc<dyn Queue>) -> Delivery {
    soon(queue.next()).await.expect("the queue is open")
}

/// Takes and acknowledges until every one of `0..many` was there; how often each was.
pub(crate) async fn drain(queue: &Arc<dyn Queue>, many: usize) -> BTreeMap<usize, usize> {
    let mut seen = BTreeMap::new();
    while seen.len() < many {
        let delivery = match tokio::time::timeout(Duration::from_secs(30), queue.next()).await {
            Ok(delivery) => delivery.expect("the queue is open"),
            Err(_) => {
                let missing: Vec<_> = (0..many).filter(|n| !seen.contains_key(n)).collect();
                panic!("lost: {} of {many}, {:?}…", missing.len(), &missing[..missing.len().min(10)]);
            }
        };
        *seen.entry(delivery.message().key.parse().unwrap()).or_default() += 1;
        delivery.ack();
    }
    seen
}

/// One test's own part of a broker.
#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) url: String,
    pub(crate) options: AmqpOptions,
}

impl Rig {
    pub(crate) fn new(url: String) -> Self {
        let entropy: &dyn Entropy = &SystemEntropy;
        let options = AmqpOptions {
            prefix: format!("ringback-test-{}", entropy.id(&SystemClock)),
            pulse: Duration::from_millis(200),
            ..AmqpOptions::default()
        };
        Self { url, options }
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut AmqpOptions)) -> Self {
        let mut rig = self.clone();
        change(&mut rig.options);
        rig
    }

    pub(crate) fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    pub(crate) fn queue(&self) -> Arc<dyn Queue> {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Arc::new(AmqpQueue::new(&self.url, self.options.clone(), clock, entropy).unwrap())
    }

    /// `ringback-test-….events` for `events`.
    pub(crate) fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.options.prefix)
    }

    /// A connection beside the queue's own, to meddle with.
    pub(crate) async fn meddle(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    pub(crate) async fn delete(&self) {
        AmqpQueue::delete(&self.url, self.options.clone()).await.unwrap();
    }
}

/// Runs a test with its own part of the shared broker, and takes that away again, whatever becomes of the test.
pub(crate) async fn with_rig<F: Future<Output = ()>>(test: impl FnOnce(Rig) -> F) {
    let rig = Rig::new(url());
    let end = AssertUnwindSafe(test(rig.clone())).catch_unwind().await;
    let (connection, channel) = rig.meddle().await;
    for key in [
        "events",
        "events.dead",
        "events.delay.2s",
        "events.delay.5s",
        "events.delay.15s",
        "events.delay.60s",
    ] {
        let _ = channel.queue_delete(rig.name(key).as_str().into(), Default::default()).await;
    }
    let _ = channel.exchange_delete(rig.options.prefix.as_str().into(), Default::default()).await;
    let _ = connection.close(200, "done".into()).await;
    if let Err(panic) = end {
        std::panic::resume_unwind(panic);
    }
}
