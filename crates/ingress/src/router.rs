use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::Ingress;
use crate::{callbacks, events, telephony};

/// Exactly the public paths; everything else is 404.
pub fn router(ingress: Arc<Ingress>) -> Router {
    let hooks = if ingress.settings.sends {
        Router::new().route("/okta/{org}/telephony", post(telephony::hook))
    } else {
        Router::new()
    };
    hooks
        .route("/okta/{org}/events", get(events::challenge).post(events::delivery))
        .route("/providers/{name}/status", post(callbacks::status))
        .with_state(ingress)
}
