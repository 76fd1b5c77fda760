//! Posts to those who asked to be called back.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;
use serde::Serialize;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why nobody was called back.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize)]
pub enum CallbackError {
    /// The vendor knows nothing by this id.
    #[error("there is nothing by the id {0}")]
    Unknown(String),
    /// Nobody gave an address for it.
    #[error("there is no address to call back")]
    NoAddress,
    /// The status is none of the vendor's.
    #[error("there is no status {0}")]
    NoSuchStatus(String),
    /// The callee did not answer in time, or not at all.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// Whom a vendor sends with its callbacks. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Courier {
    client: Client,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Courier {
    /// Ends with `stop`; what it does by itself is tracked by `tasks`.
    pub(crate) fn new(stop: CancellationToken, tasks: TaskTracker) -> io::Result<Self> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .timeout(Duration::from_secs(15))
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { client, stop, tasks })
    }

    /// Posts once and returns the HTTP status of the answer.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: &[(&str, String)],
        body: impl Into<Bytes>,
    ) -> Result<u16, CallbackError> {
        let request = self.client.post(url).body(body.into());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let answer = request.send().await.map_err(|error| CallbackError::NoAnswer(error.to_string()))?;
        let status = answer.status().as_u16();
        // Read to its end, so that the callee is done with it; what it says is of no interest.
        let _ = answer.bytes().await;
        Ok(status)
    }

    /// Does something after its caller has gone.
    pub(crate) fn later(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled_owned(work).await });
    }
}
