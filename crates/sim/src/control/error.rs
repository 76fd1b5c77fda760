//! Clear errors for people with curl.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

/// An order that cannot be carried out.
pub(crate) enum ControlError {
    /// The order itself is wrong.
    Bad(String),
    /// It names something that is not there.
    NotFound(String),
    /// The path is right, the method is not.
    Method,
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Bad(message) => (StatusCode::BAD_REQUEST, message),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, message),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "the path is right, the method is not".to_owned())
            }
        };
        (status, Json(serde_json::json!({ "error": message }))).into_response()
    }
}

/// A JSON body, whatever its content type: curl's default is a form's.
pub(crate) struct Order<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Order<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ControlError> {
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|error| ControlError::Bad(error.to_string()))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| ControlError::Bad(format!("the body: {error}")))
    }
}
