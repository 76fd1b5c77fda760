//! Runs one request under its fault.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::fault::Fault;
use crate::fault::body::{Padded, Trickle};
use crate::server::Reply;

/// Runs `accept`, which has the request's effect and makes its usual answer, as far as the fault lets it.
pub(crate) async fn run(fault: Option<Fault>, accept: impl FnOnce() -> Response + Send) -> Reply {
    let Some(fault) = fault else { return Reply::Answer(accept()) };
    let answer = match fault {
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            accept()
        }
        Fault::DelayAfterAccept(time) => {
            let answer = accept();
            tokio::time::sleep(time).await;
            answer
        }
        Fault::Status { http, body, headers, accepted } => {
            if accepted {
                accept();
            }
            let mut answer = (status(http), axum::Json(body)).into_response();
            for (name, value) in &headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
        Fault::Junk { status: http, content_type, body, accepted } => {
            if accepted {
                accept();
            }
            (status(http), [(header::CONTENT_TYPE, content_type)], body).into_response()
        }
        Fault::ResetBeforeAccept => return Reply::Reset,
        Fault::ResetAfterAccept => {
            accept();
            return Reply::Reset;
        }
        Fault::SlowBody { bytes_per_second } => {
            rebody(accept(), |bytes| Body::new(Trickle::new(bytes, bytes_per_second))).await
        }
        Fault::HugeBody { bytes } => rebody(accept(), |body| Body::new(Padded::new(bytes, body))).await,
        Fault::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/_sim/redirected")]).into_response()
        }
    };
    Reply::Answer(answer)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn rebody(answer: Response, with: impl FnOnce(Bytes) -> Body + Send) -> Response {
    let (mut parts, body) = answer.into_parts();
    // Our own answers are small and in memory: reading them cannot fail.
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, with(bytes))
}
