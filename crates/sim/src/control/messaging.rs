//! `/_sim/messaging/…`: statuses and settings.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::control::error::{ControlError, Order};
use crate::messaging::MessagingSettings;

/// `{"sid": "SM…", "status": "undelivered", "error_code": 30003}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Status {
    sid: String,
    status: String,
    #[serde(default)]
    error_code: Option<u32>,
}

pub(crate) async fn status(
    State(sim): State<Control>,
    Order(order): Order<Status>,
) -> Result<Json<Value>, ControlError> {
    let status = sim.messaging.deliver_status(&order.sid, &order.status, order.error_code).await?;
    Ok(Json(json!({ "http_status": status })))
}

pub(crate) async fn settings(State(sim): State<Control>) -> Json<MessagingSettings> {
    Json(sim.messaging.settings())
}

pub(crate) async fn configure(
    state: State<Control>,
    Order(order): Order<MessagingSettings>,
) -> Json<MessagingSettings> {
    state.messaging.configure(|it| *it = order);
    settings(state).await
}
