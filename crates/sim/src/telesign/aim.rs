//! Where a request goes.

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

/// An operation of Telesign, to aim faults at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TelesignOp {
    /// `POST /v1/omnichannel`
    Omnichannel,
    /// `GET /v1/omnichannel/{reference_id}`
    Status,
    /// `POST /v1/verify/sms`
    SmsVerify,
    /// `POST /v1/messaging`
    Messaging,
    /// `PUT /v1/verify/completion/{reference_id}`
    Completion,
}

/// The operation, and what the path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) op: TelesignOp,
    pub(crate) reference: String,
}

impl Aim {
    /// Reads method and percent-decoded path.
    pub(crate) fn read(method: &Method, path: &str) -> Result<Self, StatusCode> {
        let parts: Vec<&str> = path.split('/').collect();
        let (wanted, op, reference) = match parts[..] {
            ["", "v1", "omnichannel"] => (Method::POST, TelesignOp::Omnichannel, ""),
            ["", "v1", "omnichannel", it] => (Method::GET, TelesignOp::Status, it),
            ["", "v1", "verify", "sms"] => (Method::POST, TelesignOp::SmsVerify, ""),
            ["", "v1", "messaging"] => (Method::POST, TelesignOp::Messaging, ""),
            ["", "v1", "verify", "completion", it] => (Method::PUT, TelesignOp::Completion, it),
            _ => return Err(StatusCode::NOT_FOUND),
        };
        if *method != wanted {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        Ok(Self { op, reference: reference.to_owned() })
    }
}
