//! The vendor and its front door.

use axum::Router;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::server::Line;
use crate::twilio::Range;
use crate::vendor::{Aimed, Arrival, Trade, Vendor};
use crate::webhook::fields::Fields;
use crate::webhook::journal::{WebhookReport, WebhookSend};
use crate::webhook::numbers::SANDBOX;
use crate::webhook::settings::WebhookSettings;

/// An operation of the vendor, to aim faults at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOp {
    /// Anything else.
    Send,
    /// `POST /webhook/report…`
    Report,
}

/// A vendor without an API of its own.
pub enum Webhook {}

/// Simulated vendor behind `/webhook/…` that takes what comes and answers as told.
pub type GenericWebhook = Vendor<Webhook>;

impl Trade for Webhook {
    const NAME: &'static str = "webhook";
    const SEND_FACT: &'static str = "webhook_send";
    const REPORT_FACT: &'static str = "webhook_report";

    type Account = ();
    type Op = WebhookOp;
    type Sent = WebhookSend;
    type Report = WebhookReport;
    type Settings = WebhookSettings;
    type State = ();

    fn sandbox() -> &'static [Range] {
        &SANDBOX
    }
}

impl GenericWebhook {
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/webhook/{*path}", axum::routing::any(door)).with_state(self.clone())
    }
}

async fn door(
    State(webhook): State<GenericWebhook>,
    Extension(line): Extension<Line>,
    arrival: Arrival,
) -> Response {
    let report = arrival.method == Method::POST && arrival.path.starts_with("/webhook/report");
    let aimed = if report {
        Aimed::at(WebhookOp::Report)
    } else {
        let fields = Fields::read(&String::from_utf8_lossy(&arrival.body));
        Aimed::sending(WebhookOp::Send, &fields.to.unwrap_or_default(), fields.channel)
    };
    let op = aimed.op;
    webhook.attend(line, arrival, Some(aimed), move |it, arrival| it.perform(op, arrival)).await
}
