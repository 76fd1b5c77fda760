//! `/_sim/webhook/…`: answers and callbacks.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::control::error::{ControlError, Order};
use crate::webhook::{WebhookAnswer, WebhookSettings};

/// `{"answer": {"status": 202, "body": "{\"ref\":\"{id}\"}"}, "times": 1}`; without `times` it stays.
/// With `"report": true` it is what reports are answered, and stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    answer: WebhookAnswer,
    #[serde(default)]
    times: Option<usize>,
    #[serde(default)]
    report: bool,
}

pub(crate) async fn answers(State(sim): State<Control>) -> Json<Value> {
    let WebhookSettings { answer, next_answers, report_answer } = sim.webhook.settings();
    Json(json!({ "answer": answer, "next_answers": next_answers, "report_answer": report_answer }))
}

pub(crate) async fn set_answer(
    state: State<Control>,
    Order(order): Order<Answer>,
) -> Result<Json<Value>, ControlError> {
    match (order.report, order.times) {
        (true, Some(_)) => return Err(ControlError::Bad("either times or report, not both".to_owned())),
        (true, None) => state.webhook.configure(|it| it.report_answer = order.answer),
        (false, Some(times)) => (0..times).for_each(|_| state.webhook.answer_next(order.answer.clone())),
        (false, None) => state.webhook.answer_always(order.answer),
    }
    Ok(answers(state).await)
}

pub(crate) async fn forget_answers(state: State<Control>) -> Json<Value> {
    state.webhook.configure(|it| *it = WebhookSettings::default());
    answers(state).await
}

/// `{"url": "…", "headers": {"x-signature": "…"}, "body": "…"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallBack {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

pub(crate) async fn call_back(
    State(sim): State<Control>,
    Order(order): Order<CallBack>,
) -> Result<Json<Value>, ControlError> {
    let headers: Vec<(&str, &str)> =
        order.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let status = sim.webhook.call_back(&order.url, &headers, &order.body).await?;
    Ok(Json(json!({ "http_status": status })))
}
