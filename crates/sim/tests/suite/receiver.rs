//! What the simulators call: answers as told, and remembers.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) text: String,
    /// The address that was called.
    pub(crate) url: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The body as a form's parameters.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.text.as_bytes()).into_owned().collect()
    }
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
    calls: watch::Sender<usize>,
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

    /// Waits until it was called `n` times.
    pub(crate) async fn wait_for(&self, n: usize) -> Vec<Received> {
        let mut calls = self.calls.subscribe();
        let called = calls.wait_for(|calls| *calls >= n);
        tokio::time::timeout(Duration::from_secs(20), called).await.unwrap().unwrap();
        self.received()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let challenge = headers.get("x-okta-verification-challenge").cloned();
    let text = String::from_utf8_lossy(&body).into_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let url = format!("{}{uri}", receiver.url.trim_end_matches("/hook"));
    receiver.received.lock().unwrap().push(Received { method, headers, body, text, url });
    receiver.calls.send_modify(|calls| *calls += 1);
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
