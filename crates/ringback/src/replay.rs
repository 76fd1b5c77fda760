//! Putting events through the queue again: which, and by which way.

use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use http::{Method, StatusCode};
use ledger::Ledger;
use otp::{
    Clock, EventId, EventReceived, EventReplayed, EventSource, Fact, OrgName, Reading, SystemClock,
    SystemEntropy,
};
use queue::{AmqpOptions, AmqpQueue, DeadLetter, Fate, Queue as _, Swept};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::admin_client::AdminClient;
use crate::config::Config;

/// Events in one request, and in one batch of a command.
pub(crate) const MOST: usize = 100;
/// For the broker to confirm a batch.
const CONFIRMED: Duration = Duration::from_secs(15);
/// Messages in the broker's dead-letter queue that one command looks at.
const DEAD_LETTERS: u32 = 10_000;

/// An event that somebody wants to go through the queue again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Whose; it may be left out where one org alone has it.
    pub(crate) org: Option<OrgName>,
    /// Okta's uuid of it.
    pub(crate) uuid: String,
}

/// What came of a wish.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// These are queued.
    pub(crate) queued: Vec<EventId>,
    /// These are not.
    pub(crate) refused: Vec<Refused>,
}

/// An event that cannot go through the queue again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// Okta's uuid.
    pub(crate) uuid: String,
    /// Why, for a person.
    pub(crate) why: String,
}

/// The replays of `wanted`, as far as the books know the events.
pub(crate) async fn prepare(
    ledger: &Ledger,
    wanted: &[Wanted],
    clock: &dyn Clock,
) -> anyhow::Result<(Vec<EventReplayed>, Vec<Refused>)> {
    let (mut replays, mut refused) = (Vec::new(), Vec::new());
    for it in wanted {
        match prepare_one(ledger, it, clock).await? {
            Ok(replay) => replays.push(replay),
            Err(why) => refused.push(Refused { uuid: it.uuid.clone(), why }),
        }
    }
    Ok((replays, refused))
}

async fn prepare_one(
    ledger: &Ledger,
    wanted: &Wanted,
    clock: &dyn Clock,
) -> anyhow::Result<Result<EventReplayed, String>> {
    let found = ledger.event(wanted.org.as_ref(), &wanted.uuid).await.context("the ledger cannot be read")?;
    let detail = match found.as_slice() {
        [] => return Ok(Err("there is no such event".to_owned())),
        [detail] => detail,
        _ => return Ok(Err("several orgs have it: say which with --org".to_owned())),
    };
    let row = &detail.event;
    let (Some(event), Some(received_at)) = (row.event(), row.received_at) else {
        return Ok(Err("only its end is in the books, not the event".to_owned()));
    };
    if event.reading == Reading::Nothing {
        return Ok(Err("it asks nothing of the worker".to_owned()));
    }
    let received = EventReceived {
        event,
        delivery: Uuid::nil(),
        received_at,
        node: row.node.clone().unwrap_or_default(),
        traceparent: None,
        replayed_at: None,
        source: EventSource::Hook,
    };
    Ok(Ok(EventReplayed::new(received, Some((row.state, row.settled_at)), clock.now())))
}

/// The way to the worker: the one that first deliveries take.
pub(crate) enum Way {
    /// What the broker confirms, it keeps.
    Broker(Box<Broker>),
    /// The queue is in the memory of the running service: that journals the replay and queues it.
    Service(AdminClient),
}

/// A broker, and the books beside it.
pub(crate) struct Broker {
    queue: AmqpQueue,
    url: secrecy::SecretString,
    options: AmqpOptions,
}

impl Way {
    /// The one of this configuration; `url` overrides where the service is asked. Connects to nothing yet.
    pub(crate) fn of(config: &Config, url: Option<url::Url>) -> anyhow::Result<Self> {
        if url.is_some() || !config.queue.is_broker() {
            return Ok(Self::Service(AdminClient::new(config, url)?));
        }
        let options = AmqpOptions { prefix: config.queue.prefix.clone(), ..AmqpOptions::default() };
        let (clock, entropy) = (std::sync::Arc::new(SystemClock), std::sync::Arc::new(SystemEntropy));
        let queue = AmqpQueue::new(config.queue.url.expose_secret(), options.clone(), clock, entropy)
            .context("queue.url")?;
        Ok(Self::Broker(Box::new(Broker { queue, url: config.queue.url.clone(), options })))
    }

