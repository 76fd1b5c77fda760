use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use http::{HeaderMap, Method, StatusCode};
use jiff::SignedDuration;
use otp::{Clock, Entropy};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use url::Url;

use super::body::read_body;
use super::dpop::{Claim, DPOP, Prover, Realm};
use super::error::{OktaError, Refusal, Transient};
use super::rate_limit::RateLimit;
use super::time::Ahead;
use super::{Scope, SigningKey};
use crate::json::{self, Json};

/// An assertion is used at once.
const ASSERTION_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Before its end a token is replaced, …
const EARLY: Duration = Duration::from_secs(300);
/// … and this short before it is not used any more.
const TOO_LATE: Duration = Duration::from_secs(30);
/// After a replacement that did not come, while the old one is good.
const AGAIN: Duration = Duration::from_secs(30);
/// For so long a failure is everybody's answer.
const FAILED: Duration = Duration::from_secs(1);
/// Without proof, with proof, with the nonce, with Okta's time.
const MOST_POSTS: usize = 5;
/// RFC 7523.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The tokens of a service app: one at a time, one fetch at a time, however many wait for it.
pub(super) struct Tokens {
    exchange: Arc<Exchange>,
    slot: Mutex<Slot>,
}

/// What Okta is asked with for a token.
pub(super) struct Exchange {
    pub(super) http: reqwest::Client,
    pub(super) url: Url,
    pub(super) client_id: String,
    pub(super) key: SigningKey,
    pub(super) scopes: Vec<Scope>,
    pub(super) prover: Arc<Prover>,
    pub(super) ahead: Arc<Ahead>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// A token, and until when.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: SecretString,
    /// It is to be presented with a proof.
    pub(super) bound: bool,
    fetched: Instant,
    replace_from: Instant,
    good_until: Instant,
}

/// Why there is no token. The same for everybody who waits.
#[derive(Debug, Clone)]
pub(super) enum NoToken {
    /// Somebody has to mend something.
    Refused(String),
    /// Not now.
    Limited(Duration),
    /// Not this time.
    Away(Arc<Transient>),
}

type Fetch = Shared<BoxFuture<'static, Result<Token, NoToken>>>;

enum Slot {
    Empty,
    Fetching(Fetch),
    Held(Token),
    Failed { why: NoToken, until: Instant },
}

/// What somebody finds who wants a token.
enum Look {
    Good(Token),
    /// Good still; whoever found this fetches the next one.
    Old(Token),
    Failed(NoToken),
    Coming(Fetch),
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

/// What the token endpoint said.
enum Said {
    Token(Token),
    /// An OAuth error, by its code.
    Error(String),
}

impl From<NoToken> for OktaError {
    fn from(why: NoToken) -> Self {
        match why {
            NoToken::Refused(code) => Self::Refused { why: Refusal::Token { code }, news: false },
            NoToken::Limited(wait) => Self::RateLimited { wait },
            NoToken::Away(why) => Self::Transient(Transient::Token(why)),
        }
    }
}

impl From<reqwest::Error> for NoToken {
    fn from(error: reqwest::Error) -> Self {
        Self::Away(Arc::new(Transient::from(error)))
    }
}

impl Tokens {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self { exchange: Arc::new(exchange), slot: Mutex::new(Slot::Empty) }
    }

