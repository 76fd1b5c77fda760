//! What is set up in the broker, all of it declared here, at each connect, in the same way every time:
//!
//! | name | what |
//! |---|---|
//! | `{prefix}` | exchange, direct, durable |
//! | `{prefix}.events` | queue, quorum: the messages. What was delivered too often goes to `.dead` |
//! | `{prefix}.events.dead` | queue, quorum: what was buried or delivered too often, for somebody to look at |
//! | `{prefix}.events.delay.2s`, `.5s`, `.15s`, `.60s` | queues, quorum: what waits to be tried again; goes back to `.events` after that time |
//!
//! Each queue is bound to the exchange by its name without the prefix (`events`, `events.dead`, …). What stands there with other
//! properties is never deleted: [`DeclareError`] says which it is.

use std::time::Duration;

use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use super::options::AmqpOptions;

/// How long each delay queue keeps a message, and its name.
const TIERS: [(Duration, &str); 4] = [
    (Duration::from_secs(2), "events.delay.2s"),
    (Duration::from_secs(5), "events.delay.5s"),
    (Duration::from_secs(15), "events.delay.15s"),
    (Duration::from_secs(60), "events.delay.60s"),
];
const EVENTS: &str = "events";
const DEAD: &str = "events.dead";

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Events,
    Dead,
    /// To `Events`, by way of the delay queue with this number.
    Delay(usize),
}

impl Route {
    /// The longest delay that is not longer than `after`; `None` if it is shorter than all.
    pub(super) fn delay(after: Duration) -> Option<Self> {
        TIERS.iter().rposition(|(tier, _)| *tier <= after).map(Self::Delay)
    }

    /// What it is called at the exchange.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Events => EVENTS,
            Self::Dead => DEAD,
            Self::Delay(tier) => TIERS[tier].1,
        }
    }
}

/// Why the set-up failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeclareError {
    /// Somebody declared it with other properties.
    #[error(
        "`{name}` stands in the broker with other properties than ours ({said}): move its messages away and delete it, or set another \
         prefix"
    )]
    Otherwise { name: String, said: String },
    /// Anything else, a lost connection for one.
    #[error("`{name}` could not be declared: {source}")]
    Other { name: String, source: lapin::Error },
}

/// The names, made once, and their properties.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    prefix: String,
    exchange: ShortString,
    delivery_limit: u32,
    max_length: Option<u32>,
}

impl Topology {
    /// The prefix's length was checked with the URL.
    pub(super) fn new(options: &AmqpOptions) -> Self {
        let prefix = options.prefix.clone();
        let AmqpOptions { delivery_limit, max_length, .. } = *options;
        Self { exchange: prefix.as_str().into(), prefix, delivery_limit, max_length }
    }

    pub(super) fn exchange(&self) -> ShortString {
        self.exchange.clone()
    }

    /// The queue behind a route.
    pub(super) fn queue(&self, route: Route) -> String {
        format!("{}.{}", self.prefix, route.key())
    }

    pub(super) fn routes() -> impl Iterator<Item = Route> {
        // What others point at comes first.
        [Route::Dead, Route::Events].into_iter().chain((0..TIERS.len()).map(Route::Delay))
    }

    fn arguments(&self, route: Route) -> FieldTable {
        let mut arguments = FieldTable::default();
        let mut set = |name: &str, value: AMQPValue| {
            arguments.insert(name.into(), value);
        };
        let word = |word: &str| AMQPValue::LongString(word.into());
        set("x-queue-type", word("quorum"));
        let next = match route {
            Route::Events => DEAD,
            Route::Delay(_) => EVENTS,
            Route::Dead => return arguments,
        };
        set("x-dead-letter-exchange", word(&self.prefix));
        set("x-dead-letter-routing-key", word(next));
        // The broker moves a message with a confirm of its own, which asks for the overflow rule.
        set("x-dead-letter-strategy", word("at-least-once"));
        set("x-overflow", word("reject-publish"));
        match route {
            Route::Events => {
                set("x-delivery-limit", AMQPValue::LongLongInt(self.delivery_limit.into()));
                if let Some(most) = self.max_length {
                    set("x-max-length", AMQPValue::LongLongInt(most.into()));
                }
            }
            Route::Delay(tier) => {
                let ttl = i64::try_from(TIERS[tier].0.as_millis()).unwrap_or(i64::MAX);
                set("x-message-ttl", AMQPValue::LongLongInt(ttl));
            }
            Route::Dead => {}
        }
        arguments
    }

    /// Sets up what is missing.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<(), DeclareError> {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel
            .exchange_declare(self.exchange(), ExchangeKind::Direct, options, FieldTable::default())
            .await
            .map_err(|err| why(&self.prefix, err))?;
        for route in Self::routes() {
            self.declare_queue(channel, route).await?;
            let name = self.queue(route);
            channel
                .queue_bind(
                    name.as_str().into(),
                    self.exchange(),
                    route.key().into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
                .map_err(|err| why(&name, err))?;
        }
        Ok(())
    }

    /// One queue.
    pub(super) async fn declare_queue(&self, channel: &Channel, route: Route) -> Result<(), DeclareError> {
        let name = self.queue(route);
        channel
            .queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), self.arguments(route))
            .await
            .map_err(|err| why(&name, err))?;
        Ok(())
    }

    /// How many messages are ready in the main queue, and how many rest in those for delays. Fails, and closes the channel, where one is
    /// gone.
    pub(super) async fn counts(&self, channel: &Channel) -> Result<(u32, u32), lapin::Error> {
        let ready = self.count(channel, Route::Events).await?;
        let mut resting = 0u32;
        for tier in 0..TIERS.len() {
            resting = resting.saturating_add(self.count(channel, Route::Delay(tier)).await?);
        }
        Ok((ready, resting))
    }

    pub(super) async fn count(&self, channel: &Channel, route: Route) -> Result<u32, lapin::Error> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        let name = self.queue(route);
        let queue = channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await?;
        Ok(queue.message_count())
    }

    /// Deletes all of it, with the messages.
    pub(super) async fn delete(&self, channel: &Channel) -> Result<(), lapin::Error> {
        for route in Self::routes() {
            channel.queue_delete(self.queue(route).as_str().into(), QueueDeleteOptions::default()).await?;
        }
        channel.exchange_delete(self.exchange(), ExchangeDeleteOptions::default()).await
    }
}

/// 406: it is there with other properties.
const PRECONDITION_FAILED: u16 = 406;

fn why(name: &str, error: lapin::Error) -> DeclareError {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(said) if said.get_id() == PRECONDITION_FAILED => {
            DeclareError::Otherwise { name: name.to_owned(), said: said.get_message().to_string() }
        }
        _ => DeclareError::Other { name: name.to_owned(), source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e7_a_delay_takes_the_longest_queue_that_is_not_too_long() {
        let key = |seconds| Route::delay(Duration::from_secs(seconds)).map(Route::key);
        assert_eq!(key(1), None);
        assert_eq!(key(2), Some("events.delay.2s"));
        assert_eq!(key(14), Some("events.delay.5s"));
        assert_eq!(key(15), Some("events.delay.15s"));
        assert_eq!(key(3600), Some("events.delay.60s"));
    }
}
