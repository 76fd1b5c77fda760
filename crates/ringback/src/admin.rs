//! The admin listener: health, readiness, metrics, breakers, and the dashboard.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use ledger::Ledger;
use metrics_exporter_prometheus::PrometheusHandle;
use otp::{Fact, SystemClock};
use serde::Deserialize;
use telephony::Override;

use crate::dashboard::{self, Dashboard, Door};
use crate::readiness::{Readiness, Status};
use crate::replay;

pub(crate) struct Admin {
    readiness: Readiness,
    metrics: PrometheusHandle,
    ledger: Ledger,
}

/// The admin routes. All but `/healthz` and the way in want the token where there is one, and a name of this machine where there is none.
pub(crate) fn router(
    readiness: Readiness,
    ledger: Ledger,
    metrics: PrometheusHandle,
    dashboard: Dashboard,
    door: &Arc<Door>,
) -> Router {
    let admin = Arc::new(Admin { readiness, metrics, ledger });
    Router::new()
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .route("/api/breakers", get(breakers))
        .route("/api/breakers/{provider}", put(force_breaker))
        .route("/api/events/replay", post(replay_events))
        .with_state(admin)
        .merge(dashboard.routes())
        .merge(dashboard::way_out(door.clone()))
        .route_layer(middleware::from_fn_with_state(door.clone(), dashboard::authorise))
        .merge(dashboard::way_in(door.clone()))
        .route_layer(middleware::from_fn_with_state(door.clone(), dashboard::only_local))
        .route("/healthz", get(|| async { "ok\n" }))
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    let report = admin.readiness.report();
    let status = match report.status {
        Status::Ready | Status::Degraded => StatusCode::OK,
        Status::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}

async fn breakers(State(admin): State<Arc<Admin>>) -> Response {
    match &admin.readiness.breakers {
        Some(breakers) => Json(breakers.statuses()).into_response(),
        None => not_sending(),
    }
}

/// What a person decides about a provider: `{"force": "open" | "closed" | null}`. A page of another site cannot send this unasked: JSON
/// by PUT wants permission that nobody gives here.
async fn force_breaker(
    State(admin): State<Arc<Admin>>,
    Path(provider): Path<String>,
    Json(wish): Json<Wish>,
) -> Response {
    let Some(breakers) = &admin.readiness.breakers else { return not_sending() };
    let forced = wish.force.map(|force| match force {
        Force::Open => Override::Open,
        Force::Closed => Override::Closed,
    });
    if !breakers.force(&provider, forced) {
        return (StatusCode::NOT_FOUND, "no such provider\n").into_response();
    }
    tracing::warn!(provider, forced = ?wish.force, "a person has decided about a breaker");
    Json(breakers.statuses()).into_response()
}

/// Puts events through the queue again: as facts of this process's journal, from which they go to the books and the queue like any other.
async fn replay_events(State(admin): State<Arc<Admin>>, Json(wish): Json<replay::Wish>) -> Response {
    if wish.events.len() > replay::MOST {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("at most {} events at once\n", replay::MOST))
            .into_response();
    }
    let (replays, refused) = match replay::prepare(&admin.ledger, &wish.events, &SystemClock).await {
        Ok(prepared) => prepared,
        Err(err) => return (StatusCode::SERVICE_UNAVAILABLE, format!("{err:#}\n")).into_response(),
    };
    let queued: Vec<_> = replays.iter().map(|replay| replay.received.event.id.clone()).collect();
    let records = replays.into_iter().map(|replay| Fact::EventReplayed(replay).encode().into()).collect();
    if let Err(err) = admin.readiness.journal.append(records).await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the journal takes nothing: {err}\n"))
            .into_response();
    }
    for event in &queued {
        tracing::info!(org = %event.org, event = event.uuid, "an event goes through the queue again: somebody wants it");
    }
    Json(replay::Outcome { queued, refused }).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    force: Option<Force>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Force {
    Open,
    Closed,
}

fn not_sending() -> Response {
    (StatusCode::NOT_FOUND, "this process sends nothing\n").into_response()
}

async fn render_metrics(State(admin): State<Arc<Admin>>) -> Response {
    admin.readiness.measure();
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"))];
    (kind, admin.metrics.render()).into_response()
}
