//! Publishes confirmed per second, and messages consumed and acknowledged per second: in memory, and on RabbitMQ if one answers.
//! Run: `cargo bench -p queue`.

#![allow(missing_docs, reason = "a program")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark says what it found, or fails")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use otp::{Clock as _, Entropy, SystemClock, SystemEntropy};
use queue::{AmqpOptions, AmqpQueue, MemoryQueue, Message, Queue};

const MANY: usize = 50_000;
const IN_FLIGHT: usize = 1000;
/// As large as an event of Okta's.
const BYTES: usize = 600;

fn message(number: usize) -> Message {
    Message { key: format!("org/{number:036}"), payload: vec![b'x'; BYTES], ..Message::default() }
}

async fn publish(queue: &dyn Queue) {
    let publishes = futures_util::stream::iter(0..MANY).map(|number| queue.publish(message(number)));
    let mut done = publishes.buffer_unordered(IN_FLIGHT);
    while let Some(published) = done.next().await {
        published.unwrap();
    }
}

async fn consume(queue: &dyn Queue) {
    for _ in 0..MANY {
        queue.next().await.unwrap().ack();
    }
}

async fn rate(what: &str, work: impl Future<Output = ()>) {
    let begin = SystemClock.monotonic();
    work.await;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{what:<40} {:>10.0}/s", MANY as f64 / seconds);
}

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a benchmark is told by the environment where the broker is")]
async fn main() {
    let clock = Arc::new(SystemClock);
    println!("{MANY} messages of {BYTES} bytes, {IN_FLIGHT} publishes in flight");

    let memory = MemoryQueue::new(2 * IN_FLIGHT, clock.clone());
    rate("memory: publish, consume and ack", async {
        tokio::join!(publish(&memory), consume(&memory));
    })
    .await;

    let url = std::env::var("RINGBACK_TEST_AMQP_URL");
    let url = url.unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let entropy: &dyn Entropy = &SystemEntropy;
    for prefetch in [64, 256] {
        let prefix = format!("ringback-bench-{}", entropy.id(&SystemClock));
        let options = AmqpOptions { prefix, prefetch, ..AmqpOptions::default() };
        let amqp = AmqpQueue::new(&url, options.clone(), clock.clone(), Arc::new(SystemEntropy)).unwrap();
        let first = tokio::time::timeout(Duration::from_secs(5), amqp.publish(message(0))).await;
        if first.is_err() {
            println!("RabbitMQ: left out, as none answers: {}", amqp.trouble().unwrap_or_default());
            return;
        }
        amqp.next().await.unwrap().ack();
        rate("RabbitMQ: publish and confirm", publish(&amqp)).await;
        rate(&format!("RabbitMQ: consume and ack, prefetch {prefetch}"), consume(&amqp)).await;
        let both = async {
            tokio::join!(publish(&amqp), consume(&amqp));
        };
        rate(&format!("RabbitMQ: both at once, prefetch {prefetch}"), both).await;
        drop(amqp);
        AmqpQueue::delete(&url, options).await.unwrap();
    }
}
