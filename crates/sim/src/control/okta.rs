//! `/_sim/okta/…`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::control::error::{ControlError, Order};
use crate::control::fault::{FaultOrder, Lasting};
use crate::entropy;
use crate::okta::{ApiRequest, Channel, CodeCheck, FlowError, LoginOutcome, OktaOp, Purpose, User};

impl From<FlowError> for ControlError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::NoSuchUser(_) => Self::NotFound(error.to_string()),
            FlowError::NoPhone(_) => Self::Bad(error.to_string()),
        }
    }
}

pub(crate) async fn users(State(sim): State<Control>) -> Json<Vec<User>> {
    Json(sim.okta.users())
}

/// A user in a few words; `phone` is enrolled for both channels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    login: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    mobile_phone: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
}

pub(crate) async fn add_user(State(sim): State<Control>, Order(order): Order<NewUser>) -> Json<User> {
    let id = order.id.unwrap_or_else(|| entropy::okta_id("00u"));
    let mut user = User::new(&id, &order.login);
    if let Some(phone) = order.phone {
        user = user.phone(&phone);
    }
    user.mobile_phone = order.mobile_phone.or(user.mobile_phone);
    user.first_name = order.first_name.unwrap_or(user.first_name);
    user.last_name = order.last_name.unwrap_or(user.last_name);
    sim.okta.add_user(user.clone());
    Json(user)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hooks {
    hook_url: String,
    events_url: String,
}

pub(crate) async fn hooks(State(sim): State<Control>) -> Json<Value> {
    Json(json!({ "hook_url": sim.okta.hook_url(), "events_url": sim.okta.events_url() }))
}

pub(crate) async fn set_hooks(state: State<Control>, Order(order): Order<Hooks>) -> Json<Value> {
    state.okta.point_at(&order.hook_url, &order.events_url);
    hooks(state).await
}

pub(crate) async fn verify(State(sim): State<Control>) -> Json<Value> {
    Json(json!({ "verified": sim.okta.verify_event_hook().await }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    user: String,
    channel: Channel,
    #[serde(default)]
    purpose: Purpose,
}

pub(crate) async fn login(
    State(sim): State<Control>,
    Order(order): Order<Login>,
) -> Result<Json<LoginOutcome>, ControlError> {
    Ok(Json(sim.okta.ask_for_code(&order.user, order.channel, order.purpose).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrol {
    user: String,
    phone: String,
    channel: Channel,
}

pub(crate) async fn enrol(
    State(sim): State<Control>,
    Order(order): Order<Enrol>,
) -> Result<Json<LoginOutcome>, ControlError> {
    Ok(Json(sim.okta.enrol(&order.user, &order.phone, order.channel).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    user: String,
    code: String,
}

pub(crate) async fn code(
    State(sim): State<Control>,
    Order(order): Order<Code>,
) -> Result<Json<CodeCheck>, ControlError> {
    Ok(Json(sim.okta.enter_code(&order.user, &order.code).await?))
}

pub(crate) async fn events(State(sim): State<Control>) -> Json<Vec<Value>> {
    Json(sim.okta.queued_events())
}

pub(crate) async fn log(State(sim): State<Control>) -> Json<Vec<Value>> {
    Json(sim.okta.system_log())
}

pub(crate) async fn flush(State(sim): State<Control>) -> Json<Value> {
    let delivered = sim.okta.flush_events().await;
    Json(json!({ "delivered": delivered }))
}

pub(crate) async fn requests(State(sim): State<Control>) -> Json<Vec<ApiRequest>> {
    Json(sim.okta.requests())
}

pub(crate) async fn fail(
    State(sim): State<Control>,
    Order(order): Order<FaultOrder<OktaOp>>,
) -> Result<Json<Value>, ControlError> {
    match order.read()? {
        (op, fault, Lasting::Times(times)) => sim.okta.fail_times(op, times, fault),
        (op, fault, Lasting::Always) => sim.okta.fail_always(op, fault),
    }
    Ok(Json(json!({ "faults_waiting": sim.okta.faults_waiting() })))
}

pub(crate) async fn heal(State(sim): State<Control>) -> Json<Value> {
    sim.okta.heal();
    Json(json!({ "faults_waiting": 0 }))
}
