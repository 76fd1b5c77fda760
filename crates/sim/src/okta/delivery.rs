//! Event-hook deliveries.

use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::{Stopwatch, iso_millis};
use crate::entropy;
use crate::okta::org::{Okta, Target};
use crate::sync::locked;

/// What came of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliveryResult {
    /// The envelope's `eventId`.
    pub event_id: String,
    /// How often it was posted: once, or twice.
    pub attempts: u32,
    /// The last answer's status; none if there was none in time.
    pub http_status: Option<u16>,
    /// The last answer's body.
    pub body: String,
    /// How long the last attempt took.
    #[serde(rename = "elapsed_ms", serialize_with = "crate::clock::as_millis")]
    pub elapsed: Duration,
}

impl DeliveryResult {
    /// Whether Okta takes the events as received.
    pub fn is_received(&self) -> bool {
        self.http_status.is_some_and(|status| (200..300).contains(&status))
    }
}

#[derive(Serialize)]
struct DeliveryFact<'a> {
    uuids: Vec<&'a str>,
    received: bool,
    result: &'a DeliveryResult,
}

impl Okta {
    /// The envelope Okta puts events into.
    pub fn envelope(&self, events: &[Value]) -> Value {
        json!({
            "eventType": "com.okta.event_hook",
            "eventTypeVersion": "1.0",
            "cloudEventsVersion": "0.1",
            "source": format!("{}/api/v1/eventHooks/who00000000000000001", self.inner.base),
            "eventId": entropy::uuid(),
            "data": { "events": events },
            "eventTime": iso_millis(self.inner.clock.now()),
            "contentType": "application/json",
        })
    }

    /// Delivers events in one batch.
    pub async fn deliver(&self, events: Vec<Value>) -> DeliveryResult {
        self.deliver_body(&self.envelope(&events)).await
    }

    /// Delivers any body: an envelope again, or a changed one.
    ///
    /// At most one retry, on a timeout or 5xx; never after a 4xx. What then is not received is lost.
    pub async fn deliver_body(&self, envelope: &Value) -> DeliveryResult {
        let mut attempts = 0;
        let result = loop {
            attempts += 1;
            let result = self.post_events(envelope, attempts).await;
            let again = result.http_status.is_none_or(|status| status >= 500);
            if attempts == 2 || !again {
                break result;
            }
        };
        let events = envelope["data"]["events"].as_array();
        let uuids = events.into_iter().flatten().filter_map(|event| event["uuid"].as_str()).collect();
        let fact = DeliveryFact { uuids, received: result.is_received(), result: &result };
        self.inner.truth.record("events", &fact);
        result
    }

    async fn post_events(&self, envelope: &Value, attempts: u32) -> DeliveryResult {
        let event_id = envelope["eventId"].as_str().unwrap_or_default().to_owned();
        let watch = Stopwatch::start();
        let posted = async {
            let answer = self.call(Method::POST, &self.events_target()?).json(envelope).send().await.ok()?;
            let status = answer.status().as_u16();
            Some((status, answer.text().await.ok()?))
        };
        let outcome = tokio::time::timeout(self.settings().delivery_timeout, posted).await.ok().flatten();
        let (http_status, body) =
            outcome.map_or((None, String::new()), |(status, body)| (Some(status), body));
        DeliveryResult { event_id, attempts, http_status, body, elapsed: watch.elapsed() }
    }

    /// Events that wait for [`flush_events`](Self::flush_events).
    pub fn queued_events(&self) -> Vec<Value> {
        locked(&self.inner.queue).clone()
    }

    /// Writes an event into the System Log, and into the queue where the event hook is registered for it.
    pub fn queue_event(&self, event: Value) {
        let registered = self.settings().event_types.iter().any(|it| event["eventType"] == it.as_str());
        if registered {
            locked(&self.inner.queue).push(event.clone());
        }
        self.log_event(event);
    }

    /// Takes all queued events, to deliver them in another order or another way.
    pub fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut *locked(&self.inner.queue))
    }

    /// Delivers all queued events in one batch; nothing if there are none.
    pub async fn flush_events(&self) -> Option<DeliveryResult> {
        let events = self.subscribed(self.take_events());
        if events.is_empty() {
            return None;
        }
        Some(self.deliver(events).await)
    }

    /// The one-time check of the event hook: whether it answers the challenge.
    pub async fn verify_event_hook(&self) -> bool {
        match self.events_target() {
            Some(target) => self.challenge(&target).await,
            None => false,
        }
    }

    /// Whether an event hook answers the challenge; one retry.
    pub(crate) async fn challenge(&self, target: &Target) -> bool {
        let challenge = entropy::opaque_id();
        for _ in 0..2 {
            let asked = async {
                let request = self.call(Method::GET, target);
                let request = request.header("x-okta-verification-challenge", &challenge);
                let answer = request.send().await.ok()?;
                let status = answer.status().as_u16();
                Some((status, answer.json::<Value>().await.unwrap_or_default()))
            };
            let outcome = tokio::time::timeout(self.settings().delivery_timeout, asked).await.ok().flatten();
            match outcome {
                Some((200, body)) => return body["verification"] == challenge.as_str(),
                Some((500.., _)) | None => {}
                Some(_) => return false,
            }
        }
        false
    }
}
