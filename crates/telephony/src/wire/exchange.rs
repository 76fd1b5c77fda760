use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response};
use tokio::time::timeout;

use super::Latch;
use super::names::Names;
use crate::Budget;

/// No answer of a provider is this long; what is longer is not read on.
const MOST: usize = 64 * 1024;

/// Whoever asks to be left alone for longer is not believed. In seconds.
const LONGEST_PAUSE: u64 = 24 * 60 * 60;

/// An answer.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Its HTTP status.
    pub(crate) status: u16,
    /// Its `Retry-After`, where that is a number of seconds.
    pub(crate) retry_after: Option<Duration>,
    /// Its whole body, or in one word why there is none.
    pub(crate) body: Result<Vec<u8>, &'static str>,
}

/// No answer, with the cause in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing of the request was written.
    NotWritten(&'static str),
    /// The request was written, wholly or in part: it may have had its effect.
    Doubtful(&'static str),
}

/// A keep-alive client for one provider: it goes where it is told and nowhere else, and does nothing twice.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("ringback/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .dns_resolver(Names::new())
        // An idle connection that was dropped on the way looks alive until the request is lost on it.
        .pool_idle_timeout(Duration::from_secs(30))
        .tcp_keepalive(Duration::from_secs(10))
        .build()
}

/// Sends `request` with `body`, once, and reads the answer, all within `budget`.
pub(crate) async fn exchange(
    request: RequestBuilder,
    body: zeroize::Zeroizing<Vec<u8>>,
    budget: Budget,
) -> Result<Exchange, Failure> {
    let latch = Latch::default();
    // Without a body nobody sees that the connection stands: to give up then might be to give up an answer.
    let connect = (!body.is_empty()).then_some(budget.connect);
    let request = request.body(latch.body(body));
    let mut head = None;
    let whole = timeout(budget.total, async {
        let response = send(request, &latch, connect).await?;
        head = Some((response.status().as_u16(), retry_after(response.headers())));
        Ok(read(response).await)
    })
    .await;
    let body = match whole {
        Ok(Ok(body)) => body,
        Ok(Err(failure)) => return Err(failure),
        Err(_) if head.is_none() && latch.give_up() => return Err(Failure::NotWritten("timeout")),
        Err(_) => Err("timeout"),
    };
    match (head, body) {
        (Some((status, retry_after)), body) => Ok(Exchange { status, retry_after, body }),
        (None, _) => Err(Failure::Doubtful("timeout")),
    }
}

/// RFC 9110, section 8.6: a method that has a body as a rule says so where it has none. Servers refuse it with 411 otherwise.
pub(crate) fn empty_length(method: &Method, body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if body.is_empty() && ![Method::GET, Method::HEAD, Method::DELETE].contains(method) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    headers
}

/// Sends and waits for the head of the answer; gives up after `connect`, if that is given, when the request is not being written by
/// then.
async fn send(
    request: RequestBuilder,
    latch: &Latch,
    connect: Option<Duration>,
) -> Result<Response, Failure> {
    let mut sending = std::pin::pin!(request.send());
    let sent = match connect {
        None => sending.await,
        Some(connect) => match timeout(connect, &mut sending).await {
            Ok(sent) => sent,
            Err(_) if latch.give_up() => return Err(Failure::NotWritten("connect_timeout")),
            Err(_) => sending.await,
        },
    };
    sent.map_err(|error| {
        let connecting = error.is_connect();
        // The causes say which certificate, which name, which errno; the URL would say whose number in a report by phone.
        let causes = causes(&error.without_url());
        let failure = match (latch.give_up(), connecting) {
            (true, true) if causes.contains("certificate") => Failure::NotWritten("connect_certificate"),
            (true, true) => Failure::NotWritten("connect"),
            (true, false) => Failure::NotWritten("request"),
            (false, _) => Failure::Doubtful("broken"),
        };
        tracing::debug!(error = causes, ?failure, "no answer");
        failure
    })
}

async fn read(mut response: Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| "broken")? {
        if body.len() + chunk.len() > MOST {
            return Err("too_long");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_PAUSE)))
}

fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
