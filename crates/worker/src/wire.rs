//! How events travel: the journalled fact is the message.

use journal::Record;
use otp::{EventId, EventReceived, Fact, Reading};
use queue::{Message, RelayItem};

/// What a journalled record is to the relay: events that ask something of the worker are for the queue.
pub fn read_event(record: &Record) -> RelayItem {
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

/// The message of an event, of which `record` is the fact.
pub(crate) fn message_of(received: &EventReceived, record: &Record) -> Message {
    Message {
        key: key(&received.event.id),
        payload: record.payload.clone(),
        traceparent: received.traceparent.clone(),
        ..Message::default()
    }
}

/// The key of an event that needs nothing more.
pub fn read_settled(record: &Record) -> Option<String> {
    match Fact::decode(&record.kind, record.version, &record.payload) {
        Ok(Fact::EventSettled(settled)) => Some(key(&settled.event)),
        _ => None,
    }
}

/// The event in a message; `None` if it is none.
pub(crate) fn event_of(message: &Message) -> Option<EventReceived> {
    match Fact::decode(Fact::EVENT_RECEIVED, Fact::VERSION, &message.payload) {
        Ok(Fact::EventReceived(received)) => Some(received),
        _ => None,
    }
}

fn key(event: &EventId) -> String {
    format!("{}/{}", event.org, event.uuid)
}
