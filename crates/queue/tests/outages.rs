//! Outages of a whole broker: of one that each test starts for itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use queue::Queue;
use support::broker::Broker;
use support::{Rig, drain, eventually, message, publish, publish_many, take};

/// Longer than a start.
async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), what).await.expect("it should not take this long")
}

/// Publishes one key after the other, a hundred at once, until told to stop; says how many there were. All are confirmed.
struct Load {
    stop: Arc<AtomicBool>,
    confirmed: Arc<AtomicUsize>,
    running: Vec<tokio::task::JoinHandle<()>>,
    started: Arc<AtomicUsize>,
}

impl Load {
    fn on(queue: &Arc<dyn Queue>) -> Self {
        let (stop, confirmed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let started = Arc::new(AtomicUsize::new(0));
        let running = (0..100)
            .map(|_| {
                let (queue, stop) = (queue.clone(), stop.clone());
                let (confirmed, started) = (confirmed.clone(), started.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let key = started.fetch_add(1, Ordering::Relaxed).to_string();
                        queue.publish(message(&key)).await.unwrap();
                        confirmed.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        Self { stop, confirmed, running, started }
    }

    fn confirmed(&self) -> usize {
        self.confirmed.load(Ordering::Relaxed)
    }

    async fn goes_on(&self) {
        let before = self.confirmed();
        in_time(async {
            while self.confirmed() < before + 500 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    async fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.running {
            in_time(task).await.unwrap();
        }
        self.started.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b2_b17_a_broker_that_is_away_killed_or_empty() {
    let broker = Broker::new();
    let rig = Rig::new(broker.url());
    let queue = rig.queue();

    // B1: it is away at the start, and for a while.
    let early = publish_many(&queue, 50);
    eventually("it is said", || queue.trouble().is_some()).await;
    assert_eq!(queue.depth(), 50);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!early.is_finished());
    broker.start().await;
    in_time(early).await.unwrap();
    eventually("all is well", || queue.trouble().is_none()).await;
    drain(&queue, 50).await;

    // B2: it is killed while messages come in. What was confirmed is there, whatever else is.
    let load = Load::on(&queue);
    for _ in 0..2 {
        load.goes_on().await;
        broker.kill().await;
        eventually("it is said", || queue.trouble().is_some()).await;
        broker.start().await;
        load.goes_on().await;
    }
    let published = load.end().await;
    let seen = drain(&queue, published).await;
    println!(
        "{published} published through two kills; doubles: {}",
        seen.values().sum::<usize>() - published
    );

    // B17: it comes back with nothing in it: all is declared again.
    broker.kill().await;
    broker.empty();
    broker.start().await;
    let after = publish(&queue, "after");
    loop {
        let delivery = in_time(queue.next()).await.unwrap();
        let key = delivery.message().key.clone();
        delivery.ack();
        if key == "after" {
            break;
        }
    }
    in_time(after).await.unwrap().unwrap();
    eventually("all is well", || queue.trouble().is_none()).await;
    rig.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_b5_a_broker_that_takes_nothing_or_stands_still() {
    let broker = Broker::new();
    broker.start().await;
    let rig = Rig::new(broker.url()).with(|options| {
        options.confirm_timeout = Duration::from_secs(1);
        options.connect_timeout = Duration::from_secs(2);
        options.heartbeat = Duration::from_secs(2);
    });
    let queue = rig.queue();
    in_time(publish_many(&queue, 100)).await.unwrap();
    take(&queue).await.ack();

    // B3: a memory alarm. Publishes wait, consumers go on.
    broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]);
    let waiting = publish(&queue, "waiting");
    eventually("it is said", || queue.trouble().is_some_and(|trouble| trouble.contains("takes no messages")))
        .await;
    // Far beyond the time for a confirm: nothing is given up, and no connection after the other is made.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished());
    let mut keys = BTreeSet::new();
    while keys.len() < 99 {
        let delivery = take(&queue).await;
        keys.insert(delivery.message().key.clone());
        delivery.ack();
    }
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]);
    in_time(waiting).await.unwrap().unwrap();
    let delivery = take(&queue).await;
    assert_eq!((delivery.message().key.as_str(), delivery.message().doubtful), ("waiting", false));
    delivery.ack();
    eventually("all is well", || queue.trouble().is_none()).await;

    // B5: it stands still, with its connections open.
    broker.signal("STOP");
    let waiting = publish_many(&queue, 50);
    eventually("it is said", || queue.trouble().is_some_and(|trouble| trouble.contains("did not answer")))
        .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!waiting.is_finished());
    broker.signal("CONT");
    in_time(waiting).await.unwrap();
    drain(&queue, 50).await;
    eventually("all is well", || queue.trouble().is_none()).await;
}
