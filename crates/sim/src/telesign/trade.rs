//! The vendor and its front door.

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};

use crate::fault::telesign_body;
use crate::options::TelesignAccount;
use crate::server::Line;
use crate::telesign::aim::{Aim, TelesignOp};
use crate::telesign::journal::{TelesignReport, TelesignSend};
use crate::telesign::numbers::SANDBOX;
use crate::telesign::omnichannel::number_of;
use crate::telesign::record::Records;
use crate::telesign::settings::TelesignSettings;
use crate::twilio::Range;
use crate::vendor::{Aimed, Arrival, Trade, Vendor};

/// Telesign's messaging products.
pub enum Telesign {}

/// Simulated Telesign: omnichannel, SMS Verify and plain messaging.
pub type TelesignMessaging = Vendor<Telesign>;

impl Trade for Telesign {
    const NAME: &'static str = "telesign";
    const SEND_FACT: &'static str = "telesign_send";
    const REPORT_FACT: &'static str = "telesign_report";

    type Account = TelesignAccount;
    type Op = TelesignOp;
    type Sent = TelesignSend;
    type Report = TelesignReport;
    type Settings = TelesignSettings;
    type State = Records;

    fn sandbox() -> &'static [Range] {
        &SANDBOX
    }
}

impl TelesignMessaging {
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/v1/{*path}", axum::routing::any(door)).with_state(self.clone())
    }
}

async fn door(
    State(telesign): State<TelesignMessaging>,
    Extension(line): Extension<Line>,
    arrival: Arrival,
) -> Response {
    match Aim::read(&arrival.method, &arrival.path) {
        Ok(aim) => {
            let aimed = aimed(aim.op, &arrival.body);
            telesign.attend(line, arrival, Some(aimed), move |it, arrival| it.perform(&aim, arrival)).await
        }
        Err(status) => {
            let words = status.canonical_reason().unwrap_or_default();
            let refused = (status, Json(telesign_body(3110, words, None)));
            telesign.attend(line, arrival, None, |_, _| refused.into_response()).await
        }
    }
}

fn aimed(op: TelesignOp, body: &[u8]) -> Aimed<TelesignOp> {
    let found = match op {
        TelesignOp::Omnichannel => number_of(body),
        TelesignOp::SmsVerify | TelesignOp::Messaging => url::form_urlencoded::parse(body)
            .find(|(name, _)| name == "phone_number")
            .map(|(_, number)| (number.into_owned(), "sms")),
        TelesignOp::Status | TelesignOp::Completion => None,
    };
    match found {
        Some((number, channel)) => Aimed::sending(op, &format!("+{number}"), channel),
        None => Aimed::at(op),
    }
}
