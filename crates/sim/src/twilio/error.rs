//! Twilio's errors.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::fault::{twilio_body, twilio_error};

/// An error answer: `{"code","message","more_info","status"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TwilioError {
    code: u32,
    message: String,
}

impl TwilioError {
    pub(crate) fn new(code: u32) -> Self {
        let message = twilio_error(code).map_or("Simulated error", |(_, message)| message);
        Self { code, message: message.to_owned() }
    }

    /// An error with words of its own.
    pub(crate) fn saying(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// 60200 for one parameter.
    pub(crate) fn invalid(parameter: &str) -> Self {
        Self { code: 60200, message: format!("Invalid parameter: {parameter}") }
    }

    /// 20404; `resource` is the path below `/v2`.
    pub(crate) fn not_found(resource: &str) -> Self {
        Self { code: 20404, message: format!("The requested resource {resource} was not found") }
    }

    /// 60223 for one channel, as `send_code_attempts` spells it.
    pub(crate) fn channel_disabled(channel: &str) -> Self {
        Self { code: 60223, message: format!("Delivery channel disabled: {channel}") }
    }

    pub(crate) fn http(&self) -> u16 {
        twilio_error(self.code).map_or(400, |(http, _)| http)
    }
}

impl IntoResponse for TwilioError {
    fn into_response(self) -> Response {
        let http = self.http();
        let body = twilio_body(self.code, http, &self.message);
        let status = StatusCode::from_u16(http).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Basic realm=\"Twilio API\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        }
        answer
    }
}
