//! What every request from Okta goes through before it is read.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use okta::BearerError;
use otp::OrgName;
use tracing::warn;

use crate::http::{BodyError, read_body};
use crate::org::Org;
use crate::state::Ingress;

/// The org in the path, if the request may speak for it.
///
/// # Errors
/// 404 for an org that is not ours, 401 for a wrong or missing credential, 503 where it cannot be told.
pub(crate) async fn admit(
    ingress: &Ingress,
    org: &str,
    headers: &HeaderMap,
    endpoint: &'static str,
) -> Result<Arc<Org>, StatusCode> {
    let org = OrgName::new(org).ok().and_then(|name| ingress.orgs.get(&name)).ok_or(StatusCode::NOT_FOUND)?;
    if org.auth.check(headers).is_ok() {
        return Ok(org.clone());
    }
    let refused = match &org.bearer {
        Some(bearer) => match bearer.check(headers).await {
            Ok(()) => return Ok(org.clone()),
            Err(err) => err,
        },
        None => BearerError::Missing,
    };
    match refused {
        BearerError::Unavailable => {
            warn!(org = %org.name, "a hook's token cannot be checked: the keys of okta.orgs.NAME.oauth.issuer cannot be had");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
        BearerError::Missing | BearerError::Wrong(_) => {
            metrics::counter!("ringback_auth_failures_total", "endpoint" => endpoint).increment(1);
            Err(StatusCode::UNAUTHORIZED)
        }
    }
}

/// The JSON body of a POST.
///
/// # Errors
/// 415 for another content type, 413, 408 or 400 for a body that is too long, too slow or broken.
pub(crate) async fn json_body(
    request: Request<Body>,
    limit: usize,
    time: Duration,
) -> Result<Bytes, StatusCode> {
    if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
    }
    let (head, body) = request.into_parts();
    self::body(&head.headers, body, limit, time).await
}

/// A body of whatever type.
///
/// # Errors
/// 413, 408 or 400 for a body that is too long, too slow or broken.
pub(crate) async fn body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<Bytes, StatusCode> {
    let claimed = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if claimed.is_some_and(|length| length > limit as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    read_body(body, limit, time).await.map_err(|err| match err {
        BodyError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    })
}