    /// Puts at most [`MOST`] events through the queue again.
    pub(crate) async fn send(&self, ledger: &Ledger, wanted: &[Wanted]) -> anyhow::Result<Outcome> {
        match self {
            Self::Broker(broker) => {
                let (replays, refused) = prepare(ledger, wanted, &SystemClock).await?;
                broker.publish(ledger, &replays).await?;
                let queued = replays.into_iter().map(|replay| replay.received.event.id).collect();
                Ok(Outcome { queued, refused })
            }
            Self::Service(service) => ask(service, wanted).await,
        }
    }

    /// Takes the broker's own copies of dead letters out of its dead-letter queue: those of `queued`, which need none any more, and, where
    /// `others` says so, those that the books have no letter of, which go to the worker.
    pub(crate) async fn clear(
        &self,
        ledger: &Ledger,
        queued: &[EventId],
        others: impl Fn(&EventReceived, &DeadLetter) -> bool,
    ) -> anyhow::Result<Option<Cleared>> {
        match self {
            Self::Broker(broker) => broker.clear(ledger, queued, others).await.map(Some),
            Self::Service(_) => Ok(None),
        }
    }
}

/// What was found in the broker's dead-letter queue.
#[derive(Debug, Default)]
pub(crate) struct Cleared {
    /// Put back to work from there.
    pub(crate) again: Vec<EventId>,
    /// Still there.
    pub(crate) kept: u32,
}

impl Broker {
    /// First the queue, then the books: a replay that is noted and not queued would never be found again, and one that is queued and not
    /// noted is what the worker knows by the message itself.
    async fn publish(&self, ledger: &Ledger, replays: &[EventReplayed]) -> anyhow::Result<()> {
        let all = try_join_all(replays.iter().map(|it| self.queue.publish(worker::message_again(it))));
        match tokio::time::timeout(CONFIRMED, all).await {
            Ok(published) => _ = published?,
            Err(_) => anyhow::bail!(
                "RabbitMQ has not confirmed within {} s ({}): some of these may be queued; run this again",
                CONFIRMED.as_secs(),
                self.queue.trouble().unwrap_or_else(|| "it does not say why".to_owned())
            ),
        }
        note(ledger, replays).await
    }

    async fn clear(
        &self,
        ledger: &Ledger,
        queued: &[EventId],
        others: impl Fn(&EventReceived, &DeadLetter) -> bool,
    ) -> anyhow::Result<Cleared> {
        let now = SystemClock.now();
        let mut again = Vec::new();
        let decide = |letter: &DeadLetter| {
            let Some(received) = worker::event_of(&letter.message).filter(|_| letter.known) else {
                return Fate::Keep;
            };
            if queued.contains(&received.event.id) {
                return Fate::Forget;
            }
            if !others(&received, letter) {
                return Fate::Keep;
            }
            let replay = EventReplayed::new(received, None, now);
            let message = worker::message_again(&replay);
            again.push(replay);
            Fate::Again(message)
        };
        let swept =
            AmqpQueue::sweep_dead(self.url.expose_secret(), self.options.clone(), DEAD_LETTERS, decide).await;
        // What was put back to work before a failure is noted too.
        note(ledger, &again).await?;
        let Swept { kept, .. } = swept.map_err(|why| anyhow::anyhow!("{why}"))?;
        Ok(Cleared { again: again.into_iter().map(|it| it.received.event.id).collect(), kept })
    }
}

async fn note(ledger: &Ledger, replays: &[EventReplayed]) -> anyhow::Result<()> {
    let facts: Vec<_> = replays.iter().cloned().map(Fact::EventReplayed).collect();
    let noted = ledger.apply(&facts).await;
    noted.context("the events are queued, and the ledger did not note it").map(drop)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    pub(crate) events: Vec<Wanted>,
}

async fn ask(service: &AdminClient, wanted: &[Wanted]) -> anyhow::Result<Outcome> {
    let body = serde_json::to_value(Wish { events: wanted.to_vec() })?;
    let (status, body) = service
        .ask(Method::POST, &["api", "events", "replay"], Some(&body))
        .await
        .context("the queue is in the memory of a running `ringback serve`, and none could be asked")?;
    match status {
        StatusCode::OK => serde_json::from_str(&body).context("it answers something else than a replay"),
        StatusCode::UNAUTHORIZED => anyhow::bail!("the service does not take our admin.token"),
        status => anyhow::bail!("the service answers {status}: {}", body.trim()),
    }
}
