//! Telesign's errors, which every product words in its own way.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use crate::clock::iso_micros;
use crate::entropy;
use crate::fault::{telesign_body, telesign_error};
use crate::telesign::aim::TelesignOp;
use crate::telesign::auth::Refused;

/// An error of any product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TelesignError {
    pub(crate) http: u16,
    pub(crate) code: i32,
    pub(crate) description: String,
}

impl TelesignError {
    /// An error of the table.
    pub(crate) fn new(code: i32) -> Self {
        let (http, description, _) = telesign_error(code).unwrap_or((400, "Simulated error", true));
        Self { http, code, description: description.to_owned() }
    }

    /// The same in other words.
    pub(crate) fn saying(code: i32, description: impl Into<String>) -> Self {
        Self { description: description.into(), ..Self::new(code) }
    }

    /// A parameter that `op` does not take.
    pub(crate) fn invalid(op: TelesignOp, parameter: &str) -> Self {
        let description = format!("Invalid value for parameter {parameter}");
        let code = match op {
            TelesignOp::Omnichannel | TelesignOp::Status if parameter == "phone_number" => 3101,
            TelesignOp::Omnichannel | TelesignOp::Status => return Self::new(3110),
            TelesignOp::SmsVerify | TelesignOp::Completion => -10001,
            TelesignOp::Messaging => 11000,
        };
        Self { http: 400, code, description }
    }

    /// Credentials that `op` does not take.
    pub(crate) fn refused(op: TelesignOp, why: Refused) -> Self {
        let http = 401;
        let (code, description) = match (op, why) {
            (TelesignOp::Omnichannel | TelesignOp::Status, Refused::Key) => return Self::new(3411),
            (TelesignOp::Omnichannel | TelesignOp::Status, _) => return Self::new(3400),
            (TelesignOp::Messaging, _) => (10022, "Invalid API Key."),
            (_, Refused::Unreadable) => (-30004, "Missing required 'Authorization' header."),
            (_, Refused::Customer) => (-30000, "Invalid Customer ID."),
            (_, Refused::Key) => (-30006, "Invalid Signature."),
        };
        Self { http, code, description: description.to_owned() }
    }

    /// The answer as `op` words it.
    pub(crate) fn answer(&self, op: TelesignOp, now: Timestamp) -> Response {
        let named = telesign_error(self.code).is_none_or(|(_, _, named)| named);
        let reference = named.then(entropy::reference_id);
        let updated = iso_micros(now);
        let body = match op {
            TelesignOp::Omnichannel | TelesignOp::Status => {
                telesign_body(self.code, &self.description, reference.as_deref())
            }
            TelesignOp::Messaging => json!({
                "reference_id": reference,
                "external_id": null,
                "status": { "code": self.code, "description": self.description, "updated_on": updated },
            }),
            TelesignOp::Completion => json!({
                "reference_id": reference,
                "sub_resource": "sms",
                "errors": [{ "code": self.code, "description": self.description }],
                "status": { "updated_on": updated, "code": self.code, "description": self.description },
            }),
            TelesignOp::SmsVerify => {
                let (code, description) = if self.http == 401 {
                    (501, "Not authorized")
                } else {
                    (500, "Transaction not attempted")
                };
                json!({
                    "reference_id": reference,
                    "sub_resource": "sms",
                    "errors": [{ "code": self.code, "description": self.description }],
                    "status": { "updated_on": updated, "code": code, "description": description },
                    "verify": { "code_state": "UNKNOWN", "code_entered": "" },
                })
            }
        };
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(body)).into_response()
    }
}
