//! What every queue promises. A second implementation is a second line in [`every_queue!`].

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use otp::{Clock as _, SystemClock};
use queue::{MemoryQueue, Message, PublishError, Queue, Retry};
use support::{eventually, message, publish, soon, take, with_rig};

/// An implementation, and wherein it may differ.
struct Subject {
    /// Holds about so many messages.
    make: Box<dyn Fn(usize) -> Arc<dyn Queue>>,
    released: Released,
}

/// When a publish resolves.
#[derive(PartialEq)]
enum Released {
    /// The queue keeps the message itself.
    Stored,
    /// The queue forgets with the process.
    Settled,
}

macro_rules! every_queue {
    ($($test:ident),* $(,)?) => {
        mod memory {
            use super::*;
            fn subject() -> Subject {
                let make = |capacity| Arc::new(MemoryQueue::new(capacity, Arc::new(SystemClock))) as Arc<dyn Queue>;
                Subject { make: Box::new(make), released: Released::Settled }
            }
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test(subject()).await; })*
        }
        mod amqp {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                with_rig(|rig| {
                    let make = move |capacity: usize| {
                        rig.with(|options| options.max_length = u32::try_from(capacity).ok()).queue()
                    };
                    super::$test(Subject { make: Box::new(make), released: Released::Stored })
                })
                .await;
            })*
        }
    };
}

every_queue!(
    what_was_published_is_delivered_once_and_then_done,
    a_retry_comes_again_and_later_than_asked,
    b13_what_a_consumer_drops_is_delivered_again,
    b12_a_delayed_message_does_not_delay_others,
    b12_what_is_buried_does_not_come_again,
    many_consumers_share_the_work_without_doubles,
    b10_a_full_queue_makes_publishers_wait,
    a_cancelled_wait_loses_nothing,
    closing_ends_all_waiting,
);

async fn what_was_published_is_delivered_once_and_then_done(subject: Subject) {
    let queue = (subject.make)(10);
    let sent = Message { traceparent: Some("00-0af7-b7ad-01".to_owned()), tries: 2, ..message("a") };
    let published = {
        let (queue, sent) = (queue.clone(), sent.clone());
        tokio::spawn(async move { queue.publish(sent).await })
    };
    let delivery = take(&queue).await;
    assert_eq!((delivery.message(), delivery.deaths()), (&sent, 0));
    eventually("one in hand", || queue.depth() == 1).await;
    delivery.ack();
    assert_eq!(soon(published).await.unwrap(), Ok(()));
    eventually("nothing left", || queue.depth() == 0).await;
    assert_eq!(queue.trouble(), None);
    let nothing = tokio::time::timeout(Duration::from_millis(50), queue.next()).await;
    assert!(nothing.is_err(), "delivered twice");
}

async fn a_retry_comes_again_and_later_than_asked(subject: Subject) {
    let queue = (subject.make)(10);
    let published = publish(&queue, "a");
    let wait = Duration::from_millis(80);
    let first = take(&queue).await;
    let begun = SystemClock.monotonic();
    first.retry(Retry { after: wait, tries: 3, doubtful: true });
    let delivery = take(&queue).await;
    assert!(SystemClock.monotonic() >= begun + wait, "delivered before its time");
    if subject.released == Released::Settled {
        assert!(!published.is_finished(), "released although it is not settled");
    }
    assert_eq!(delivery.message(), &Message { tries: 3, doubtful: true, ..message("a") });
    assert_eq!(delivery.deaths(), 0, "a retry is no death");
    delivery.retry(Retry { after: Duration::ZERO, tries: 4, doubtful: false });
    let delivery = take(&queue).await;
    assert_eq!(delivery.message(), &Message { tries: 4, ..message("a") }, "the consumer's word counts");
    delivery.ack();
    assert_eq!(soon(published).await.unwrap(), Ok(()));
}

async fn b13_what_a_consumer_drops_is_delivered_again(subject: Subject) {
    let queue = (subject.make)(10);
    let published = publish(&queue, "a");
    drop(take(&queue).await);
    let delivery = take(&queue).await;
    assert_eq!((delivery.message(), delivery.deaths()), (&Message { doubtful: true, ..message("a") }, 1));
    delivery.ack();
    assert_eq!(soon(published).await.unwrap(), Ok(()));
}