    pub(super) fn prover(&self) -> &Prover {
        &self.exchange.prover
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is good for a while yet.
    pub(super) async fn get(&self) -> Result<Token, NoToken> {
        let fetch = match self.look() {
            Look::Good(token) => return Ok(token),
            Look::Old(token) => return Ok(self.replace(token).await),
            Look::Failed(why) => return Err(why),
            Look::Coming(fetch) => fetch,
        };
        let got = fetch.clone().await;
        let mut slot = self.lock();
        // The first of those that waited puts it down.
        if matches!(&*slot, Slot::Fetching(current) if current.ptr_eq(&fetch)) {
            *slot = match &got {
                Ok(token) => Slot::Held(token.clone()),
                Err(why) => {
                    Slot::Failed { why: why.clone(), until: self.exchange.clock.monotonic() + FAILED }
                }
            };
        }
        got
    }

    fn look(&self) -> Look {
        let now = self.exchange.clock.monotonic();
        let mut slot = self.lock();
        match &mut *slot {
            Slot::Held(token) if now < token.replace_from => Look::Good(token.clone()),
            Slot::Held(token) if now < token.good_until => {
                // The others go on with the old one meanwhile.
                token.replace_from = now + AGAIN;
                Look::Old(token.clone())
            }
            Slot::Failed { why, until } if now < *until => Look::Failed(why.clone()),
            Slot::Fetching(fetch) => Look::Coming(fetch.clone()),
            Slot::Empty | Slot::Held(_) | Slot::Failed { .. } => {
                let exchange = self.exchange.clone();
                let fetch = async move { exchange.fetch().await }.boxed().shared();
                *slot = Slot::Fetching(fetch.clone());
                Look::Coming(fetch)
            }
        }
    }

    async fn replace(&self, old: Token) -> Token {
        let Ok(new) = self.exchange.fetch().await else { return old };
        *self.lock() = Slot::Held(new.clone());
        new
    }

    /// Okta does not take this one any more: the next who asks fetches another, unless somebody has already.
    pub(super) fn forget(&self, token: &Token) {
        let mut slot = self.lock();
        if matches!(&*slot, Slot::Held(held) if held.fetched == token.fetched) {
            *slot = Slot::Empty;
        }
    }
}

impl Exchange {
    async fn fetch(&self) -> Result<Token, NoToken> {
        let mut last = String::new();
        let mut corrected = false;
        for _ in 0..MOST_POSTS {
            let proved = self.prover.is_wanted();
            let (headers, said) = self.post(proved).await?;
            let new_nonce = self.prover.note(Realm::Token, &headers);
            let code = match said {
                Said::Token(token) => return Ok(token),
                Said::Error(code) => code,
            };
            let go_on = match code.as_str() {
                "invalid_dpop_proof" if !proved => true,
                "use_dpop_nonce" => !proved || new_nonce,
                // By our own clock the assertion may be over, or of tomorrow: the answer has told what the time is.
                "invalid_client" | "invalid_dpop_proof" => {
                    let off =
                        self.ahead.get().is_some_and(|ahead| ahead.abs() > SignedDuration::from_secs(30));
                    off && !std::mem::replace(&mut corrected, true)
                }
                _ => false,
            };
            if matches!(code.as_str(), "invalid_dpop_proof" | "use_dpop_nonce") {
                self.prover.want();
            }
            last = code;
            if !go_on {
                break;
            }
        }
        Err(NoToken::Refused(last))
    }

    async fn post(&self, proved: bool) -> Result<(HeaderMap, Said), NoToken> {
        let unsigned = |_| NoToken::Refused("the key cannot sign".to_owned());
        let now = self.ahead.now(&*self.clock);
        let assertion = Assertion {
            iss: &self.client_id,
            sub: &self.client_id,
            aud: self.url.as_str(),
            iat: now.as_second(),
            exp: now.saturating_add(ASSERTION_LIFE).unwrap_or(now).as_second(),
            jti: self.entropy.id(&*self.clock).to_string(),
        };
        let assertion = self.key.sign(&assertion, |_| {}).map_err(unsigned)?;
        let scope = self.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let mut request = self.http.post(self.url.clone()).form(&[
            ("grant_type", "client_credentials"),
            ("scope", &scope),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        if proved {
            let id = self.entropy.id(&*self.clock).to_string();
            let (method, at) = (&Method::POST, now.as_second());
            let claim = Claim { method, url: &self.url, realm: Realm::Token, token: None, id, at };
            request = request.header(DPOP, self.prover.proof(&claim).map_err(unsigned)?);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.ahead.note(&headers, &*self.clock);
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(NoToken::Limited(RateLimit::read(&headers).wait_after_refusal(&*self.entropy)));
        }
        if status.is_server_error() {
            return Err(NoToken::Away(Arc::new(Transient::Status(status.as_u16()))));
        }
        let body = read_body(response, 64 * 1024).await.map_err(|err| match err {
            OktaError::Transient(why) => NoToken::Away(Arc::new(why)),
            _ => NoToken::Refused("an answer that is no token".to_owned()),
        })?;
        let said = self
            .read(status, &body)
            .ok_or_else(|| NoToken::Refused(format!("status {}", status.as_u16())))?;
        Ok((headers, said))
    }

    fn read(&self, status: StatusCode, body: &[u8]) -> Option<Said> {
        let text = json::text(body);
        let answer = Json::parse(&text).ok()?;
        if !status.is_success() {
            let code = answer.get("error").text().or_else(|| answer.get("errorCode").text())?;
            // It goes into logs, and is somebody else's text.
            let plain = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40);
            return Some(Said::Error(plain.collect()));
        }
        let token = answer.get("access_token").text().filter(|token| !token.is_empty())?;
        let bound = answer.get("token_type").text()?.eq_ignore_ascii_case("dpop");
        let life: u64 = answer.get("expires_in").text().and_then(|life| life.parse().ok()).unwrap_or(3600);
        let life = Duration::from_secs(life.clamp(1, 24 * 3600));
        let fetched = self.clock.monotonic();
        Some(Said::Token(Token {
            text: SecretString::from(token.into_owned()),
            bound,
            fetched,
            // A life of a few minutes is used for most of it.
            replace_from: fetched + (life - EARLY.min(life / 4)),
            good_until: fetched + (life - TOO_LATE.min(life / 8)),
        }))
    }
}

impl Token {
    pub(super) fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}
