//! `POST /providers/{name}/status`: what a provider says became of a message.

use std::sync::{Arc, Once};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Request, StatusCode, header};
use otp::{Fact, ReceiptReceived};
use telephony::{Callback, CallbackError, Receipt};
use tracing::{debug, error, warn};

use crate::door;
use crate::http::unavailable;
use crate::settings::Settings;
use crate::state::Ingress;

/// 200 once every receipt is on disk. A request that is not signed by the provider gets 401 and leaves nothing behind; one that cannot be
/// checked, because something is missing in our configuration, 503.
pub(crate) async fn status(
    State(ingress): State<Arc<Ingress>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    let Some(provider) = ingress.dispatcher.provider(&name).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (head, body) = request.into_parts();
    if provider.signs_with().is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    // Whoever does not even claim to be the provider costs nothing more.
    if !provider.signs_with().iter().any(|header| head.headers.contains_key(*header)) {
        return refuse(&name);
    }
    let Some(longest) = longest(&head.headers) else {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    };
    let place = ingress.callbacks.clone().acquire_owned();
    let Ok(Ok(_place)) = tokio::time::timeout(Settings::DELIVERY_PLACE_TIME, place).await else {
        return unavailable();
    };
    let body = match door::body(&head.headers, body, longest, Settings::CALLBACK_BODY_TIME).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let called = head.uri.path_and_query().map_or_else(|| head.uri.path(), |it| it.as_str());
    let url = ingress.public_url.as_ref().map(|base| format!("{base}{called}"));
    let callback = Callback { url: url.as_deref(), headers: &head.headers, body: &body };
    match provider.receipts(&callback) {
        Ok(receipts) => record(&ingress, &name, receipts).await,
        Err(CallbackError::Unauthenticated) => refuse(&name),
        Err(CallbackError::Unsupported) => StatusCode::NOT_FOUND.into_response(),
        Err(CallbackError::Unreadable) => {
            warn!(provider = name, bytes = body.len(), "status callback is signed, but not understood");
            count(&name, "unreadable");
            StatusCode::BAD_REQUEST.into_response()
        }
        Err(err @ CallbackError::Unchecked(_)) => {
            // Once: anybody may cause it.
            static SAID: Once = Once::new();
            SAID.call_once(|| error!(provider = name, error = %err, "status callbacks are refused"));
            count(&name, "unchecked");
            unavailable()
        }
    }
}

fn refuse(name: &str) -> Response {
    metrics::counter!("ringback_auth_failures_total", "endpoint" => "status").increment(1);
    debug!(provider = name, "status callback refused: its signature is missing or wrong");
    StatusCode::UNAUTHORIZED.into_response()
}

/// How long a body of this type may be: Twilio posts forms, its event streams and Telesign JSON. `None` for anything else.
fn longest(headers: &HeaderMap) -> Option<usize> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Some(Settings::CALLBACK_FORM),
        "application/json" => Some(Settings::CALLBACK_BODY),
        json if json.starts_with("application/") && json.ends_with("+json") => Some(Settings::CALLBACK_BODY),
        _ => None,
    }
}

async fn record(ingress: &Ingress, provider: &str, receipts: Vec<Receipt>) -> Response {
    let received_at = ingress.clock.now();
    let fact = |receipt: Receipt| {
        count(provider, &receipt.status);
        Fact::ReceiptReceived(ReceiptReceived {
            provider: provider.to_owned(),
            provider_ref: receipt.provider_ref,
            attempt_ref: receipt.attempt_ref,
            transaction: receipt.transaction,
            status: receipt.status,
            error_code: receipt.error_code,
            reported_at: receipt.reported_at,
            received_at,
        })
    };
    let facts: Vec<_> = receipts.into_iter().map(fact).collect();
    if facts.is_empty() {
        return StatusCode::OK.into_response();
    }
    match ingress.record(&facts).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(err) => {
            error!(provider, error = %err, "status callback refused: it cannot be recorded");
            unavailable()
        }
    }
}

fn count(provider: &str, status: &str) {
    metrics::counter!("ringback_receipts_total", "provider" => provider.to_owned(), "status" => status.to_owned())
        .increment(1);
}
