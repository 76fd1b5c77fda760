use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation, Error};
use tracing::error;

use super::letter::{self, Letter};

/// What the broker is to do with everything: say when it has nowhere to put it.
const MANDATORY: BasicPublishOptions = BasicPublishOptions { mandatory: true, immediate: false };

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The broker keeps it: it is on the disks of a majority.
    Stored,
    /// The broker takes no more for now.
    Refused,
    /// There is no queue behind its route.
    Unroutable,
}

/// The letters on their way over one channel.
///
/// The broker sends an unroutable letter back before it confirms it, and lapin hands what came back to whichever confirm is resolved
/// next: that of another letter, as often as not. So a confirm alone says nothing. It counts once every confirm that was resolved
/// before it has been looked at too, and what came back is found by its key.
#[derive(Default)]
pub(super) struct Confirms {
    flights: FuturesUnordered<BoxFuture<'static, Landing>>,
    /// Sent, and without a verdict.
    open: HashMap<u64, (Instant, Arc<Letter>)>,
    /// In the order they were sent; with those that have a verdict, or were sent again since.
    sent: VecDeque<(Instant, u64)>,
    /// Came back.
    returned: HashSet<u64>,
    /// Confirmed, and before the sweep that is under way.
    swept: Vec<u64>,
    /// Confirmed, and after it.
    confirmed: Vec<u64>,
    sweeping: bool,
}

#[expect(clippy::large_enum_variant, reason = "nearly all of them are confirms")]
enum Landing {
    Confirm(u64, Result<Confirmation, Error>),
    /// Everything that was resolved before this was sent out has been looked at.
    Sweep,
}

impl Confirms {
    /// Publishes. Only ever called from one task: lapin counts confirms in one step and sends in another.
    pub(super) fn send(
        &mut self,
        channel: Channel,
        exchange: ShortString,
        number: u64,
        letter: Arc<Letter>,
        now: Instant,
    ) {
        self.open.insert(number, (now, letter.clone()));
        self.sent.push_back((now, number));
        self.flights.push(Box::pin(async move {
            let (route, properties) = (letter.route.key().into(), letter.properties());
            let payload = &letter.message.payload;
            let confirm = match channel.basic_publish(exchange, route, MANDATORY, payload, properties).await {
                Ok(confirm) => confirm.await,
                Err(err) => Err(err),
            };
            Landing::Confirm(number, confirm)
        }));
    }

    /// When the letter that waits longest was sent.
    pub(super) fn oldest(&mut self) -> Option<Instant> {
        while let Some((at, number)) = self.sent.front() {
            if self.open.get(number).is_some_and(|(sent, _)| sent == at) {
                return Some(*at);
            }
            self.sent.pop_front();
        }
        None
    }

    /// The next verdicts; waits for ever when nothing is on its way. Fails with the channel. Cancelled, it loses nothing.
    pub(super) async fn next(&mut self) -> Result<Vec<(u64, Verdict)>, Error> {
        loop {
            let Some(landing) = self.flights.next().await else { std::future::pending().await };
            match landing {
                Landing::Sweep => return Ok(self.settle()),
                Landing::Confirm(number, confirm) => match confirm? {
                    Confirmation::Ack(returned) => {
                        self.note(returned);
                        self.confirmed.push(number);
                        self.sweep();
                    }
                    Confirmation::Nack(returned) => {
                        self.note(returned);
                        self.returned.remove(&number);
                        self.open.remove(&number);
                        return Ok(vec![(number, Verdict::Refused)]);
                    }
                    Confirmation::NotRequested => {
                        return Err(std::io::Error::other("the channel does not confirm").into());
                    }
                },
            }
        }
    }

    /// Something came back, with whichever confirm.
    fn note(&mut self, returned: Option<BasicReturnMessage>) {
        let Some(returned) = returned else { return };
        let (key, route) =
            (letter::key(&returned.delivery.properties), returned.delivery.routing_key.as_str());
        let before = self.returned.len();
        let those = self
            .open
            .iter()
            .filter(|(_, (_, letter))| letter.message.key == key && letter.route.key() == route);
        self.returned.extend(those.map(|(number, _)| *number));
        if self.returned.len() == before {
            error!(key, "RabbitMQ sent back a message that does not wait for its confirm");
        }
    }

    /// Futures are polled in the order in which they were woken: behind all that is resolved now comes the sweep.
    fn sweep(&mut self) {
        if !self.sweeping && !self.confirmed.is_empty() {
            self.sweeping = true;
            std::mem::swap(&mut self.swept, &mut self.confirmed);
            self.flights.push(Box::pin(std::future::ready(Landing::Sweep)));
        }
    }

    fn settle(&mut self) -> Vec<(u64, Verdict)> {
        self.sweeping = false;
        let verdicts = self
            .swept
            .drain(..)
            .map(|number| {
                self.open.remove(&number);
                let back = self.returned.remove(&number);
                (number, if back { Verdict::Unroutable } else { Verdict::Stored })
            })
            .collect();
        self.sweep();
        verdicts
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use lapin::message::Delivery;
    use otp::{Clock as _, SystemClock};
    use tokio::sync::Notify;

    use super::*;
    use crate::Message;

    /// As lapin does it: the first letter's confirm carries what the second one's should, and is looked at later.
    #[tokio::test]
    async fn b8_a_letter_that_came_back_with_another_ones_confirm_is_not_stored() {
        let mut confirms = Confirms::default();
        let sent = SystemClock.monotonic();
        for (number, key) in [(1, "stored"), (2, "returned")] {
            let letter = Letter::new(Message { key: key.to_owned(), ..Message::default() });
            confirms.open.insert(number, (sent, Arc::new(letter)));
        }
        let mut delivery = Delivery::mock(0, "ringback".into(), "events".into(), false, Vec::new());
        delivery.properties = confirms.open[&2].1.properties();
        let returned = BasicReturnMessage { delivery, reply_code: 312, reply_text: "NO_ROUTE".into() };
        for (number, returned) in [(2, None), (1, Some(returned))] {
            let landing = Landing::Confirm(number, Ok(Confirmation::Ack(returned)));
            confirms.flights.push(Box::pin(std::future::ready(landing)));
        }
        let mut verdicts = Vec::new();
        while verdicts.len() < 2 {
            verdicts.extend(confirms.next().await.unwrap());
        }
        verdicts.sort_by_key(|(number, _)| *number);
        assert_eq!(verdicts, [(1, Verdict::Stored), (2, Verdict::Unroutable)]);
        assert_eq!(confirms.oldest(), None);
    }

    /// What [`Confirms::sweep`] stands on.
    #[tokio::test]
    async fn b8_futures_are_polled_in_the_order_they_were_woken() {
        let wakers: Vec<_> = (0..50).map(|_| Arc::new(Notify::new())).collect();
        let mut flights: FuturesUnordered<BoxFuture<'static, usize>> = FuturesUnordered::new();
        for (number, waker) in wakers.iter().cloned().enumerate() {
            flights.push(Box::pin(async move {
                waker.notified().await;
                number
            }));
        }
        assert!(poll!(flights.next()).is_pending());
        let order: Vec<_> = (0..50).map(|n| (n * 7) % 50).collect();
        for number in &order {
            wakers[*number].notify_one();
        }
        flights.push(Box::pin(std::future::ready(usize::MAX)));
        let polled: Vec<_> = flights.collect().await;
        assert_eq!(polled[..50], order);
        assert_eq!(polled[50], usize::MAX);
    }
}
