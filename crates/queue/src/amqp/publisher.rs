use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use lapin::Event;
use lapin::options::ConfirmSelectOptions;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::backoff::Backoff;
use super::confirms::{Confirms, Verdict};
use super::held::Origin;
use super::letter::Letter;
use super::link::{Link, LinkError};
use super::queue::Shared;
use super::status::Side;

/// Taken from the inbox at once.
const BATCH: usize = 256;

/// Something to be published.
pub(super) struct Outgoing {
    pub(super) letter: Arc<Letter>,
    pub(super) receipt: Receipt,
}

/// Who is told when it is stored. Dropped, they learn that it may not be.
pub(super) enum Receipt {
    /// Who called `publish`, and their place among the unconfirmed.
    Caller { stored: oneshot::Sender<()>, _room: OwnedSemaphorePermit },
    /// The delivery this takes the place of.
    Origin(Origin),
}

impl Receipt {
    fn stored(self) {
        match self {
            // The caller may have gone.
            Self::Caller { stored, .. } => drop(stored.send(())),
            Self::Origin(origin) => origin.ack(),
        }
    }

    /// Nobody needs it any more: the broker delivers the original again.
    fn moot(&self) -> bool {
        matches!(self, Self::Origin(origin) if origin.over())
    }
}

/// Puts messages into the broker, one connection after the other. What is not confirmed stays here and is published again.
pub(super) struct Publisher {
    shared: Arc<Shared>,
    inbox: mpsc::UnboundedReceiver<Outgoing>,
    /// What has no verdict, by age.
    pending: BTreeMap<u64, Outgoing>,
    numbers: u64,
    backoff: Backoff,
    /// Connections made.
    links: u64,
}

impl Publisher {
    pub(super) fn new(shared: Arc<Shared>, inbox: mpsc::UnboundedReceiver<Outgoing>) -> Self {
        let backoff = Backoff::new(shared.entropy.clone());
        Self { shared, inbox, pending: BTreeMap::new(), numbers: 0, backoff, links: 0 }
    }

    fn accept(&mut self, outgoing: Outgoing) -> u64 {
        self.numbers += 1;
        self.pending.insert(self.numbers, outgoing);
        self.numbers
    }

