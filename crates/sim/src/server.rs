//! The listener: HTTP/1 with a way to tear a connection down without an answer.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// The connection a request came in on; every request carries one as an extension.
#[derive(Clone)]
pub(crate) struct Line {
    reset: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What became of a request.
pub(crate) enum Reply {
    Answer(Response),
    /// No answer: the connection is reset.
    Reset,
}

impl Line {
    /// Runs `work` to its end, even when the caller hangs up: a provider that has a request carries on.
    pub(crate) async fn carry_on(self, work: impl Future<Output = Reply> + Send + 'static) -> Response {
        let stop = self.stop.clone();
        match self.tasks.spawn(async move { stop.run_until_cancelled_owned(work).await }).await {
            Ok(Some(Reply::Answer(answer))) => answer,
            Ok(Some(Reply::Reset) | None) => {
                // Never answers; the connection's task sees the token and drops this future with the socket.
                self.reset.cancel();
                pending().await
            }
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// A bound listener, not yet accepting.
pub(crate) struct Server {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Server {
    pub(crate) async fn bind(listen: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts until `stop` is cancelled; all tasks are tracked by `tasks`.
    pub(crate) fn serve(self, router: Router, stop: CancellationToken, tasks: &TaskTracker) {
        let connections = tasks.clone();
        tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = self.listener.accept() => accepted,
                    () = stop.cancelled() => break,
                };
                // An accept error concerns one caller (aborted handshake, no file descriptor): go on.
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let line = Line { reset: stop.child_token(), stop: stop.clone(), tasks: connections.clone() };
                connections.spawn(connection(stream, router.clone(), line));
            }
        });
    }
}

async fn connection(stream: TcpStream, router: Router, line: Line) {
    // Without it small answers wait for the peer's delayed acknowledgement; failing to set it only costs time.
    let _ = stream.set_nodelay(true);
    let reset = line.reset.clone();
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(line.clone());
        let router = router.clone();
        async move { router.oneshot(request).await.map_err(|never: Infallible| never) }
    });
    let mut connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        () = reset.cancelled() => {
            let stream = connection.into_parts().io.into_inner();
            // Zero linger turns the close into a TCP reset.
            let _ = stream.set_zero_linger();
        }
        // An error here is the caller's: it hung up or does not speak HTTP.
        _ = &mut connection => {}
    }
}
