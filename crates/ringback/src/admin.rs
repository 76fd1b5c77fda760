//! The admin listener: health, readiness, metrics.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderName, HeaderValue, StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;

use crate::readiness::{Readiness, Status};

pub(crate) struct Admin {
    readiness: Readiness,
    metrics: PrometheusHandle,
    auth: Option<okta::HookAuth>,
}

/// The admin routes; all but `/healthz` want the bearer token where there is one.
pub(crate) fn router(readiness: Readiness, metrics: PrometheusHandle, token: Option<SecretString>) -> Router {
    let auth = token.map(bearer);
    let admin = Arc::new(Admin { readiness, metrics, auth });
    Router::new()
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .route_layer(middleware::from_fn_with_state(admin.clone(), authorise))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(admin)
}

/// The same constant-time comparison that Okta's secrets get.
fn bearer(token: SecretString) -> okta::HookAuth {
    use secrecy::ExposeSecret as _;
    let value = SecretString::from(format!("Bearer {}", token.expose_secret()));
    okta::HookAuth::new(header::AUTHORIZATION, vec![value])
}

async fn authorise(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    if let Some(auth) = &admin.auth
        && auth.check(request.headers()).is_err()
    {
        metrics::counter!("ringback_auth_failures_total", "endpoint" => "admin").increment(1);
        let challenge: [(HeaderName, HeaderValue); 1] =
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    next.run(request).await
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    let report = admin.readiness.report();
    let status = match report.status {
        Status::Ready | Status::Degraded => StatusCode::OK,
        Status::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}

async fn render_metrics(State(admin): State<Arc<Admin>>) -> Response {
    admin.readiness.measure();
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"))];
    (kind, admin.metrics.render()).into_response()
}
