//! What the vendor answers.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// An answer; every `{id}` in its body becomes a fresh id, the same one throughout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookAnswer {
    /// HTTP status; 2xx means that the message was accepted.
    pub status: u16,
    /// All headers.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Default for WebhookAnswer {
    fn default() -> Self {
        Self::new(200, r#"{"id":"{id}","status":"queued"}"#)
    }
}

impl WebhookAnswer {
    /// A JSON answer.
    pub fn new(status: u16, body: &str) -> Self {
        let headers = [("content-type".to_owned(), "application/json".to_owned())].into();
        Self { status, headers, body: body.to_owned() }
    }

    /// Sets a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn answer(&self, id: &str) -> Response {
        let body = Body::from(self.body.replace("{id}", id));
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, body).into_response();
        answer.headers_mut().clear();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}
