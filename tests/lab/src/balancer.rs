//! What stands in front of several ingress processes: HTTP, a fresh connection for every request, the next one where nobody listens.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use reqwest::Client;
use reqwest::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

struct Shared {
    client: Client,
    backends: Mutex<Vec<SocketAddr>>,
    turn: AtomicUsize,
}

/// A balancer. Dropped, it is gone.
pub struct Balancer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

impl Balancer {
    /// Listens; there is nobody behind it yet.
    pub async fn start() -> Self {
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).http1_only().build().unwrap();
        let shared = Arc::new(Shared { client, backends: Mutex::default(), turn: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let app = Router::new().fallback(forward).with_state(shared.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(stopped).into_future());
        Self { addr, shared, _stop: stop.drop_guard() }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on one of these gets a request.
    pub fn lead_to(&self, backends: Vec<SocketAddr>) {
        *self.shared.backends.lock().unwrap() = backends;
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 16 << 20).await else { return StatusCode::BAD_REQUEST.into_response() };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let backends = shared.backends.lock().unwrap().clone();
    let first = shared.turn.fetch_add(1, Ordering::Relaxed);
    for n in 0..backends.len() {
        let backend = backends[(first + n) % backends.len()];
        let mut headers = parts.headers.clone();
        headers.remove("host");
        headers.insert("connection", "close".parse().unwrap());
        let call = shared.client.request(parts.method.clone(), format!("http://{backend}{path}"));
        match call.headers(headers).body(body.clone()).send().await {
            Ok(answer) => return relay(answer).await,
            // Nobody has seen it: the next one may.
            Err(err) if err.is_connect() => {}
            Err(err) => {
                eprintln!("balancer: {backend} took a request and gave no answer: {err:?}");
                break;
            }
        }
    }
    StatusCode::BAD_GATEWAY.into_response()
}

async fn relay(answer: reqwest::Response) -> Response {
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    ["connection", "transfer-encoding"].iter().for_each(|name| drop(headers.remove(*name)));
    let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let body: Bytes = body;
    (status, headers, Body::from(body)).into_response()
}
