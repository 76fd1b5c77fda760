//! What stands in the broker, looked at and left as it is.

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, ExchangeKind};

use super::link::{Broker, Link, LinkError};
use super::status::Side;
use super::topology::{DeclareError, Route};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The exchange and queues that are not there yet; the service declares them.
    pub missing: Vec<String>,
    /// Those that stand there with other properties than ours: what the broker says of each.
    pub otherwise: Vec<String>,
    /// Messages that wait for a worker.
    pub ready: u32,
    /// Messages that wait to be tried again.
    pub resting: u32,
    /// Messages that were given up.
    pub dead: u32,
    /// Workers that take messages.
    pub consumers: u32,
    /// The broker takes no message at present: an alarm of memory or disk.
    pub blocked: bool,
}

/// 404: it is not there.
const NOT_FOUND: u16 = 404;

pub(super) async fn inspect(broker: &Broker) -> Result<Inspection, String> {
    let link = Link::bare(broker, Side::Publishing).await.map_err(|err| err.to_string())?;
    let patience = broker.options.connect_timeout;
    let looked = tokio::time::timeout(patience, look(broker, &link)).await;
    let found = match looked {
        Ok(looked) => match looked {
            Ok(mut found) => {
                found.blocked = is_blocked(broker, &link).await;
                Ok(found)
            }
            Err(err) => Err(err.to_string()),
        },
        Err(_) => Err(LinkError::Silent { patience, doing: "being looked at" }.to_string()),
    };
    link.close().await;
    found
}

async fn look(broker: &Broker, link: &Link) -> Result<Inspection, LinkError> {
    let mut found = Inspection::default();
    // Whatever is not as asked closes its channel: one for each question.
    let channel = link.connection.create_channel().await?;
    let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let exchange = broker.topology.exchange();
    let asked =
        channel.exchange_declare(exchange.clone(), ExchangeKind::Direct, options, FieldTable::default());
    let exchange_there = is_there(asked.await)?.is_some();
    if !exchange_there {
        found.missing.push(exchange.to_string());
    }
    for route in super::topology::Topology::routes() {
        let name = broker.topology.queue(route);
        let channel = link.connection.create_channel().await?;
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        let asked = channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await;
        let Some(queue) = is_there(asked)? else {
            found.missing.push(name);
            continue;
        };
        match route {
            Route::Events => {
                (found.ready, found.consumers) = (queue.message_count(), queue.consumer_count());
            }
            Route::Dead => found.dead = queue.message_count(),
            Route::Delay(_) => found.resting += queue.message_count(),
        }
        // It is there, so declaring it changes nothing: the broker compares.
        let channel = link.connection.create_channel().await?;
        match broker.topology.declare_queue(&channel, route).await {
            Ok(()) => {}
            Err(err @ DeclareError::Otherwise { .. }) => found.otherwise.push(err.to_string()),
            Err(err) => return Err(err.into()),
        }
    }
    Ok(found)
}

fn is_there<T>(asked: Result<T, lapin::Error>) -> Result<Option<T>, lapin::Error> {
    match asked {
        Ok(there) => Ok(Some(there)),
        Err(err) => match err.kind() {
            lapin::ErrorKind::ProtocolError(said) if said.get_id() == NOT_FOUND => Ok(None),
            _ => Err(err),
        },
    }
}

/// A broker says that it blocks a connection when that publishes: something that goes nowhere, to the one exchange where this user surely
/// may write. Where it is not there yet, nobody can say.
async fn is_blocked(broker: &Broker, link: &Link) -> bool {
    let confirmed =
        tokio::time::timeout(broker.options.confirm_timeout, publish(broker, &link.channel)).await;
    confirmed.is_err() || link.connection.status().blocked()
}

async fn publish(broker: &Broker, channel: &Channel) -> Result<(), lapin::Error> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let (exchange, options) = (broker.topology.exchange(), BasicPublishOptions::default());
    let sent = channel.basic_publish(exchange, "nowhere".into(), options, b"", BasicProperties::default());
    sent.await?.await?;
    Ok(())
}
