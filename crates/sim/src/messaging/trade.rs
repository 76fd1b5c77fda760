//! The vendor and its front door.

use axum::Router;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};

use crate::messaging::aim::{Aim, MessagingOp};
use crate::messaging::journal::{MessagingReport, MessagingSend};
use crate::messaging::numbers::SANDBOX;
use crate::messaging::record::Records;
use crate::messaging::settings::MessagingSettings;
use crate::options::TwilioAccount;
use crate::server::Line;
use crate::twilio::{Call, Range, dressed};
use crate::vendor::{Aimed, Arrival, Trade, Vendor};

/// Twilio's Programmable Messaging and Voice.
pub enum Messaging {}

/// Simulated Twilio Programmable Messaging and Voice, of the same account as [`TwilioVerify`](crate::TwilioVerify).
pub type TwilioMessaging = Vendor<Messaging>;

impl Trade for Messaging {
    const NAME: &'static str = "twilio_messaging";
    const SEND_FACT: &'static str = "message_send";
    const REPORT_FACT: &'static str = "message_report";

    type Account = TwilioAccount;
    type Op = MessagingOp;
    type Sent = MessagingSend;
    type Report = MessagingReport;
    type Settings = MessagingSettings;
    type State = Records;

    fn sandbox() -> &'static [Range] {
        &SANDBOX
    }

    fn dressed(answer: Response) -> Response {
        dressed(answer)
    }
}

impl TwilioMessaging {
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/2010-04-01/{*path}", axum::routing::any(door)).with_state(self.clone())
    }
}

async fn door(
    State(messaging): State<TwilioMessaging>,
    Extension(line): Extension<Line>,
    arrival: Arrival,
) -> Response {
    let call = Call::new(
        arrival.method.clone(),
        &arrival.path,
        arrival.query.as_deref(),
        &arrival.headers,
        &arrival.body,
    );
    match Aim::read(&arrival.method, &arrival.path) {
        Ok(aim) => {
            let aimed = aimed(aim.op, &call);
            messaging.attend(line, arrival, Some(aimed), move |it, _| it.perform(&aim, &call)).await
        }
        Err(error) => messaging.attend(line, arrival, None, |_, _| error.into_response()).await,
    }
}

fn aimed(op: MessagingOp, call: &Call) -> Aimed<MessagingOp> {
    let to = call.parameter("To").unwrap_or_default();
    match op {
        MessagingOp::CreateMessage => Aimed::sending(op, to, "sms"),
        MessagingOp::CreateCall => Aimed::sending(op, to, "call"),
        _ => Aimed::at(op),
    }
}
