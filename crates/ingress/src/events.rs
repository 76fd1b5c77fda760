//! `GET` and `POST /okta/{org}/events`: Okta's event hook.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use okta::{EventDelivery, Parsed};
use otp::{EventReceived, EventSource, Fact, OrgName, Quarantined, Reading, SendNoted};
use tracing::{Instrument as _, debug_span, error, info, warn};
use uuid::Uuid;

use crate::door;
use crate::http::unavailable;
use crate::settings::Settings;
use crate::state::Ingress;

/// The one-time verification: echoes Okta's challenge.
pub(crate) async fn challenge(
    State(ingress): State<Arc<Ingress>>,
    Path(org): Path<String>,
    headers: HeaderMap,
) -> Response {
    let org = match door::admit(&ingress, &org, &headers, "events").await {
        Ok(org) => org,
        Err(status) => return status.into_response(),
    };
    let Some(challenge) = okta::challenge(&headers) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    info!(org = %org.name, "event hook verified");
    let mut response = okta::challenge_answer(&challenge).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A delivery: 200 once every event is on disk. What cannot be understood is put aside, sealed, and answered 200 too, because Okta
/// never sends it again after a 4xx; what cannot be written is 503, because then Okta does.
pub(crate) async fn delivery(
    State(ingress): State<Arc<Ingress>>,
    Path(org): Path<String>,
    request: Request<Body>,
) -> Response {
    let org = match door::admit(&ingress, &org, request.headers(), "events").await {
        Ok(org) => org.name.clone(),
        Err(status) => return status.into_response(),
    };
    let came_under = request.headers().get(trace::HEADER).and_then(|value| value.to_str().ok());
    let came_under = came_under.filter(|text| trace::is_traceparent(text)).map(str::to_owned);
    // Okta tries a refused delivery once more and then never again: a short wait loses less than a refusal.
    let place = ingress.deliveries.clone().acquire_owned();
    let Ok(Ok(_place)) = tokio::time::timeout(Settings::DELIVERY_PLACE_TIME, place).await else {
        return unavailable();
    };
    let body = match door::json_body(request, Settings::DELIVERY_BODY, Settings::DELIVERY_BODY_TIME).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    otp::crash_point!("delivery.parsed");
    let delivery = ingress.entropy.id(ingress.clock.as_ref());
    let span = debug_span!(target: trace::TARGET, "event delivery", otel.kind = "server", %org, %delivery);
    trace::continue_from(&span, came_under.as_deref());
    let traceparent = trace::context_of(&span).or(came_under).unwrap_or_else(|| {
        let (trace, span) = ingress.entropy.id(ingress.clock.as_ref()).as_u64_pair();
        trace::fresh(delivery.as_u128(), trace ^ span)
    });
    record(&ingress, Received { delivery, org, body, traceparent }).instrument(span).await
}

async fn record(ingress: &Ingress, received: Received) -> Response {
    let Some(facts) = received.facts(ingress) else { return unavailable() };
    if facts.is_empty() {
        return StatusCode::OK.into_response();
    }
    match ingress.record(&facts).await {
        Ok(()) => {
            otp::crash_point!("delivery.after_record");
            StatusCode::OK.into_response()
        }
        Err(err) => {
            error!(org = %received.org, error = %err, "event delivery refused: it cannot be recorded");
            unavailable()
        }
    }
}

struct Received {
    delivery: Uuid,
    org: OrgName,
    body: Bytes,
    traceparent: String,
}

impl Received {
    /// What is to be written; `None` when the body had to be sealed and could not be.
    fn facts(&self, ingress: &Ingress) -> Option<Vec<Fact>> {
        let delivery = match EventDelivery::parse(&self.body, &self.org) {
            Ok(delivery) => delivery,
            Err(err) => return Some(vec![self.quarantine(ingress, &err.to_string())?]),
        };
        let (received_at, node) = (ingress.clock.now(), ingress.journal.node());
        let mut facts = Vec::with_capacity(delivery.events.len());
        let (mut dropped, mut unreadable) = (0u32, None);
        for parsed in delivery.events {
            match parsed {
                Parsed::Event(event) => {
                    if event.reading != Reading::Nothing
                        && let Some(user) = &event.okta_user_id
                    {
                        ingress.dispatcher.verified(&self.org, user);
                    }
                    let result = if event.reading == Reading::Nothing { "skipped" } else { "queued" };
                    count(&event.event_type, result);
                    let (delivery, node) = (self.delivery, node.to_owned());
                    let traceparent = Some(self.traceparent.clone());
                    facts.push(Fact::EventReceived(EventReceived {
                        event,
                        delivery,
                        received_at,
                        node,
                        traceparent,
                        replayed_at: None,
                        source: EventSource::Hook,
                    }));
                }
                Parsed::Send(event) => {
                    count(&event.event_type, "noted");
                    let node = node.to_owned();
                    facts.push(Fact::SendNoted(SendNoted {
                        event,
                        source: EventSource::Hook,
                        received_at,
                        node,
                    }));
                }
                Parsed::OtherType(_) => {
                    // The type's name is the sender's to choose: no label is made of it.
                    count("other", "dropped");
                    dropped += 1;
                }
                Parsed::Unreadable { reason } => unreadable = Some(reason),
            }
        }
        let events = facts.len();
        if let Some(reason) = &unreadable {
            facts.push(self.quarantine(ingress, reason)?);
        }
        info!(org = %self.org, delivery = %self.delivery, traceparent = self.traceparent, events, dropped, quarantined = unreadable.is_some(), "event delivery");
        Some(facts)
    }

    fn quarantine(&self, ingress: &Ingress, reason: &str) -> Option<Fact> {
        count("unreadable", "quarantined");
        warn!(org = %self.org, delivery = %self.delivery, bytes = self.body.len(), reason, "event delivery put aside: not understood");
        let id = self.delivery;
        let sealed_body = ingress.vault.seal(&self.body, &id.to_string()).ok()?;
        Some(Fact::Quarantined(Quarantined {
            id,
            org: self.org.clone(),
            reason: reason.to_owned(),
            bytes: self.body.len() as u64,
            sealed_body,
            received_at: ingress.clock.now(),
            node: ingress.journal.node().to_owned(),
        }))
    }
}

fn count(event_type: &str, result: &'static str) {
    metrics::counter!("ringback_events_total", "type" => event_type.to_owned(), "result" => result)
        .increment(1);
}
