//! Looking inside and giving orders over HTTP: `/_sim/…`.

mod error;
mod fault;
mod lookup;
mod messaging;
mod okta;
mod telesign;
mod twilio;
mod vendor;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Path, State};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::SimClock;
use crate::control::error::{ControlError, Order};
use crate::handset::{Handset, Message};
use crate::lookup::TwilioLookup;
use crate::messaging::TwilioMessaging;
use crate::okta::Okta;
use crate::telesign::TelesignMessaging;
use crate::truth::Truth;
use crate::twilio::{SANDBOX, TwilioVerify};
use crate::webhook::GenericWebhook;

/// Handles to everything that can be looked at.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) url: String,
    pub(crate) twilio: TwilioVerify,
    pub(crate) messaging: TwilioMessaging,
    pub(crate) lookup: TwilioLookup,
    pub(crate) telesign: TelesignMessaging,
    pub(crate) webhook: GenericWebhook,
    pub(crate) okta: Okta,
    pub(crate) handset: Handset,
    pub(crate) clock: SimClock,
    pub(crate) truth: Truth,
    pub(crate) redirects: Arc<AtomicU64>,
}

impl Control {
    pub(crate) fn router(self) -> Router {
        let vendors = Router::new()
            .merge(vendor::router("messaging", self.messaging.clone()))
            .merge(vendor::router("lookup", self.lookup.clone()))
            .merge(vendor::router("telesign", self.telesign.clone()))
            .merge(vendor::router("webhook", self.webhook.clone()));
        Router::new()
            .route("/_sim/", get(overview))
            .route("/_sim", get(overview))
            .route("/_sim/handset/{phone}", get(inbox))
            .route("/_sim/clock", get(read_clock).post(set_clock))
            .route("/_sim/redirected", any(redirected))
            .route("/_sim/okta/users", get(okta::users).post(okta::add_user))
            .route("/_sim/okta/hooks", get(okta::hooks).post(okta::set_hooks))
            .route("/_sim/okta/verify", post(okta::verify))
            .route("/_sim/okta/login", post(okta::login))
            .route("/_sim/okta/enrol", post(okta::enrol))
            .route("/_sim/okta/code", post(okta::code))
            .route("/_sim/okta/events", get(okta::events))
            .route("/_sim/okta/log", get(okta::log))
            .route("/_sim/okta/flush", post(okta::flush))
            .route("/_sim/okta/requests", get(okta::requests))
            .route("/_sim/okta/faults", post(okta::fail).delete(okta::heal))
            .route("/_sim/twilio/sends", get(twilio::sends))
            .route("/_sim/twilio/reports", get(twilio::reports))
            .route("/_sim/twilio/requests", get(twilio::requests))
            .route("/_sim/twilio/faults", post(twilio::fail).delete(twilio::heal))
            .route("/_sim/twilio/stream", get(twilio::sink).post(twilio::set_sink))
            .route("/_sim/twilio/stream/status", post(twilio::stream))
            .route("/_sim/messaging/status", post(messaging::status))
            .route("/_sim/messaging/settings", get(messaging::settings).post(messaging::configure))
            .route("/_sim/telesign/status", post(telesign::status))
            .route("/_sim/telesign/settings", get(telesign::settings).post(telesign::configure))
            .route(
                "/_sim/webhook/answer",
                get(webhook::answers).post(webhook::set_answer).delete(webhook::forget_answers),
            )
            .route("/_sim/webhook/callback", post(webhook::call_back))
            .route("/_sim/lookup/numbers", get(lookup::numbers).post(lookup::know).delete(lookup::forget))
            .route("/_sim/{*path}", any(unknown))
            .method_not_allowed_fallback(wrong_method)
            .with_state(self)
            .merge(vendors)
    }
}

async fn overview(State(sim): State<Control>) -> Json<Value> {
    let account = sim.twilio.account();
    let phones: Vec<Value> =
        sim.handset.phones().iter().map(|(phone, n)| json!({ "phone": phone, "messages": n })).collect();
    let sandbox: Vec<Value> = SANDBOX
        .iter()
        .map(|it| json!({ "prefix": it.prefix, "channel": it.channel, "fault": it.what }))
        .collect();
    Json(json!({
        "now": sim.clock.now(),
        "clock_offset_ms": sim.clock.offset_ms(),
        "ledger_failures": sim.truth.failures(),
        "redirects_followed": sim.redirects.load(Ordering::SeqCst),
        "handset": phones,
        "twilio": {
            "base_url": sim.url,
            "account_sid": account.account_sid,
            "service_sid": account.service_sid,
            "requests": sim.twilio.requests().len(),
            "sends": sim.twilio.sends().len(),
            "reports": sim.twilio.reports().len(),
            "faults_waiting": sim.twilio.faults_waiting(),
            "sandbox_numbers": sandbox,
            "event_sink": sim.twilio.settings().event_sink,
        },
        "messaging": vendor::summary(&sim.messaging),
        "lookup": vendor::summary(&sim.lookup),
        "telesign": vendor::summary(&sim.telesign),
        "webhook": vendor::summary(&sim.webhook),
        "okta": {
            "base_url": sim.url,
            "hook_url": sim.okta.hook_url(),
            "events_url": sim.okta.events_url(),
            "users": sim.okta.users().len(),
            "requests": sim.okta.requests().len(),
            "queued_events": sim.okta.queued_events().len(),
            "faults_waiting": sim.okta.faults_waiting(),
        },
    }))
}

async fn inbox(State(sim): State<Control>, Path(phone): Path<String>) -> Json<Vec<Message>> {
    // A "+" that was not escaped arrives as it is; a missing one is added.
    let phone = if phone.starts_with('+') { phone } else { format!("+{}", phone.trim()) };
    Json(sim.handset.inbox(&phone))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    offset_ms: i64,
}

async fn read_clock(State(sim): State<Control>) -> Json<Value> {
    Json(json!({ "now": sim.clock.now(), "offset_ms": sim.clock.offset_ms() }))
}

async fn set_clock(state: State<Control>, Order(order): Order<SetClock>) -> Json<Value> {
    state.clock.set_offset_ms(order.offset_ms);
    read_clock(state).await
}

async fn redirected(State(sim): State<Control>) -> Json<Value> {
    sim.redirects.fetch_add(1, Ordering::SeqCst);
    Json(json!({ "redirected": true }))
}

async fn unknown(Path(path): Path<String>) -> ControlError {
    ControlError::NotFound(format!("there is no /_sim/{path}; see /_sim/"))
}

async fn wrong_method() -> ControlError {
    ControlError::Method
}
