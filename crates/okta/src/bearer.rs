use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use otp::Clock;
use reqwest::redirect;
use serde::Deserialize;
use url::Url;

use crate::client::{BuildError, read_body};

/// Who may call a hook: whoever has a token that the org's own authorization server made for that (Okta: OAuth 2.0 for inline hooks).
///
/// Keys are fetched once for all who wait, kept, and looked for again where a token names one that is not known: at most once a minute,
/// so that made-up names cost nothing. Cheap to clone; the clones share the keys.
#[derive(Clone)]
pub struct BearerAuth(Arc<Inner>);

/// What a token has to say.
#[derive(Debug, Clone)]
pub struct BearerOptions {
    /// The authorization server: `https://example.okta.com/oauth2/default`. Not the org's own, whose tokens nobody else can read.
    pub issuer: Url,
    /// `aud`
    pub audience: String,
    /// `cid`: the app that the hook signs in as.
    pub client_id: String,
    /// One of `scp`.
    pub scope: String,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// There is no token.
    #[error("no token")]
    Missing,
    /// It is not one of those that are meant. For counters and logs: the caller learns nothing of it.
    #[error("the token is wrong: {0}")]
    Wrong(&'static str),
    /// The keys to check it with cannot be had: that is not the caller's fault.
    #[error("the keys of the authorization server cannot be had")]
    Unavailable,
}

/// Beside this nobody waits for keys: a hook has three seconds for everything.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks for a key that is not known.
const FLOOR: Duration = Duration::from_secs(60);
/// Between two tries while nothing is known at all.
const AGAIN: Duration = Duration::from_secs(1);
/// After this, keys are fetched anew, and used on where that fails.
const OLD: Duration = Duration::from_secs(12 * 3600);
/// What Okta's clock and ours may differ by.
const LEEWAY: i64 = 60;
/// More keys than any server has.
const MOST_KEYS: usize = 32;
const MOST_BYTES: usize = 256 * 1024;
/// Longer than any token of Okta's.
const MOST_TOKEN: usize = 8 * 1024;

struct Inner {
    http: reqwest::Client,
    keys_url: Url,
    options: BearerOptions,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Arc<HashMap<String, DecodingKey>>,
    /// When they came.
    fetched: Option<Instant>,
    /// When they were last looked for.
    tried: Option<Instant>,
    fetching: Option<Fetch>,
}

/// Whether keys came.
type Fetch = Shared<BoxFuture<'static, bool>>;

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    cid: Option<String>,
    #[serde(default)]
    scp: Vec<String>,
}

