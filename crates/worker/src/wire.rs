//! How events travel: the journalled fact is the message.

use jiff::Timestamp;
use journal::Record;
use otp::{EventId, EventReceived, EventReplayed, Fact, Reading};
use queue::{Message, RelayItem};

/// What a journalled record is to the relay: events that ask something of the worker are for the queue.
pub fn read_event(record: &Record) -> RelayItem {
    if record.kind == Fact::EVENT_REPLAYED {
        return read_replay(record);
    }
    if record.kind != Fact::EVENT_RECEIVED {
        return RelayItem::Pass;
    }
    match Fact::decode(&record.kind, record.version, &record.payload) {
        Ok(Fact::EventReceived(received)) if received.event.reading != Reading::Nothing => {
            RelayItem::Publish { message: message_of(&received, record), node: received.node }
        }
        _ => RelayItem::Pass,
    }
}

fn read_replay(record: &Record) -> RelayItem {
    match Fact::decode(&record.kind, record.version, &record.payload) {
        Ok(Fact::EventReplayed(replayed)) => {
            let node = replayed.received.node.clone();
            RelayItem::Publish { message: message_again(&replayed), node }
        }
        _ => RelayItem::Pass,
    }
}

/// The message of an event that is to go through the queue again: work of its own, beside what may be left of the first time.
pub fn message_again(replayed: &EventReplayed) -> Message {
    let received = &replayed.received;
    Message {
        key: key_of(&received.event.id, received.replayed_at),
        payload: Fact::EventReceived(received.clone()).encode().2,
        traceparent: received.traceparent.clone(),
        doubtful: replayed.doubtful,
        ..Message::default()
    }
}

/// The message of an event, of which `record` is the fact.
pub(crate) fn message_of(received: &EventReceived, record: &Record) -> Message {
    Message {
        key: key_of(&received.event.id, None),
        payload: record.payload.clone(),
        traceparent: received.traceparent.clone(),
        ..Message::default()
    }
}

/// The key of an event that needs nothing more.
pub fn read_settled(record: &Record) -> Option<String> {
    match Fact::decode(&record.kind, record.version, &record.payload) {
        Ok(Fact::EventSettled(settled)) => Some(key_of(&settled.event, settled.replayed_at)),
        _ => None,
    }
}

/// The event in a message; `None` if it is none.
pub fn event_of(message: &Message) -> Option<EventReceived> {
    match Fact::decode(Fact::EVENT_RECEIVED, Fact::VERSION, &message.payload) {
        Ok(Fact::EventReceived(received)) => Some(received),
        _ => None,
    }
}

/// Each time through the queue is work of its own.
fn key_of(event: &EventId, replayed_at: Option<Timestamp>) -> String {
    match replayed_at {
        None => format!("{}/{}", event.org, event.uuid),
        Some(at) => format!("{}/{}/{at}", event.org, event.uuid),
    }
}
