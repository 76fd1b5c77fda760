use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use otp::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tracing::{debug, error, info, warn};

use super::activity::{Activity, Watched};

/// What a client may hold on to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's backlog.
    pub connections: usize,
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From a request's first byte to the end of its header.
    pub header: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// The client not reading its answer.
    pub write: Duration,
    /// After the stop, for what is under way.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            first_byte: Duration::from_secs(2),
            header: Duration::from_secs(2),
            idle: Duration::from_secs(30),
            write: Duration::from_secs(2),
            drain: Duration::from_secs(3),
        }
    }
}

/// A bound listener.
pub struct Server {
    listener: TcpListener,
    limits: Limits,
    clock: Arc<dyn Clock>,
    name: &'static str,
    leaving: CancellationToken,
}

impl Server {
    /// Binds `addr`. `name` is for the log.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(
        name: &'static str,
        addr: SocketAddr,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let leaving = CancellationToken::new();
        Ok(Self { listener: TcpListener::bind(addr).await?, limits, clock, name, leaving })
    }

    /// Once `leaving` is cancelled, every answer closes its connection: clients that keep one open find another server in time.
    #[must_use]
    pub fn leaving(self, leaving: CancellationToken) -> Self {
        Self { leaving, ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket no longer knows.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves `router` until `stop`; then accepts no more, lets what is under way finish within [`Limits::drain`] and returns.
    /// A request's work goes on when its client goes away, and a panic in it is its own.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let Self { listener, limits, clock, name, leaving } = self;
        let room = Arc::new(Semaphore::new(limits.connections));
        let (connections, requests) = (TaskTracker::new(), TaskTracker::new());
        let begin = |(socket, permit): (TcpStream, OwnedSemaphorePermit)| {
            let connection = Connection {
                router: router.clone(),
                limits,
                activity: Activity::new(clock.clone()),
                stop: stop.clone(),
                leaving: leaving.clone(),
                requests: requests.clone(),
            };
            connections.spawn(connection.run(socket, permit));
        };
        while let Some(accepted) = stop.run_until_cancelled(accept(&listener, &room)).await {
            begin(accepted);
        }
        // Who has connected by now has been promised an answer: closing the listener would cut off those that were not accepted yet.
        match waiting(listener, &room) {
            Ok(waiting) => waiting.into_iter().for_each(begin),
            Err(err) => warn!(error = %err, "cannot accept who waits"),
        }
        connections.close();
        requests.close();
        let drained = tokio::time::timeout(limits.drain, async {
            connections.wait().await;
            requests.wait().await;
        });
        match drained.await {
            Ok(()) => info!(listener = name, "closed"),
            Err(_) => warn!(listener = name, left = requests.len(), "closed with requests still under way"),
        }
    }
}

/// The next connection and its place among [`Limits::connections`]. Running out of descriptors slows accepting down; it ends nothing.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((socket, _)) => return (socket, permit),
            Err(err) => {
                warn!(error = %err, "cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Closes the listener; those who had connected, as far as there is room for them. The kernel is asked, for the runtime may not have heard of
/// all of them yet.
fn waiting(
    listener: TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<Vec<(TcpStream, OwnedSemaphorePermit)>> {
    let listener = listener.into_std()?;
    let mut waiting = Vec::new();
    while let Ok(permit) = room.clone().try_acquire_owned() {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(true)?;
                waiting.push((TcpStream::from_std(socket)?, permit));
            }
            // One that has given up already.
            Err(err)
                if matches!(err.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {}
            Err(_) => break,
        }
    }
    Ok(waiting)
}

struct Connection {
    router: Router,
    limits: Limits,
    activity: Arc<Activity>,
    stop: CancellationToken,
    leaving: CancellationToken,
    requests: TaskTracker,
}

impl Connection {
    async fn run(self, socket: TcpStream, _permit: OwnedSemaphorePermit) {
        let _ = socket.set_nodelay(true);
        let Self { router, limits, activity, stop, leaving, requests } = self;
        let io = TokioIo::new(Watched::new(socket, activity.clone()));
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(activity.arrival());
            // In a task of its own: hyper drops this future when the client goes away, and a panic must not take the connection along.
            let work = requests.spawn(router.clone().oneshot(request.map(Body::new)));
            let (activity, leaving, stop) = (&activity, &leaving, &stop);
            async move {
                let mut response = match work.await {
                    Ok(Ok(response)) => response,
                    Err(panic) => {
                        error!(error = %panic, "a request ended in a panic");
                        metrics::counter!("ringback_request_panics_total").increment(1);
                        unavailable()
                    }
                };
                activity.answered();
                if leaving.is_cancelled() || stop.is_cancelled() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(None).max_headers(64).max_buf_size(64 * 1024);
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut watchdog = pin!(overstayed(&activity, &limits));
        let mut last_call = pin!(stopped(&stop));
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(err) = ended {
                        debug!(error = %err, "connection ended");
                    }
                    return;
                }
                () = watchdog.as_mut() => return,
                () = last_call.as_mut(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// After the stop, for a request that is on its way on a connection which is open already: closed under it, it would be lost.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

async fn stopped(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(ON_ITS_WAY).await;
}

/// What was a long rest a moment ago may be a header under way now.
const LOOK: Duration = Duration::from_millis(500);

async fn overstayed(activity: &Activity, limits: &Limits) {
    while let Some(at) = activity.expires(limits) {
        tokio::time::sleep_until(at.min(activity.later(LOOK)).into()).await;
    }
}

/// Our own fault: Okta tries an event again after it, and sends the code itself.
pub(crate) fn unavailable() -> Response {
    let mut response =
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"error":{"errorSummary":"Service unavailable."}}"#)
            .into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
