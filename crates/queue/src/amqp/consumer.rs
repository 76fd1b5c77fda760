use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::held::{Held, Origin};
use super::letter;
use super::link::{Link, LinkError};
use super::queue::Shared;
use super::status::Side;
use super::topology::Route;

/// Takes messages out of the broker, one connection after the other.
pub(super) struct Consumer {
    shared: Arc<Shared>,
    backoff: Backoff,
    /// Connections made.
    links: u64,
}

impl Consumer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { backoff: Backoff::new(shared.entropy.clone()), shared, links: 0 }
    }

    /// Runs until the queue is closed.
    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        loop {
            let ended = match stop.run_until_cancelled(Link::open(&self.shared.broker, Side::Consuming)).await
            {
                None => return,
                Some(Ok(link)) => {
                    Side::Consuming.linked(&mut self.links);
                    let ended = self.session(&link).await;
                    if ended.is_ok() {
                        return link.close().await;
                    }
                    // A session that is over must not keep the next one waiting.
                    self.shared.runtime.spawn(link.close());
                    ended
                }
                Some(Err(err)) => Err(err),
            };
            if let Err(err) = ended {
                self.shared.status.wrong(Side::Consuming, err.to_string());
            }
            if stop.run_until_cancelled(tokio::time::sleep(self.backoff.next())).await.is_none() {
                return;
            }
        }
    }

    /// Consumes until the queue is closed or something is wrong. What is in hand then, the broker delivers again.
    async fn session(&mut self, link: &Link) -> Result<(), LinkError> {
        let session = CancellationToken::new();
        let ended = self.consume(link, &session).await;
        session.cancel();
        self.shared.shelf.clear();
        ended
    }

    async fn consume(&mut self, link: &Link, session: &CancellationToken) -> Result<(), LinkError> {
        let shared = self.shared.clone();
        let (broker, patience) = (&shared.broker, shared.broker.options.connect_timeout);
        let mut deliveries = tokio::time::timeout(patience, async {
            link.channel.basic_qos(broker.options.prefetch, BasicQosOptions::default()).await?;
            let queue = broker.topology.queue(Route::Events).as_str().into();
            link.channel
                .basic_consume(queue, "".into(), BasicConsumeOptions::default(), FieldTable::default())
                .await
        })
        .await
        .map_err(|_| LinkError::Silent { patience, doing: "starting to consume" })??;
        shared.status.well(Side::Consuming);
        // One that dies before its first pulse has not proved itself: the wait before the next one grows.
        let first = shared.clock.monotonic() + broker.options.pulse;
        let mut pulse = tokio::time::interval_at(first.into(), broker.options.pulse);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shared.stop.cancelled() => return Ok(()),
                delivery = deliveries.next() => match delivery {
                    Some(delivery) => self.receive(delivery?, session),
                    None => return Err(LinkError::Cancelled),
                },
                _ = pulse.tick() => {
                    let ready = shared.stop.run_until_cancelled(shared.ask(link));
                    match ready.await {
                        Some(asked) => asked?,
                        None => return Ok(()),
                    }
                    self.backoff.reset();
                }
            }
        }
    }

    fn receive(&self, delivery: Delivery, session: &CancellationToken) {
        let shared = &self.shared;
        let Delivery { properties, data, redelivered, acker, .. } = delivery;
        let origin = Origin::new(shared.clone(), acker, session.clone());
        let letter::Opened { message, deaths, due, known } = letter::open(&properties, data, redelivered);
        let held = Held { message, deaths, origin };
        if !known {
            return held.bury("unknown version");
        }
        let early = due.map_or(0, |due| due.saturating_sub(shared.clock.now().as_millisecond()));
        match u64::try_from(early) {
            Ok(early @ 1..) => held.later(Duration::from_millis(early)),
            // After the close the broker has it back.
            _ => drop(shared.shelf.put(held)),
        }
    }
}

impl Shared {
    /// Asks the broker how much is ready. Fails when it does not say.
    pub(super) async fn ask(&self, link: &Link) -> Result<(), LinkError> {
        let patience = self.broker.options.confirm_timeout;
        let counts = tokio::time::timeout(patience, self.broker.topology.counts(&link.channel)).await;
        let (ready, resting) =
            counts.map_err(|_| LinkError::Silent { patience, doing: "being asked how much is ready" })??;
        self.status.said(ready, resting);
        Ok(())
    }
}
