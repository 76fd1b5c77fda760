//! What every queue promises. A second implementation is a second line in [`every_queue!`].

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use otp::SystemClock;
use queue::{MemoryQueue, Message, PublishError, Queue};

fn message(key: &str) -> Message {
    Message { key: key.to_owned(), payload: key.as_bytes().to_vec(), redelivered: false }
}

/// Publishes in the background; the handle ends when the queue has taken full responsibility.
fn publish(queue: &Arc<dyn Queue>, key: &str) -> tokio::task::JoinHandle<Result<(), PublishError>> {
    let (queue, message) = (queue.clone(), message(key));
    tokio::spawn(async move { queue.publish(message).await })
}

/// A bound on waits that should not be waits.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it should not take this long")
}

macro_rules! every_queue {
    ($($test:ident),* $(,)?) => {
        mod memory {
            use super::*;
            fn queue(capacity: usize) -> Arc<dyn Queue> {
                Arc::new(MemoryQueue::new(capacity, Arc::new(SystemClock)))
            }
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test(queue).await; })*
        }
    };
}

every_queue!(
    what_was_published_is_delivered_once_and_then_done,
    a_retry_comes_again_and_later_than_asked,
    b13_what_a_consumer_drops_is_delivered_again,
    b12_a_delayed_message_does_not_delay_others,
    many_consumers_share_the_work_without_doubles,
    a_full_queue_makes_publishers_wait,
    closing_ends_all_waiting,
);

async fn what_was_published_is_delivered_once_and_then_done(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(10);
    let published = publish(&queue, "a");
    let delivery = soon(queue.next()).await.unwrap();
    assert_eq!((delivery.message(), delivery.attempt()), (&message("a"), 1));
    assert_eq!(queue.depth(), 1);
    delivery.ack();
    assert_eq!(soon(published).await.unwrap(), Ok(()));
    assert_eq!(queue.depth(), 0);
    let nothing = tokio::time::timeout(Duration::from_millis(50), queue.next()).await;
    assert!(nothing.is_err(), "delivered twice");
}

async fn a_retry_comes_again_and_later_than_asked(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(10);
    let published = publish(&queue, "a");
    let wait = Duration::from_millis(80);
    soon(queue.next()).await.unwrap().retry(wait);
    let early = tokio::time::timeout(wait / 4, queue.next()).await;
    assert!(early.is_err(), "delivered before its time");
    assert!(!published.is_finished(), "released although it is not settled");
    let delivery = soon(queue.next()).await.unwrap();
    assert_eq!((delivery.message().key.as_str(), delivery.attempt()), ("a", 2));
    delivery.ack();
    assert_eq!(soon(published).await.unwrap(), Ok(()));
}

async fn b13_what_a_consumer_drops_is_delivered_again(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(10);
    let published = publish(&queue, "a");
    drop(soon(queue.next()).await.unwrap());
    let delivery = soon(queue.next()).await.unwrap();
    assert_eq!(delivery.attempt(), 2);
    delivery.ack();
    assert_eq!(soon(published).await.unwrap(), Ok(()));
}

async fn b12_a_delayed_message_does_not_delay_others(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(10);
    let slow = publish(&queue, "slow");
    soon(queue.next()).await.unwrap().retry(Duration::from_secs(3600));
    let quick = publish(&queue, "quick");
    let delivery = soon(queue.next()).await.unwrap();
    assert_eq!(delivery.message().key, "quick");
    delivery.ack();
    assert_eq!(soon(quick).await.unwrap(), Ok(()));
    assert!(!slow.is_finished());
}

async fn many_consumers_share_the_work_without_doubles(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(1000);
    let published: Vec<_> = (0..200).map(|n| publish(&queue, &n.to_string())).collect();
    let consumers: Vec<_> = (0..8)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(delivery) = queue.next().await {
                    mine.push(delivery.message().key.clone());
                    delivery.ack();
                }
                mine
            })
        })
        .collect();
    for handle in published {
        assert_eq!(soon(handle).await.unwrap(), Ok(()));
    }
    queue.close();
    let mut all = Vec::new();
    for consumer in consumers {
        all.extend(soon(consumer).await.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 200);
}

async fn a_full_queue_makes_publishers_wait(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(1);
    let first = publish(&queue, "first");
    let delivery = soon(queue.next()).await.unwrap();
    let second = publish(&queue, "second");
    let nothing = tokio::time::timeout(Duration::from_millis(50), queue.next()).await;
    assert!(nothing.is_err(), "more than fits was taken");
    delivery.ack();
    assert_eq!(soon(first).await.unwrap(), Ok(()));
    soon(queue.next()).await.unwrap().ack();
    assert_eq!(soon(second).await.unwrap(), Ok(()));
}

async fn closing_ends_all_waiting(make: impl Fn(usize) -> Arc<dyn Queue>) {
    let queue = make(1);
    let held = publish(&queue, "held");
    let delivery = soon(queue.next()).await.unwrap();
    let waiting = publish(&queue, "waiting");
    let consumer = {
        let queue = queue.clone();
        tokio::spawn(async move { queue.next().await.is_none() })
    };
    queue.close();
    assert!(soon(consumer).await.unwrap());
    assert_eq!(soon(waiting).await.unwrap(), Err(PublishError::Closed));
    delivery.retry(Duration::ZERO);
    assert_eq!(soon(held).await.unwrap(), Err(PublishError::Closed));
    assert!(soon(queue.next()).await.is_none());
}
