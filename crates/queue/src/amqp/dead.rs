//! What lies in the dead-letter queue, for a person who wants it back at work.

use std::sync::Arc;

use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation};

use super::letter::{self, Letter};
use super::link::{Broker, Link};
use super::status::Side;
use super::topology::Route;
use crate::Message;

/// A message in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// It.
    pub message: Message,
    /// Why it was buried; `None` where the broker gave it up by itself.
    pub reason: Option<String>,
    /// Whether it is in a format of this version.
    pub known: bool,
}

/// What is to become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep,
    /// It goes: nobody needs this copy.
    Forget,
    /// This takes its place, and goes to the worker.
    Again(Message),
}

/// What became of dead letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Stayed.
    pub kept: u32,
    /// Went.
    pub forgotten: u32,
    /// Went to the worker.
    pub again: u32,
}

impl Swept {
    /// How many were looked at.
    pub fn seen(self) -> u32 {
        self.kept + self.forgotten + self.again
    }
}

/// Looks at the oldest `most` dead letters, once each. One that stays goes to the other end of its queue: put back where it was, the
/// broker would count that as a delivery, and drop it after some. A copy is confirmed before its original is given up, so that nothing is
/// lost, and what is cut off in between is there twice.
pub(super) async fn sweep(
    broker: &Broker,
    most: u32,
    mut decide: impl FnMut(&DeadLetter) -> Fate,
) -> Result<Swept, String> {
    let link = Link::open(broker, Side::Publishing).await.map_err(|err| err.to_string())?;
    let swept = each(broker, &link.channel, most, &mut decide).await;
    link.close().await;
    swept
}

async fn each(
    broker: &Broker,
    channel: &Channel,
    most: u32,
    decide: &mut impl FnMut(&DeadLetter) -> Fate,
) -> Result<Swept, String> {
    let said = |err: lapin::Error| format!("RabbitMQ: {err}");
    let patience = broker.options.confirm_timeout;
    let silent = |_| format!("RabbitMQ did not answer within {} s", patience.as_secs());
    let name = broker.topology.queue(Route::Dead);
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(said)?;
    let there = broker.topology.count(channel, Route::Dead).await.map_err(said)?;
    let mut swept = Swept::default();
    for _ in 0..there.min(most) {
        let got = channel.basic_get(name.as_str().into(), BasicGetOptions::default());
        let got = tokio::time::timeout(patience, got).await.map_err(silent)?.map_err(said)?;
        let Some(got) = got else { break };
        let lapin::message::Delivery { properties, data, acker, .. } = got.delivery;
        let opened = letter::open(&properties, data.clone(), false);
        let reason = letter::reason(&properties);
        let letter = DeadLetter { message: opened.message, reason, known: opened.known };
        let publishing = match decide(&letter) {
            Fate::Forget => {
                swept.forgotten += 1;
                None
            }
            Fate::Keep => {
                swept.kept += 1;
                Some((Route::Dead, properties, data))
            }
            Fate::Again(message) => {
                swept.again += 1;
                let letter = Letter::new(message);
                Some((Route::Events, letter.properties(), letter.message.payload))
            }
        };
        if let Some((route, properties, payload)) = publishing {
            let stored = publish(broker, channel, route, properties, Arc::from(payload));
            tokio::time::timeout(patience, stored).await.map_err(silent)??;
        }
        let acked = tokio::time::timeout(patience, acker.ack(BasicAckOptions::default())).await;
        acked.map_err(silent)?.map_err(said)?;
    }
    Ok(swept)
}

/// One at a time on this channel, so a confirm belongs to what was sent last, and so does what came back with it.
async fn publish(
    broker: &Broker,
    channel: &Channel,
    route: Route,
    properties: BasicProperties,
    payload: Arc<[u8]>,
) -> Result<(), String> {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let sent = channel
        .basic_publish(broker.topology.exchange(), route.key().into(), options, &payload, properties)
        .await
        .map_err(|err| format!("RabbitMQ: {err}"))?;
    match sent.await {
        Ok(Confirmation::Ack(None)) => Ok(()),
        Ok(_) => Err("RabbitMQ does not take messages: their queue is full, or gone".to_owned()),
        Err(err) => Err(format!("RabbitMQ: {err}")),
    }
}
