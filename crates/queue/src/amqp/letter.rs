//! A message on the wire: what is in the properties, and what in the headers.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::topology::Route;
use crate::Message;

/// Which of our formats it is.
const VERSION: i64 = 1;

const VERSION_HEADER: &str = "x-ringback-version";
const TRIES: &str = "x-ringback-tries";
const DEATHS: &str = "x-ringback-deaths";
const DOUBTFUL: &str = "x-ringback-doubtful";
/// When it is due, in milliseconds since 1970.
const DUE: &str = "x-ringback-due";
/// Why it was buried.
const REASON: &str = "x-ringback-reason";
/// The key, where it is too long for a message id (255 bytes).
const KEY: &str = "x-ringback-key";
const TRACEPARENT: &str = "traceparent";
/// Set by the broker: how often it was delivered and came back.
const DELIVERY_COUNT: &str = "x-delivery-count";

const PERSISTENT: u8 = 2;

/// A message and what is written beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) route: Route,
    pub(super) message: Message,
    pub(super) deaths: u32,
    /// Not to be delivered before, in milliseconds since 1970.
    pub(super) due: Option<i64>,
    pub(super) reason: Option<String>,
}

impl Letter {
    /// A message on its way to the worker.
    pub(super) fn new(message: Message) -> Self {
        Self { route: Route::Events, message, deaths: 0, due: None, reason: None }
    }

    pub(super) fn properties(&self) -> BasicProperties {
        let Message { key, tries, doubtful, traceparent, .. } = &self.message;
        let mut headers = FieldTable::default();
        let mut set = |name: &str, value: AMQPValue| {
            headers.insert(name.into(), value);
        };
        let text = |text: &str| AMQPValue::LongString(text.into());
        set(VERSION_HEADER, AMQPValue::LongLongInt(VERSION));
        set(TRIES, AMQPValue::LongLongInt((*tries).into()));
        set(DEATHS, AMQPValue::LongLongInt(self.deaths.into()));
        set(DOUBTFUL, AMQPValue::Boolean(*doubtful));
        if let Some(due) = self.due {
            set(DUE, AMQPValue::LongLongInt(due));
        }
        if let Some(reason) = &self.reason {
            set(REASON, text(reason));
        }
        if let Some(traceparent) = traceparent {
            set(TRACEPARENT, text(traceparent));
        }
        let id = ShortString::try_new(key.as_str());
        if id.is_err() {
            set(KEY, text(key));
        }
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_type("okta-event".into())
            .with_headers(headers);
        match id {
            Ok(id) => properties.with_message_id(id),
            Err(_) => properties,
        }
    }
}

/// What came out of the broker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) message: Message,
    pub(super) deaths: u32,
    pub(super) due: Option<i64>,
    /// Whether it is in a format of ours.
    pub(super) known: bool,
}

/// Reads what [`Letter::properties`] wrote, and what the broker added. What is missing or of another kind counts as nothing.
pub(super) fn open(properties: &BasicProperties, payload: Vec<u8>, redelivered: bool) -> Opened {
    let headers = properties.headers().as_ref();
    let header = |name: &str| headers.and_then(|headers| headers.inner().get(name));
    let number = |name: &str| header(name).and_then(integer);
    let count = |name: &str| u32::try_from(number(name).unwrap_or(0)).unwrap_or(0);
    let text = |name: &str| header(name).and_then(string);
    Opened {
        message: Message {
            key: key(properties),
            payload,
            tries: count(TRIES),
            doubtful: redelivered || matches!(header(DOUBTFUL), Some(AMQPValue::Boolean(true))),
            traceparent: text(TRACEPARENT),
        },
        deaths: count(DEATHS).saturating_add(count(DELIVERY_COUNT)),
        due: number(DUE),
        known: number(VERSION_HEADER) == Some(VERSION),
    }
}

/// The key of the message these properties belong to.
pub(super) fn key(properties: &BasicProperties) -> String {
    let id = properties.message_id().as_ref().map(|id| id.as_str().to_owned());
    let long = || properties.headers().as_ref().and_then(|headers| headers.inner().get(KEY)).and_then(string);
    id.or_else(long).unwrap_or_default()
}

/// Why a letter was buried.
pub(super) fn reason(properties: &BasicProperties) -> Option<String> {
    properties.headers().as_ref().and_then(|headers| headers.inner().get(REASON)).and_then(string)
}

fn integer(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(n) => Some((*n).into()),
        AMQPValue::ShortShortUInt(n) => Some((*n).into()),
        AMQPValue::ShortInt(n) => Some((*n).into()),
        AMQPValue::ShortUInt(n) => Some((*n).into()),
        AMQPValue::LongInt(n) => Some((*n).into()),
        AMQPValue::LongUInt(n) => Some((*n).into()),
        AMQPValue::LongLongInt(n) => Some(*n),
        _ => None,
    }
}

fn string(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(key: String) -> Letter {
        let message = Message {
            key,
            payload: b"{}".to_vec(),
            tries: 3,
            doubtful: true,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        };
        Letter { deaths: 2, due: Some(1_700_000_000_000), ..Letter::new(message) }
    }

    #[test]
    fn b12_what_is_written_is_read() {
        for key in ["org/uuid".to_owned(), "k".repeat(300)] {
            let letter = letter(key);
            let opened = open(&letter.properties(), letter.message.payload.clone(), false);
            let expected =
                Opened { message: letter.message, deaths: letter.deaths, due: letter.due, known: true };
            assert_eq!(opened, expected);
        }
    }

    #[test]
    fn b13_what_the_broker_says_is_added() {
        let mut letter = letter("k".to_owned());
        letter.message.doubtful = false;
        let properties = letter.properties();
        let mut headers = properties.headers().clone().unwrap();
        headers.insert(DELIVERY_COUNT.into(), AMQPValue::LongLongInt(4));
        let opened = open(&properties.with_headers(headers), Vec::new(), true);
        assert_eq!((opened.deaths, opened.message.doubtful), (6, true));
    }

    #[test]
    fn b12_a_foreign_message_is_known_as_such() {
        let opened = open(&BasicProperties::default(), b"?".to_vec(), false);
        assert_eq!((opened.known, opened.message.payload.as_slice()), (false, b"?".as_slice()));
    }
}
