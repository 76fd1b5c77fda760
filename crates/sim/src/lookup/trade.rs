//! The vendor and its front door.

use axum::Router;
use axum::extract::{Extension, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::lookup::journal::{LookedUp, NoReport};
use crate::lookup::known::LookupSettings;
use crate::lookup::numbers::SANDBOX;
use crate::options::TwilioAccount;
use crate::server::Line;
use crate::twilio::{Call, Range, dressed};
use crate::vendor::{Aimed, Arrival, Trade, Vendor};

/// An operation of Lookup, to aim faults at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupOp {
    /// `GET /v2/PhoneNumbers/{number}`
    Fetch,
}

/// Twilio Lookup v2.
pub enum Lookup {}

/// Simulated Twilio Lookup, of the same account as [`TwilioVerify`](crate::TwilioVerify). Its sends are lookups.
pub type TwilioLookup = Vendor<Lookup>;

impl Trade for Lookup {
    const NAME: &'static str = "twilio_lookup";
    const SEND_FACT: &'static str = "lookup";
    const REPORT_FACT: &'static str = "lookup_report";

    type Account = TwilioAccount;
    type Op = LookupOp;
    type Sent = LookedUp;
    type Report = NoReport;
    type Settings = LookupSettings;
    type State = ();

    fn sandbox() -> &'static [Range] {
        &SANDBOX
    }

    fn dressed(answer: Response) -> Response {
        dressed(answer)
    }
}

impl TwilioLookup {
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/v2/PhoneNumbers/{number}", axum::routing::any(door)).with_state(self.clone())
    }
}

async fn door(
    State(lookup): State<TwilioLookup>,
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
    let number = arrival.path.trim_start_matches("/v2/PhoneNumbers/").to_owned();
    let aimed = Aimed::sending(LookupOp::Fetch, &number, "");
    lookup.attend(line, arrival, Some(aimed), move |it, _| it.perform(&number, &call)).await
}
