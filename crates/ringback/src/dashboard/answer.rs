//! How answers to browsers are dressed.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// The one style sheet, which stands in every page.
pub(super) const STYLE: &str = include_str!("../../templates/style.css");

/// Nothing is loaded, run, framed or sent elsewhere. The style sheet is named by its digest, the icon stands in the page.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

fn dress(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ] {
        headers.insert(name, value);
    }
}

/// A page.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    let Ok(text) = page.render() else {
        tracing::error!("a page of the dashboard cannot be rendered");
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            "this page cannot be shown; /api/overview has the same\n",
        )
            .into_response();
    };
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    let mut answer = (status, kind, text).into_response();
    dress(answer.headers_mut());
    answer
}

/// A document for machines.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut answer = (status, Json(value)).into_response();
    dress(answer.headers_mut());
    answer
}

/// What is wrong with a question.
pub(super) fn refusal(status: StatusCode, why: &str) -> Response {
    json(status, &serde_json::json!({ "error": why }))
}

/// To another page of ours, to be asked for with GET.
pub(super) fn redirect(to: &'static str) -> Response {
    let place = [(header::LOCATION, HeaderValue::from_static(to))];
    let mut answer = (StatusCode::SEE_OTHER, place).into_response();
    dress(answer.headers_mut());
    answer
}
