//! Okta's REST API, written by hand.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;
use otp::{Clock, Entropy};
use reqwest::redirect;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;
use url::Url;

use self::bucket::{Bucket, Buckets};
use self::dpop::Prover;
use self::standing::Standing;
use self::time::Ahead;
use self::token::{Exchange, Tokens};

mod ask;
mod body;
mod bucket;
mod credential;
mod dpop;
mod error;
mod hooks;
mod key;
mod logs;
mod phones;
mod rate_limit;
mod standing;
mod time;
mod token;

pub(crate) use self::body::read_body;
pub use self::credential::{Credential, Scope};
pub use self::error::{BuildError, OktaError, Refusal, Transient};
pub use self::hooks::{Hook, HookDraft, HookKind, NativeProvider};
pub use self::key::{KeyError, SigningKey};
pub use self::logs::{LogPage, LogQuery};
pub use self::phones::EnrolledPhone;

/// Requests at one time: an org allows 75, or 35, to everybody together.
const AT_ONCE: usize = 8;

/// What a client needs.
#[derive(Clone)]
pub struct ClientOptions {
    /// The org: `https://example.okta.com`.
    pub base_url: Url,
    /// Who asks.
    pub credential: Credential,
    /// What a service app asks to be allowed.
    pub scopes: Vec<Scope>,
    /// Percent of each of Okta's rate limits that are left to others.
    pub reserve: u8,
    /// For a connection, TLS included.
    pub connect_timeout: Duration,
    /// For a whole call, body included.
    pub timeout: Duration,
    /// For pauses, and for what is signed; what is limited until when is Okta's own word.
    pub clock: Arc<dyn Clock>,
    /// So that many clients do not come back in one moment.
    pub entropy: Arc<dyn Entropy>,
}

/// Asks one Okta org. Cheap to clone; the clones share connections, tokens and pauses.
///
/// It never waits for a limit by itself and never asks what Okta is known to refuse: it says so at once, and whoever asks decides.
#[derive(Clone)]
pub struct OktaClient(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base_url: Url,
    access: Access,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    ahead: Arc<Ahead>,
    buckets: Buckets,
    reserve: u8,
    standing: Standing,
    calls: Semaphore,
}

/// How a request is let in.
enum Access {
    /// By a header that all requests have.
    Fixed,
    /// By tokens that come and go.
    Tokens(Tokens),
}

/// What came of trying again what Okta refused.
#[derive(Debug)]
pub enum Probed {
    /// It is not refused any more.
    Mended(Refusal),
    /// It is refused for another reason than before.
    Changed(Refusal),
}

impl OktaClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`] where the options cannot work.
    pub fn new(options: ClientOptions) -> Result<Self, BuildError> {
        let ClientOptions { base_url, credential, scopes, reserve, clock, entropy, .. } = options;
        if !matches!(base_url.scheme(), "https" | "http") || !base_url.has_host() {
            return Err(BuildError::BaseUrl);
        }
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        if let Credential::Ssws(token) = &credential {
            let value = HeaderValue::try_from(format!("SSWS {}", token.expose_secret().trim()));
            let mut value = value.map_err(|_| BuildError::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("ringback/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| BuildError::Http(e.without_url()))?;
        let ahead = Arc::new(Ahead::default());
        let access = match credential {
            Credential::Ssws(_) => Access::Fixed,
            Credential::ServiceApp { client_id, key } => Access::Tokens(Tokens::new(Exchange {
                http: http.clone(),
                url: below(&base_url, &["oauth2", "v1", "token"]).ok_or(BuildError::BaseUrl)?,
                client_id,
                key,
                scopes,
                prover: Arc::new(Prover::new()?),
                ahead: ahead.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            })),
        };
        let (buckets, standing, calls) = (Buckets::default(), Standing::default(), Semaphore::new(AT_ONCE));
        let inner =
            Inner { http, base_url, access, clock, entropy, ahead, buckets, reserve, standing, calls };
        Ok(Self(Arc::new(inner)))
    }

    /// What Okta refuses us at present: nothing of it is asked until [`OktaClient::probe`] finds it mended.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.0.standing.refusals()
    }

    /// How long questions about users would have to wait for a rate limit.
    pub fn limited(&self) -> Option<Duration> {
        let now = self.0.clock.monotonic();
        let wait = |bucket| self.0.buckets.wait(bucket, now, self.0.reserve);
        wait(Bucket::Factors).max(wait(Bucket::User)).filter(|_| self.crowded().is_none())
    }

    /// How long everything would have to wait, because the org was asked too much at one time.
    pub fn crowded(&self) -> Option<Duration> {
        self.0.buckets.crowded(self.0.clock.monotonic())
    }

    /// By how much Okta's clock is ahead of ours, to the second, as its last answer showed.
    pub fn ahead(&self) -> Option<SignedDuration> {
        self.0.ahead.get()
    }

    /// Whether our credential may do what this scope is for; asks for next to nothing, in which is nobody's data.
    ///
    /// # Errors
    /// [`OktaError`] where that is not the question: the credential is not known at all, or nobody answers.
    pub async fn may(&self, scope: Scope) -> Result<bool, OktaError> {
        let asked = self.try_area(scope.area()).await;
        match asked {
            Ok(()) => Ok(true),
            Err(OktaError::Refused { why: Refusal::Forbidden { .. }, .. }) => Ok(false),
            Err(OktaError::Refused { why: Refusal::Token { code }, .. }) if code == "invalid_scope" => {
                Ok(false)
            }
            // There is no such thing in this org.
            Err(OktaError::NotFound) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Tries again what is refused, where it is time for that; to be called about every second.
    pub async fn probe(&self) -> Vec<Probed> {
        let mut found = Vec::new();
        for (area, refused) in self.0.standing.due(self.0.clock.monotonic()) {
            match self.try_again(area, refused.as_ref()).await {
                Err(OktaError::Refused { why, .. }) => {
                    let now = self.0.clock.monotonic();
                    if self.0.standing.close(area, why.clone(), refused, now, &*self.0.entropy) {
                        found.push(Probed::Changed(why));
                    }
                }
                // Nobody home, or a limit: that says nothing of the credential.
                Err(OktaError::Transient(_) | OktaError::RateLimited { .. }) => {}
                Ok(()) | Err(_) => found.extend(self.0.standing.open(area).map(Probed::Mended)),
            }
        }
        found
    }

    /// An address of the API.
    fn url(&self, path: &[&str]) -> Option<Url> {
        below(&self.0.base_url, &[&["api", "v1"], path].concat())
    }
}

/// The address below a base, each segment as it is, whatever is in it.
fn below(base: &Url, path: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    Some(url)
}

impl std::fmt::Debug for OktaClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OktaClient({})", self.0.base_url.host_str().unwrap_or_default())
    }
}
