use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::Ingress;
use crate::{events, telephony};

/// Exactly the public paths; everything else is 404.
pub fn router(ingress: Arc<Ingress>) -> Router {
    Router::new()
        .route("/okta/{org}/telephony", post(telephony::hook))
        .route("/okta/{org}/events", get(events::challenge).post(events::delivery))
        .with_state(ingress)
}
