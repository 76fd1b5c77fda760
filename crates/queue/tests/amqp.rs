//! What only a broker can do to us: faults of the shared one that touch nothing but a test's own queues.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use otp::{Clock as _, SystemClock};
use queue::{AmqpQueue, DeadLetter, Fate, Message, Retry, Swept};
use support::proxy::Proxy;
use support::{Rig, drain, eventually, message, publish, publish_many, soon, take, url, with_rig};

fn later(after: Duration) -> Retry {
    Retry { after, tries: 7, doubtful: true }
}

fn now() -> Instant {
    SystemClock.monotonic()
}

/// The one message in the dead-letter queue: its properties and its payload.
async fn dead(rig: &Rig, channel: &Channel) -> (BasicProperties, Vec<u8>) {
    soon(async {
        loop {
            let queue = rig.name("events.dead");
            let got =
                channel.basic_get(queue.as_str().into(), BasicGetOptions { no_ack: true }).await.unwrap();
            match got {
                Some(got) => return (got.delivery.properties, got.delivery.data),
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn b8_what_cannot_be_routed_is_published_again() {
    const MANY: usize = 10_000;
    with_rig(|rig| async move {
        let queue = rig.with(|options| options.in_flight = 500).queue();
        soon(queue.publish(message("0"))).await.unwrap();
        let (_connection, channel) = rig.meddle().await;
        let publishing = publish_many(&queue, MANY);
        let mut unbound = 0;
        while unbound < 5 && !publishing.is_finished() {
            let (name, exchange) = (rig.name("events"), rig.options.prefix.as_str());
            take_away(&channel, &name, exchange, "events").await;
            unbound += 1;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        publishing.await.unwrap();
        assert!(unbound > 2, "the fault came too late: {unbound}");
        let seen = drain(&queue, MANY).await;
        println!("unbound {unbound} times; doubles: {}", seen.values().sum::<usize>() - MANY);
    })
    .await;
}

/// lapin hands what came back to whichever confirm is resolved next: here to those of other messages, which were stored.
#[tokio::test(flavor = "multi_thread")]
async fn b8_what_comes_back_is_not_taken_for_another() {
    const MANY: usize = 2_000;
    with_rig(|rig| async move {
        let queue = rig.queue();
        let publishing = publish_many(&queue, MANY);
        let (_connection, channel) = rig.meddle().await;
        let burying = {
            let queue = queue.clone();
            tokio::spawn(async move {
                for _ in 0..MANY {
                    take(&queue).await.bury("as all are");
                }
            })
        };
        let (name, exchange) = (rig.name("events.dead"), rig.options.prefix.as_str());
        for _ in 0..5 {
            take_away(&channel, &name, exchange, "events.dead").await;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        soon(publishing).await.unwrap();
        soon(burying).await.unwrap();
        eventually("all are buried", || queue.depth() == 0).await;
        let mut keys = BTreeSet::new();
        loop {
            let got =
                channel.basic_get(name.as_str().into(), BasicGetOptions { no_ack: true }).await.unwrap();
            let Some(got) = got else { break };
            keys.insert(String::from_utf8(got.delivery.data).unwrap());
        }
        assert_eq!(keys.len(), MANY, "lost");
    })
    .await;
}

async fn take_away(channel: &Channel, queue: &str, exchange: &str, key: &str) {
    channel.queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_a_queue_deleted_while_consuming_is_declared_again() {
    with_rig(|rig| async move {
        let queue = rig.queue();
        let first = publish(&queue, "first");
        take(&queue).await.ack();
        soon(first).await.unwrap().unwrap();
        let (_connection, channel) = rig.meddle().await;
        channel.queue_delete(rig.name("events").as_str().into(), Default::default()).await.unwrap();
        let second = publish(&queue, "second");
        let delivery = take(&queue).await;
        assert_eq!(delivery.message().key, "second");
        delivery.ack();
        soon(second).await.unwrap().unwrap();
        eventually("all is well", || queue.trouble().is_none()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_what_is_declared_otherwise_is_said_and_left_alone() {
    with_rig(|rig| async move {
        let (_connection, channel) = rig.meddle().await;
        let name = rig.name("events");
        let declared = channel.queue_declare(
            name.as_str().into(),
            QueueDeclareOptions::durable(),
            FieldTable::default(),
        );
        declared.await.unwrap();
        channel
            .basic_publish(
                "".into(),
                name.as_str().into(),
                Default::default(),
                b"theirs",
                BasicProperties::default(),
            )
            .await
            .unwrap();

        let queue = rig.queue();
        let published = publish(&queue, "ours");
        eventually("it is said", || queue.trouble().is_some()).await;
        let trouble = queue.trouble().unwrap();
        assert!(trouble.contains(&format!("`{name}`")) && trouble.contains("delete it"), "{trouble}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!published.is_finished());
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        let theirs =
            channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await.unwrap();
        assert_eq!(theirs.message_count(), 1, "it is not ours to delete");

        channel.queue_delete(name.as_str().into(), Default::default()).await.unwrap();
        soon(published).await.unwrap().unwrap();
        assert_eq!(queue.trouble(), None);
        let delivery = take(&queue).await;
        assert_eq!(delivery.message(), &message("ours"));
        delivery.ack();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_what_a_full_queue_refuses_is_published_again_and_said() {
    with_rig(|rig| async move {
        let queue = rig.with(|options| options.max_length = Some(10)).queue();
        let publishing = publish_many(&queue, 1000);
        eventually("it is said", || queue.trouble().is_some_and(|trouble| trouble.contains("full"))).await;
        assert!(!publishing.is_finished());
        let seen = drain(&queue, 1000).await;
        assert!(seen.values().all(|times| *times == 1), "what is refused is not kept");
        soon(publishing).await.unwrap();
        eventually("all is well", || queue.trouble().is_none()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_a_channel_closed_by_an_error_is_made_again() {
    const MANY: usize = 5_000;
    with_rig(|rig| async move {
        let queue = rig.with(|options| options.in_flight = 200).queue();
        soon(queue.publish(message("0"))).await.unwrap();
        let (_connection, channel) = rig.meddle().await;
        let publishing = publish_many(&queue, MANY);
        for _ in 0..3 {
            // A publish to no exchange closes the channel.
            channel.exchange_delete(rig.options.prefix.as_str().into(), Default::default()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        soon(publishing).await.unwrap();
        drain(&queue, MANY).await;
        eventually("all is well", || queue.trouble().is_none()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_what_is_buried_is_kept_with_the_reason() {
    with_rig(|rig| async move {
        let queue = rig.queue();
        soon(queue.publish(Message { tries: 7, ..message("poison") })).await.unwrap();
        take(&queue).await.bury("refused eight times");
        let (_connection, channel) = rig.meddle().await;
        let (properties, payload) = dead(&rig, &channel).await;
        assert_eq!(payload, b"poison");
        let headers = properties.headers().as_ref().unwrap().inner();
        assert_eq!(headers["x-ringback-reason"], AMQPValue::LongString("refused eight times".into()));
        assert_eq!(headers["x-ringback-tries"], AMQPValue::LongLongInt(7));
        eventually("nothing left", || queue.depth() == 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_what_kills_its_consumers_is_put_aside_and_does_not_delay_others() {
    with_rig(|rig| async move {
        let queue = rig.with(|options| options.delivery_limit = 2).queue();
        soon(queue.publish(message("poison"))).await.unwrap();
        for deaths in 0..3 {
            let delivery = take(&queue).await;
            assert_eq!((delivery.message().key.as_str(), delivery.deaths()), ("poison", deaths));
            drop(delivery);
            soon(queue.publish(message("good"))).await.unwrap();
            take(&queue).await.ack();
        }
        let (_connection, channel) = rig.meddle().await;
        let (properties, payload) = dead(&rig, &channel).await;
        assert_eq!(
            (properties.message_id().as_ref().unwrap().as_str(), payload.as_slice()),
            ("poison", b"poison".as_slice())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_a_message_of_an_unknown_version_is_put_aside() {
    with_rig(|rig| async move {
        let queue = rig.queue();
        soon(queue.publish(message("known"))).await.unwrap();
        let (_connection, channel) = rig.meddle().await;
        let mut headers = FieldTable::default();
        headers.insert("x-ringback-version".into(), AMQPValue::LongLongInt(99));
        let properties = BasicProperties::default().with_headers(headers);
        let (exchange, payload) = (rig.options.prefix.as_str().into(), b"from the future");
        channel
            .basic_publish(exchange, "events".into(), Default::default(), payload, properties)
            .await
            .unwrap();
        let delivery = take(&queue).await;
        assert_eq!(delivery.message().key, "known");
        delivery.ack();
        let (properties, payload) = dead(&rig, &channel).await;
        assert_eq!(payload, b"from the future");
        let headers = properties.headers().as_ref().unwrap().inner();
        assert_eq!(headers["x-ringback-reason"], AMQPValue::LongString("unknown version".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_what_a_dead_consumer_had_comes_again() {
    with_rig(|rig| async move {
        let proxy = Proxy::before(&url()).await;
        let queue = rig.at(proxy.url(&rig.url)).queue();
        soon(queue.publish(message("a"))).await.unwrap();
        let delivery = take(&queue).await;
        proxy.cut();
        let again = take(&queue).await;
        assert_eq!((again.message(), again.deaths()), (&Message { doubtful: true, ..message("a") }, 1));
        // The word about a delivery of a session that is over is lost, and does no harm.
        delivery.ack();
        again.ack();
        eventually("nothing left", || queue.depth() == 0).await;
        // The cut was through both connections, and the one for publishing may come back later.
        eventually("all is well again", || queue.trouble().is_none()).await;

        // The same when the whole queue goes.
        soon(queue.publish(message("b"))).await.unwrap();
        let delivery = take(&queue).await;
        drop(queue);
        let queue = rig.queue();
        let again = take(&queue).await;
        assert_eq!((again.message(), again.deaths()), (&Message { doubtful: true, ..message("b") }, 1));
        drop(delivery);
        again.ack();
        eventually("nothing left", || queue.depth() == 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_what_was_done_comes_again_when_its_acknowledgement_is_lost() {
    with_rig(|rig| async move {
        let proxy = Proxy::before(&url()).await;
        let queue = rig.at(proxy.url(&rig.url)).queue();
        soon(queue.publish(message("a"))).await.unwrap();
        let delivery = take(&queue).await;
        proxy.deaf(true);
        delivery.ack();
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.deaf(false);
        let again = take(&queue).await;
        assert_eq!(again.message(), &Message { doubtful: true, ..message("a") });
        again.ack();
        eventually("nothing left", || queue.depth() == 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_a_black_hole_is_noticed_and_nothing_is_lost() {
    const MANY: usize = 200;
    with_rig(|rig| async move {
        let proxy = Proxy::before(&url()).await;
        let patience = Duration::from_millis(500);
        let queue = rig
            .at(proxy.url(&rig.url))
            .with(|options| {
                options.confirm_timeout = patience;
                options.connect_timeout = patience;
            })
            .queue();
        soon(queue.publish(message("0"))).await.unwrap();
        proxy.deaf(true);
        let publishing = publish_many(&queue, MANY);
        eventually("it is said", || {
            queue.trouble().is_some_and(|trouble| trouble.contains("did not answer"))
        })
        .await;
        tokio::time::sleep(2 * patience).await;
        assert!(!publishing.is_finished());
        proxy.deaf(false);
        soon(publishing).await.unwrap();
        drain(&queue, MANY).await;
        eventually("all is well", || queue.trouble().is_none()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e7_a_long_retry_waits_in_the_broker_and_a_short_one_in_hand() {
    with_rig(|rig| async move {
        let queue = rig.queue();
        let start = now();
        let waits = [("a", 200), ("b", 1_000), ("c", 2_000), ("d", 3_300), ("e", 7_500)];
        for (key, _) in waits {
            soon(queue.publish(message(key))).await.unwrap();
        }
        for _ in waits {
            let delivery = take(&queue).await;
            let key = delivery.message().key.clone();
            let (_, wait) = waits.into_iter().find(|(k, _)| *k == key).unwrap();
            delivery.retry(later(Duration::from_millis(wait)));
        }
        eventually("only two wait in hand", || queue.depth() == 2).await;
        for (key, wait) in waits {
            let delivery = take(&queue).await;
            let waited = now() - start;
            assert_eq!(delivery.message(), &Message { tries: 7, doubtful: true, ..message(key) });
            assert_eq!(delivery.deaths(), 0, "a retry is no death");
            let wait = Duration::from_millis(wait);
            assert!(waited >= wait && waited < wait + Duration::from_millis(1500), "{key}: {waited:?}");
            delivery.ack();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b16_no_more_than_the_prefetch_is_in_hand() {
    with_rig(|rig| async move {
        let queue = rig.with(|options| options.prefetch = 4).queue();
        soon(publish_many(&queue, 20)).await.unwrap();
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(take(&queue).await);
        }
        let nothing = tokio::time::timeout(Duration::from_millis(200), queue.next()).await;
        assert!(nothing.is_err(), "the prefetch was passed");
        eventually("the rest is counted", || queue.depth() == 20).await;
        held.pop().unwrap().ack();
        held.push(take(&queue).await);
        let keys: BTreeSet<_> = held.iter().map(|delivery| delivery.message().key.clone()).collect();
        assert_eq!(keys.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_wrong_credentials_and_a_missing_vhost_are_said() {
    let rig = Rig::new(url());
    let (scheme, rest) = rig.url.split_once("//").unwrap();
    let host = rest.rsplit('@').next().unwrap().split('/').next().unwrap();
    let user = rest.rsplit_once('@').map_or("guest:guest", |(user, _)| user);
    for (url, said) in [
        (format!("{scheme}//guest:hunter2@{host}/%2f"), "ACCESS_REFUSED"),
        (format!("{scheme}//{user}@{host}/nowhere"), "vhost nowhere not found"),
    ] {
        let queue = rig.at(url).queue();
        let _published = publish(&queue, "a");
        eventually("it is said", || queue.trouble().is_some()).await;
        let trouble = queue.trouble().unwrap();
        assert!(trouble.contains(said) && !trouble.contains("hunter2"), "{trouble}");
        queue.close();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_dead_letters_are_kept_forgotten_or_put_back_to_work_and_none_is_lost() {
    with_rig(|rig| async move {
        let queue = rig.queue();
        for key in ["keep", "forget", "again", "keep too"] {
            soon(queue.publish(message(key))).await.unwrap();
            take(&queue).await.bury("nobody likes it");
        }
        let inspected = async || AmqpQueue::inspect(&rig.url, rig.options.clone()).await.unwrap();
        soon(async {
            while inspected().await.dead < 4 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        let sweep = async |most| {
            AmqpQueue::sweep_dead(&rig.url, rig.options.clone(), most, |letter: &DeadLetter| {
                assert_eq!((letter.reason.as_deref(), letter.known), (Some("nobody likes it"), true));
                match letter.message.key.as_str() {
                    "again" => Fate::Again(message("again/2")),
                    "forget" => Fate::Forget,
                    _ => Fate::Keep,
                }
            })
            .await
            .unwrap()
        };
        assert_eq!(sweep(1).await.seen(), 1, "no more than wanted");
        assert_eq!(sweep(1000).await, Swept { kept: 2, forgotten: 1, again: 1 });
        assert_eq!(take(&queue).await.message().key, "again/2");
        // However often somebody looks.
        for _ in 0..30 {
            assert_eq!(sweep(1000).await, Swept { kept: 2, forgotten: 0, again: 0 });
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_looking_at_the_broker_changes_nothing() {
    with_rig(|rig| async move {
        let inspected = async || AmqpQueue::inspect(&rig.url, rig.options.clone()).await.unwrap();
        let names = [rig.options.prefix.clone(), rig.name("events.dead"), rig.name("events")];
        for _ in 0..2 {
            let found = inspected().await;
            assert_eq!(found.missing.len(), 7, "{found:?}");
            assert!(names.iter().all(|name| found.missing.contains(name)), "{found:?}");
            assert!(found.otherwise.is_empty() && !found.blocked, "{found:?}");
        }
        let queue = rig.queue();
        soon(queue.publish(message("1"))).await.unwrap();
        let found = inspected().await;
        assert_eq!((found.missing.len(), found.consumers, found.blocked), (0, 0, false), "{found:?}");
        let (_connection, channel) = rig.meddle().await;
        let name = rig.name("events.delay.2s");
        channel
            .queue_delete(name.as_str().into(), lapin::options::QueueDeleteOptions::default())
            .await
            .unwrap();
        let options = QueueDeclareOptions::durable();
        channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await.unwrap();
        let found = inspected().await;
        assert_eq!(found.otherwise.len(), 1, "{found:?}");
        assert!(found.otherwise[0].contains(&name), "{found:?}");
    })
    .await;
}
