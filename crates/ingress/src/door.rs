//! What every request from Okta goes through before it is read.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use otp::OrgName;

use crate::http::{BodyError, read_body};
use crate::org::Org;
use crate::state::Ingress;

/// The org in the path, if the request may speak for it.
///
/// # Errors
/// 404 for an org that is not ours, 401 for a wrong or missing credential.
pub(crate) fn admit(
    ingress: &Ingress,
    org: &str,
    headers: &HeaderMap,
    endpoint: &'static str,
) -> Result<Arc<Org>, StatusCode> {
    let org = OrgName::new(org).ok().and_then(|name| ingress.orgs.get(&name)).ok_or(StatusCode::NOT_FOUND)?;
    if org.auth.check(headers).is_err() {
        metrics::counter!("ringback_auth_failures_total", "endpoint" => endpoint).increment(1);
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(org.clone())
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
    let claimed =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if claimed.is_some_and(|length| length > limit) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let claimed =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let too_long = claimed.is_some_and(|length| length > limit as u64);
    read_body(request.into_body(), limit, time).await.map_err(|err| match err {
        _ if too_long => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    })
}
