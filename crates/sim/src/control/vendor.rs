//! `/_sim/messaging/…`, `/_sim/telesign/…`, `/_sim/webhook/…` and `/_sim/lookup/…`: what they have in common.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::control::error::{ControlError, Order};
use crate::control::fault::{FaultOrder, Lasting};
use crate::control::wrong_method;
use crate::courier::CallbackError;
use crate::vendor::{Trade, Vendor, VendorRequest};

impl From<CallbackError> for ControlError {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::Unknown(_) => Self::NotFound(error.to_string()),
            _ => Self::Bad(error.to_string()),
        }
    }
}

/// Looking at a vendor, and its faults.
pub(crate) fn router<T: Trade>(name: &str, vendor: Vendor<T>) -> Router {
    let path = |what| format!("/_sim/{name}/{what}");
    Router::new()
        .route(&path("sends"), get(sends::<T>))
        .route(&path("reports"), get(reports::<T>))
        .route(&path("requests"), get(requests::<T>))
        .route(&path("faults"), post(fail::<T>).delete(heal::<T>))
        .method_not_allowed_fallback(wrong_method)
        .with_state(vendor)
}

/// A vendor in a few numbers.
pub(crate) fn summary<T: Trade>(vendor: &Vendor<T>) -> Value {
    let sandbox: Vec<Value> = T::sandbox()
        .iter()
        .map(|it| json!({ "prefix": it.prefix, "channel": it.channel, "fault": it.what }))
        .collect();
    json!({
        "requests": vendor.requests().len(),
        "sends": vendor.sends().len(),
        "reports": vendor.reports().len(),
        "faults_waiting": vendor.faults_waiting(),
        "sandbox_numbers": sandbox,
    })
}

async fn sends<T: Trade>(State(vendor): State<Vendor<T>>) -> Json<Vec<T::Sent>> {
    Json(vendor.sends())
}

async fn reports<T: Trade>(State(vendor): State<Vendor<T>>) -> Json<Vec<T::Report>> {
    Json(vendor.reports())
}

async fn requests<T: Trade>(State(vendor): State<Vendor<T>>) -> Json<Vec<VendorRequest>> {
    Json(vendor.requests())
}

async fn fail<T: Trade>(
    State(vendor): State<Vendor<T>>,
    Order(order): Order<FaultOrder<T::Op>>,
) -> Result<Json<Value>, ControlError> {
    match order.read()? {
        (op, fault, Lasting::Times(times)) => vendor.fail_times(op, times, fault),
        (op, fault, Lasting::Always) => vendor.fail_always(op, fault),
    }
    Ok(Json(json!({ "faults_waiting": vendor.faults_waiting() })))
}

async fn heal<T: Trade>(State(vendor): State<Vendor<T>>) -> Json<Value> {
    vendor.heal();
    Json(json!({ "faults_waiting": 0 }))
}
