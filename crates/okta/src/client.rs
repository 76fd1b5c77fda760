//! Okta's REST API, written by hand: two questions about a user.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use otp::{Clock, Deadline, Entropy};
use reqwest::{Response, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use self::rate_limit::RateLimit;

mod error;
mod phones;
mod rate_limit;

pub use self::error::{BuildError, OktaError, Transient};
pub use self::phones::EnrolledPhone;

/// No answer that is asked for comes near it.
const MOST_BYTES: usize = 1 << 20;

/// What a client needs.
#[derive(Clone)]
pub struct ClientOptions {
    /// The org: `https://example.okta.com`.
    pub base_url: Url,
    /// Who asks.
    pub credential: Credential,
    /// For a connection, TLS included.
    pub connect_timeout: Duration,
    /// For a whole call, body included.
    pub timeout: Duration,
    /// For the pause only; what is limited until when is Okta's own word.
    pub clock: Arc<dyn Clock>,
    /// So that many clients do not come back in one moment.
    pub entropy: Arc<dyn Entropy>,
}

/// How the client shows who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An API token, which acts as the admin who made it (Okta: `Authorization: SSWS …`).
    Ssws(SecretString),
}

/// Asks one Okta org about its users. Cheap to clone; the clones share connections and the pause.
#[derive(Clone)]
pub struct OktaClient(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base_url: Url,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    paused_until: Mutex<Option<Deadline>>,
}

impl OktaClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`] where the options cannot work.
    pub fn new(options: ClientOptions) -> Result<Self, BuildError> {
        if !matches!(options.base_url.scheme(), "https" | "http") || !options.base_url.has_host() {
            return Err(BuildError::BaseUrl);
        }
        let Credential::Ssws(token) = &options.credential;
        let mut authorization = HeaderValue::try_from(format!("SSWS {}", token.expose_secret().trim()))
            .map_err(|_| BuildError::Token)?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        let http = reqwest::Client::builder()
            .user_agent(concat!("ringback/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| BuildError::Http(e.without_url()))?;
        let ClientOptions { base_url, clock, entropy, .. } = options;
        Ok(Self(Arc::new(Inner { http, base_url, clock, entropy, paused_until: Mutex::new(None) })))
    }

    /// How long to wait before the next call, because Okta's rate limit is used up. The client does not wait by itself.
    pub fn pause(&self) -> Option<Duration> {
        let until = *self.0.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.map(|until| until.remaining(&*self.0.clock)).filter(|left| !left.is_zero())
    }

    fn pause_for(&self, wait: Duration) {
        let until = Some(Deadline::after(self.0.clock.monotonic(), wait));
        let mut paused_until = self.0.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused_until = (*paused_until).max(until);
    }

    /// `GET /api/v1/users/{user_id}` and what follows it.
    async fn get_user(
        &self,
        user_id: &str,
        rest: Option<&str>,
        content_type: Option<&'static str>,
    ) -> Result<Vec<u8>, OktaError> {
        let url = self.user_url(user_id, rest).ok_or(OktaError::NoUser)?;
        let mut request = self.0.http.get(url);
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let response = request.send().await?;
        let status = response.status();
        let limit = RateLimit::read(response.headers());
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = limit.wait_after_refusal(&*self.0.entropy);
                self.pause_for(wait);
                return Err(OktaError::RateLimited { wait });
            }
            _ if status.is_server_error() => return Err(Transient::Status(status.as_u16()).into()),
            _ => {}
        }
        if let Some(wait) = limit.wait_when_used_up(&*self.0.entropy) {
            self.pause_for(wait);
        }
        match status {
            _ if status.is_success() => read_body(response).await,
            StatusCode::NOT_FOUND if error::is_oktas(&read_body(response).await?) => Err(OktaError::NoUser),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(OktaError::Refused { status: status.as_u16() })
            }
            _ if status.is_redirection() => Err(OktaError::Refused { status: status.as_u16() }),
            _ => Err(OktaError::Malformed { what: "the status" }),
        }
    }

    /// The id is one segment of the path, whatever is in it. `None` where it can be nobody's: `me` would be the token's own user, and
    /// `.` and `..` are no segments at all.
    fn user_url(&self, user_id: &str, rest: Option<&str>) -> Option<Url> {
        let invisible = |c: char| c.is_control() || c.is_whitespace();
        if matches!(user_id, "" | "me" | "." | "..") || user_id.len() > 255 || user_id.contains(invisible) {
            return None;
        }
        let mut url = self.0.base_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let path = ["api", "v1", "users", user_id].into_iter().chain(rest);
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(url)
    }
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, OktaError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(OktaError::Malformed { what: "the size" });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl std::fmt::Debug for OktaClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OktaClient({})", self.0.base_url.host_str().unwrap_or_default())
    }
}
