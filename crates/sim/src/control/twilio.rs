//! `/_sim/twilio/…`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::control::error::{ControlError, Order};
use crate::control::fault::{FaultOrder, Lasting};
use crate::twilio::{Report, Request, Send, VerifyOp};

pub(crate) async fn sends(State(sim): State<Control>) -> Json<Vec<Send>> {
    Json(sim.twilio.sends())
}

pub(crate) async fn reports(State(sim): State<Control>) -> Json<Vec<Report>> {
    Json(sim.twilio.reports())
}

pub(crate) async fn requests(State(sim): State<Control>) -> Json<Vec<Request>> {
    Json(sim.twilio.requests())
}

pub(crate) async fn fail(
    State(sim): State<Control>,
    Order(order): Order<FaultOrder<VerifyOp>>,
) -> Result<Json<Value>, ControlError> {
    match order.read()? {
        (op, fault, Lasting::Times(times)) => sim.twilio.fail_times(op, times, fault),
        (op, fault, Lasting::Always) => sim.twilio.fail_always(op, fault),
    }
    Ok(Json(json!({ "faults_waiting": sim.twilio.faults_waiting() })))
}

pub(crate) async fn heal(State(sim): State<Control>) -> Json<Value> {
    sim.twilio.heal();
    Json(json!({ "faults_waiting": 0 }))
}

/// `{"url": "…"}`: where the event stream goes; `null` stops it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sink {
    url: Option<String>,
}

pub(crate) async fn sink(State(sim): State<Control>) -> Json<Value> {
    Json(json!({ "url": sim.twilio.settings().event_sink }))
}

pub(crate) async fn set_sink(state: State<Control>, Order(order): Order<Sink>) -> Json<Value> {
    state.twilio.configure(|it| it.event_sink = order.url);
    sink(state).await
}

/// `{"sid": "VL…", "status": "delivered"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Streamed {
    sid: String,
    status: String,
}

pub(crate) async fn stream(
    State(sim): State<Control>,
    Order(order): Order<Streamed>,
) -> Result<Json<Value>, ControlError> {
    let status = sim.twilio.stream_message_status(&order.sid, &order.status).await?;
    Ok(Json(json!({ "http_status": status })))
}