async fn b12_a_delayed_message_does_not_delay_others(subject: Subject) {
    let queue = (subject.make)(10);
    let slow = publish(&queue, "slow");
    take(&queue).await.retry(Retry { after: Duration::from_secs(3600), tries: 1, doubtful: false });
    let quick = publish(&queue, "quick");
    let delivery = take(&queue).await;
    assert_eq!(delivery.message().key, "quick");
    delivery.ack();
    assert_eq!(soon(quick).await.unwrap(), Ok(()));
    if subject.released == Released::Settled {
        assert!(!slow.is_finished());
    }
}

async fn b12_what_is_buried_does_not_come_again(subject: Subject) {
    let queue = (subject.make)(10);
    let published = publish(&queue, "a");
    take(&queue).await.bury("no use");
    assert_eq!(soon(published).await.unwrap(), Ok(()));
    eventually("nothing left", || queue.depth() == 0).await;
    let nothing = tokio::time::timeout(Duration::from_millis(50), queue.next()).await;
    assert!(nothing.is_err(), "it came again");
}

async fn many_consumers_share_the_work_without_doubles(subject: Subject) {
    let queue = (subject.make)(1000);
    let published: Vec<_> = (0..200).map(|n| publish(&queue, &n.to_string())).collect();
    let (all, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let consumers: Vec<_> = (0..8)
        .map(|_| {
            let (queue, all) = (queue.clone(), all.clone());
            tokio::spawn(async move {
                while let Some(delivery) = queue.next().await {
                    all.send(delivery.message().key.clone()).unwrap();
                    delivery.ack();
                }
            })
        })
        .collect();
    for handle in published {
        assert_eq!(soon(handle).await.unwrap(), Ok(()));
    }
    let mut keys = BTreeSet::new();
    for _ in 0..200 {
        assert!(keys.insert(soon(seen.recv()).await.unwrap()), "a double");
    }
    queue.close();
    for consumer in consumers {
        soon(consumer).await.unwrap();
    }
    assert!(seen.try_recv().is_err(), "a double");
}

async fn b10_a_full_queue_makes_publishers_wait(subject: Subject) {
    let queue = (subject.make)(1);
    let mut published = Vec::new();
    for n in 0..20 {
        published.push(publish(&queue, &n.to_string()));
        // A broker notices a little late that it is full.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let done = published.iter().filter(|handle| handle.is_finished()).count();
    assert!(done < 20, "more than fits was taken");
    if subject.released == Released::Settled {
        let delivery = take(&queue).await;
        let nothing = tokio::time::timeout(Duration::from_millis(50), queue.next()).await;
        assert!(nothing.is_err(), "more than fits was taken");
        delivery.retry(Retry { after: Duration::ZERO, tries: 1, doubtful: false });
    }
    let mut keys = BTreeSet::new();
    while keys.len() < 20 {
        let delivery = take(&queue).await;
        assert!(keys.insert(delivery.message().key.clone()), "a double");
        delivery.ack();
    }
    for handle in published {
        assert_eq!(soon(handle).await.unwrap(), Ok(()));
    }
    eventually("all is well", || queue.trouble().is_none()).await;
}

async fn a_cancelled_wait_loses_nothing(subject: Subject) {
    let queue = (subject.make)(1000);
    let published: Vec<_> = (0..300).map(|n| publish(&queue, &n.to_string())).collect();
    let mut keys = BTreeSet::new();
    soon(async {
        while keys.len() < 300 {
            let patience = Duration::from_micros(keys.len() as u64 % 50);
            if let Ok(delivery) = tokio::time::timeout(patience, queue.next()).await {
                let delivery = delivery.unwrap();
                assert!(keys.insert(delivery.message().key.clone()), "a double");
                delivery.ack();
            }
        }
    })
    .await;
    for handle in published {
        assert_eq!(soon(handle).await.unwrap(), Ok(()));
    }
}

async fn closing_ends_all_waiting(subject: Subject) {
    let queue = (subject.make)(1);
    let held = publish(&queue, "held");
    let delivery = take(&queue).await;
    if subject.released == Released::Stored {
        assert_eq!(soon(held).await.unwrap(), Ok(()));
        queue.close();
    } else {
        let waiting = publish(&queue, "waiting");
        let consumer = {
            let queue = queue.clone();
            tokio::spawn(async move { queue.next().await.is_none() })
        };
        queue.close();
        assert!(soon(consumer).await.unwrap());
        assert_eq!(soon(waiting).await.unwrap(), Err(PublishError::Closed));
        assert!(!held.is_finished());
        drop(held);
    }
    delivery.retry(Retry { after: Duration::ZERO, tries: 1, doubtful: false });
    assert!(soon(queue.next()).await.is_none());
    assert_eq!(soon(queue.publish(message("late"))).await, Err(PublishError::Closed));
}