impl BearerAuth {
    /// Takes what a token has to say; nothing is fetched yet.
    ///
    /// # Errors
    /// [`BuildError`] where the issuer is no server's address.
    pub fn new(options: BearerOptions, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let mut keys_url = options.issuer.clone();
        // Okta: `{issuer}/v1/keys`, as its metadata say too; one question less on a hook's time.
        keys_url.path_segments_mut().map_err(|()| BuildError::BaseUrl)?.pop_if_empty().extend(["v1", "keys"]);
        let http = reqwest::Client::builder()
            .user_agent(concat!("ringback/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| BuildError::Http(e.without_url()))?;
        Ok(Self(Arc::new(Inner { http, keys_url, options, clock, state: Mutex::default() })))
    }

    /// Fetches the keys before anybody has to wait for them; whether they came.
    pub async fn warm(&self) -> bool {
        match self.fetch() {
            Some(fetch) => fetch.await,
            None => true,
        }
    }

    /// Checks a request's headers.
    ///
    /// # Errors
    /// [`BearerError`] unless there is exactly one token, signed by the issuer, for this audience, app and scope, and in its time.
    pub async fn check(&self, headers: &HeaderMap) -> Result<(), BearerError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(BearerError::Missing)?.to_str().map_err(|_| BearerError::Missing)?;
        let (scheme, token) = value.split_once(' ').ok_or(BearerError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(BearerError::Missing);
        }
        if values.next().is_some() || token.len() > MOST_TOKEN {
            return Err(BearerError::Wrong("more than one"));
        }
        let head = jsonwebtoken::decode_header(token).map_err(|_| BearerError::Wrong("no JWT"))?;
        // The algorithm is ours to choose, never the token's.
        if head.alg != Algorithm::RS256 || head.crit.is_some() {
            return Err(BearerError::Wrong("its header"));
        }
        let key = self.key(head.kid.as_deref().ok_or(BearerError::Wrong("its header"))?).await?;
        self.read(token, &key)
    }

    fn read(&self, token: &str, key: &DecodingKey) -> Result<(), BearerError> {
        let options = &self.0.options;
        let mut wanted = Validation::new(Algorithm::RS256);
        wanted.set_audience(&[&options.audience]);
        wanted.set_issuer(&[options.issuer.as_str().trim_end_matches('/')]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud"]);
        // By our own clock, below.
        wanted.validate_exp = false;
        let wrong = BearerError::Wrong;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &wanted)
            .map_err(|_| wrong("its signature, issuer or audience"))?
            .claims;
        let now: Timestamp = self.0.clock.now();
        let now = now.as_second();
        if claims.exp.saturating_add(LEEWAY) <= now {
            return Err(wrong("it is over"));
        }
        if claims.nbf.into_iter().chain(claims.iat).any(|from| from > now.saturating_add(LEEWAY)) {
            return Err(wrong("it is of tomorrow"));
        }
        if claims.cid.as_deref() != Some(&options.client_id) {
            return Err(wrong("it is another app's"));
        }
        if !claims.scp.contains(&options.scope) {
            return Err(wrong("it is for something else"));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of that name.
    async fn key(&self, id: &str) -> Result<DecodingKey, BearerError> {
        let now = self.0.clock.monotonic();
        let known = |state: &State| state.keys.get(id).cloned();
        let (found, age) = {
            let state = self.lock();
            (known(&state), state.fetched.map(|at| now.saturating_duration_since(at)))
        };
        if let Some(key) = found {
            if age.is_some_and(|age| age > OLD)
                && let Some(fetch) = self.fetch()
            {
                // Nobody waits for it: what is known is good until something better comes.
                tokio::spawn(fetch);
            }
            return Ok(key);
        }
        let came = match self.fetch() {
            Some(fetch) => fetch.await,
            // Looked for a moment ago.
            None => self.lock().fetched.is_some(),
        };
        match known(&self.lock()) {
            Some(key) => Ok(key),
            None if came => Err(BearerError::Wrong("its key is not the issuer's")),
            None => Err(BearerError::Unavailable),
        }
    }

    /// The fetch that is under way, or a new one; `None` where the last one was a moment ago.
    fn fetch(&self) -> Option<Fetch> {
        let now = self.0.clock.monotonic();
        let mut state = self.lock();
        if let Some(fetch) = &state.fetching {
            return Some(fetch.clone());
        }
        let floor = if state.fetched == state.tried && state.fetched.is_some() { FLOOR } else { AGAIN };
        if state.tried.is_some_and(|at| now.saturating_duration_since(at) < floor) {
            return None;
        }
        state.tried = Some(now);
        let this = self.clone();
        let fetch = async move {
            let keys = this.0.ask().await;
            let mut state = this.lock();
            state.fetching = None;
            let Some(keys) = keys else { return false };
            state.fetched = state.tried;
            state.keys = Arc::new(keys);
            true
        };
        let fetch = fetch.boxed().shared();
        state.fetching = Some(fetch.clone());
        Some(fetch)
    }
}

impl Inner {
    async fn ask(&self) -> Option<HashMap<String, DecodingKey>> {
        let response = self.http.get(self.keys_url.clone()).send().await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let body = read_body(response, MOST_BYTES).await.ok()?;
        let set: JwkSet = serde_json::from_slice(&body).ok()?;
        let signs = |key: &&jsonwebtoken::jwk::Jwk| {
            let used = key.common.public_key_use.as_ref();
            matches!(key.algorithm, AlgorithmParameters::RSA(_))
                && used.is_none_or(|used| *used == PublicKeyUse::Signature)
        };
        let keys: HashMap<_, _> = set
            .keys
            .iter()
            .filter(signs)
            .take(MOST_KEYS)
            .filter_map(|key| Some((key.common.key_id.clone()?, DecodingKey::from_jwk(key).ok()?)))
            .collect();
        // A server without keys is none.
        (!keys.is_empty()).then_some(keys)
    }
}

impl std::fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BearerAuth({})", self.0.options.issuer.host_str().unwrap_or_default())
    }
}
