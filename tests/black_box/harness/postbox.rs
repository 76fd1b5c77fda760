//! An address that providers post to, and from which a test posts on what it likes.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, Uri};
use lab::{Reply, until};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::World;

/// A request as a provider made it.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Letter {
    /// The same with another body.
    pub(crate) fn saying(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with another header; without it, if there is no value.
    pub(crate) fn header(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.headers.remove(name);
        if let Some(value) = value {
            self.headers.insert(name, value.parse().unwrap());
        }
        self
    }

    /// The same to another path.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// Posts it to the server: its status.
    pub(crate) async fn post(&self, world: &World) -> u16 {
        let mut headers = self.headers.clone();
        headers.remove("content-length");
        let request = world.client.post(world.url(&self.path)).headers(headers).body(self.body.clone());
        Reply::to(request).await.status
    }
}

/// Takes everything, and keeps it. Dropped, it is gone.
pub(crate) struct Postbox {
    url: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    _stop: DropGuard,
}

impl Postbox {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let app = Router::new().fallback(take).with_state(letters.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(stopped).into_future());
        Self { url, letters, _stop: stop.drop_guard() }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// The oldest letter, once there is one; it is taken out.
    pub(crate) async fn letter(&self) -> Letter {
        until("a letter comes", async || {
            let mut letters = self.letters.lock().unwrap();
            (!letters.is_empty()).then(|| letters.remove(0))
        })
        .await
    }
}

async fn take(State(letters): State<Arc<Mutex<Vec<Letter>>>>, uri: Uri, headers: HeaderMap, body: Bytes) {
    let path = uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
    letters.lock().unwrap().push(Letter { path, headers, body });
}
