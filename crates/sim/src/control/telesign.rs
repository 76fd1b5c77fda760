//! `/_sim/telesign/…`: statuses and settings.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::control::error::{ControlError, Order};
use crate::telesign::TelesignSettings;

/// `{"reference_id": "…", "code": 3000}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Status {
    reference_id: String,
    code: i32,
}

pub(crate) async fn status(
    State(sim): State<Control>,
    Order(order): Order<Status>,
) -> Result<Json<Value>, ControlError> {
    let status = sim.telesign.deliver_status(&order.reference_id, order.code).await?;
    Ok(Json(json!({ "http_status": status })))
}

pub(crate) async fn settings(State(sim): State<Control>) -> Json<TelesignSettings> {
    Json(sim.telesign.settings())
}

pub(crate) async fn configure(
    state: State<Control>,
    Order(order): Order<TelesignSettings>,
) -> Json<TelesignSettings> {
    state.telesign.configure(|it| *it = order);
    settings(state).await
}
