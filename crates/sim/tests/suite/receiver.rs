//! What the simulated Okta calls: answers as told, and remembers.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Json(u16, Value),
    Text(u16, String),
    Redirect(String),
    Challenge,
    Nothing,
}

impl Say {
    pub(crate) fn status(status: &str) -> Self {
        let action = json!({ "status": status });
        Self::Json(200, json!({ "commands": [{ "type": "com.okta.telephony.action", "value": [action] }] }))
    }
}

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    say: Arc<Mutex<VecDeque<Say>>>,
    pub(crate) url: String,
}

impl Receiver {
    /// Answers the given things in turn, and the last one for ever.
    pub(crate) async fn saying(say: impl IntoIterator<Item = Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, say: Arc::new(Mutex::new(say.into_iter().collect())), ..Self::default() };
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let challenge = headers.get("x-okta-verification-challenge").cloned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    receiver.received.lock().unwrap().push(Received { method, headers, body });
    let say = {
        let mut say = receiver.say.lock().unwrap();
        if say.len() > 1 { say.pop_front() } else { say.front().cloned() }
    };
    let status = |status| StatusCode::from_u16(status).unwrap();
    match say.unwrap() {
        Say::Json(code, body) => (status(code), axum::Json(body)).into_response(),
        Say::Text(code, body) => (status(code), body).into_response(),
        Say::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Say::Challenge => {
            let challenge = challenge.as_ref().and_then(|it| it.to_str().ok());
            axum::Json(json!({ "verification": challenge })).into_response()
        }
        Say::Nothing => pending().await,
    }
}
