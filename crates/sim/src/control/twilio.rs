//! `/_sim/twilio/…`

use axum::Json;
use axum::extract::State;
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