    /// Runs until the queue is closed.
    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        loop {
            let ended =
                match stop.run_until_cancelled(Link::open(&self.shared.broker, Side::Publishing)).await {
                    None => return,
                    Some(Ok(link)) => {
                        Side::Publishing.linked(&mut self.links);
                        let ended = self.session(&link).await;
                        blocked(false);
                        if ended.is_ok() {
                            // Callers are told before the goodbye, which may take a while.
                            drop(self);
                            return link.close().await;
                        }
                        // A session that is over must not keep the next one waiting.
                        self.shared.runtime.spawn(link.close());
                        ended
                    }
                    Some(Err(err)) => Err(err),
                };
            if let Err(err) = ended {
                self.shared.status.wrong(Side::Publishing, err.to_string());
            }
            if stop.run_until_cancelled(tokio::time::sleep(self.backoff.next())).await.is_none() {
                return;
            }
        }
    }

    /// Publishes until the queue is closed or something is wrong.
    async fn session(&mut self, link: &Link) -> Result<(), LinkError> {
        let shared = self.shared.clone();
        let options = &shared.broker.options;
        let mut events = Box::pin(link.connection.events_listener());
        tokio::time::timeout(
            options.connect_timeout,
            link.channel.confirm_select(ConfirmSelectOptions::default()),
        )
        .await
        .map_err(|_| LinkError::Silent { patience: options.connect_timeout, doing: "setting up" })??;
        shared.status.well(Side::Publishing);

        let mut confirms = Confirms::default();
        let mut unsent: BTreeSet<u64> = self.pending.keys().copied().collect();
        // What was refused and is not stored yet.
        let mut refused: HashSet<u64> = HashSet::new();
        let mut refusals = Backoff::new(shared.entropy.clone());
        // Until then nothing is sent: the broker refused something.
        let mut pause: Option<Instant> = None;
        let mut unroutable = false;
        // Until then no confirm is overdue: the broker had said that it takes nothing.
        let mut excused = shared.clock.monotonic();
        let mut batch = Vec::with_capacity(BATCH);
        let mut pulse = tokio::time::interval_at((excused + options.pulse).into(), options.pulse);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if pause.is_none() && !unsent.is_empty() {
                if std::mem::take(&mut unroutable) {
                    let patience = options.connect_timeout;
                    tokio::time::timeout(patience, shared.broker.topology.declare(&link.channel))
                        .await
                        .map_err(|_| LinkError::Silent { patience, doing: "setting up" })??;
                }
                let now = shared.clock.monotonic();
                while let Some(number) = unsent.pop_first() {
                    let Some(outgoing) = self.pending.get(&number) else { continue };
                    if outgoing.receipt.moot() {
                        self.pending.remove(&number);
                        refused.remove(&number);
                        continue;
                    }
                    let exchange = shared.broker.topology.exchange();
                    confirms.send(link.channel.clone(), exchange, number, outgoing.letter.clone(), now);
                }
            }
            let overdue = confirms.oldest().map(|sent| (sent + options.confirm_timeout).max(excused));
            tokio::select! {
                () = shared.stop.cancelled() => return Ok(()),
                verdicts = confirms.next() => for (number, verdict) in verdicts? {
                    match verdict {
                        Verdict::Stored => {
                            self.backoff.reset();
                            if refused.remove(&number) && refused.is_empty() {
                                refusals.reset();
                                shared.status.well(Side::Publishing);
                            }
                            if let Some(outgoing) = self.pending.remove(&number) {
                                outgoing.receipt.stored();
                            }
                        }
                        Verdict::Refused | Verdict::Unroutable => {
                            unroutable |= verdict == Verdict::Unroutable;
                            unsent.insert(number);
                            refused.insert(number);
                            if pause.is_none() {
                                shared.status.wrong(Side::Publishing, refusal(verdict).to_owned());
                                pause = Some(shared.clock.monotonic() + refusals.next());
                            }
                        }
                    }
                },
                _ = self.inbox.recv_many(&mut batch, BATCH) => for outgoing in batch.drain(..) {
                    unsent.insert(self.accept(outgoing));
                },
                Some(event) = events.next() => match event {
                    Event::ConnectionBlocked(why) => {
                        blocked(true);
                        shared.status.wrong(Side::Publishing, format!("RabbitMQ takes no messages: {why}"));
                    }
                    Event::ConnectionUnblocked => {
                        blocked(false);
                        excused = shared.clock.monotonic() + options.confirm_timeout;
                        shared.status.well(Side::Publishing);
                    }
                    Event::Error(err) => return Err(err.into()),
                    _ => {}
                },
                () = at(pause) => pause = None,
                () = at(overdue) => {
                    if !link.connection.status().blocked() {
                        return Err(LinkError::Silent { patience: options.confirm_timeout, doing: "confirming" });
                    }
                    excused = shared.clock.monotonic() + options.confirm_timeout;
                }
                _ = pulse.tick() => if !link.connection.status().blocked() {
                    match shared.stop.run_until_cancelled(shared.ask(link)).await {
                        Some(asked) => asked?,
                        None => return Ok(()),
                    }
                    self.backoff.reset();
                }
            }
        }
    }
}

fn refusal(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unroutable => "RabbitMQ sent messages back: their queue or its binding is gone",
        Verdict::Refused | Verdict::Stored => {
            "RabbitMQ refuses messages: their queue is full or without a leader"
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

fn blocked(now: bool) {
    metrics::gauge!("ringback_queue_blocked").set(if now { 1.0 } else { 0.0 });
}
