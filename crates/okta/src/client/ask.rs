use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Response;
use serde_json::Value;
use url::Url;

use super::body::read_body;
use super::bucket::{Area, Bucket};
use super::dpop::{Claim, DPOP, Realm};
use super::error::{OktaError, Refusal, Transient, oktas};
use super::rate_limit::RateLimit;
use super::standing::Refused;
use super::token::Token;
use super::{Access, OktaClient};

/// No answer that is asked for comes near it.
const MOST_BYTES: usize = 1 << 20;

/// A request to Okta's API.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What Okta counts it by.
    pub(super) bucket: Bucket,
    /// A `Content-Type` that says how the answer is wanted.
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Option<Value>,
    /// A longer answer is not read.
    pub(super) most_bytes: usize,
    /// It is about one of many: a 403 may be about that one.
    pub(super) one_of_many: bool,
}

/// What Okta answered with a 2xx.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Ask {
    pub(super) fn get(bucket: Bucket, url: Url) -> Self {
        Self::new(Method::GET, bucket, url)
    }

    pub(super) fn new(method: Method, bucket: Bucket, url: Url) -> Self {
        Self {
            method,
            url,
            bucket,
            content_type: None,
            body: None,
            most_bytes: MOST_BYTES,
            one_of_many: false,
        }
    }

    pub(super) fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

impl OktaClient {
    /// Asks, unless Okta is known to refuse or its limit is used up: then nothing is sent.
    ///
    /// # Errors
    /// [`OktaError`] says what to do.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, OktaError> {
        self.open(ask.bucket.area())?;
        let asked = self.ask_anyway(&ask).await;
        let Err(OktaError::Refused { why, .. }) = asked else { return asked };
        let area = ask.bucket.area();
        let mut refused = (ask.method == Method::GET).then_some(Refused { bucket: ask.bucket, url: ask.url });
        if ask.one_of_many && matches!(why, Refusal::Forbidden { .. }) {
            // Others may be waiting for the same word.
            self.open(area)?;
            match self.try_area(area).await {
                Ok(()) => return Err(OktaError::Hidden),
                Err(other @ (OktaError::Transient(_) | OktaError::RateLimited { .. })) => return Err(other),
                // All of them are: any of them shows when that is mended.
                Err(OktaError::Refused { why: Refusal::Forbidden { .. }, .. }) => refused = None,
                // It tells nothing: what was asked stays refused.
                Err(_) => {}
            }
        }
        let now = self.0.clock.monotonic();
        let news = self.0.standing.close(area, why.clone(), refused, now, &*self.0.entropy);
        Err(OktaError::Refused { why, news })
    }

    fn open(&self, area: Area) -> Result<(), OktaError> {
        match self.0.standing.closed(area, self.0.clock.monotonic()) {
            Some((why, wait)) => Err(OktaError::Paused { why, wait }),
            None => Ok(()),
        }
    }

    /// Asks for next to nothing, to see whether that is allowed. Nobody's data is in the answer.
    pub(super) async fn try_area(&self, area: Area) -> Result<(), OktaError> {
        let (bucket, path, query) = match area {
            Area::Users => (Bucket::Users, "users", &[("filter", "id eq \"ringback\""), ("limit", "1")][..]),
            Area::Logs => {
                (Bucket::Logs, "logs", &[("filter", "eventType eq \"ringback\""), ("limit", "1")][..])
            }
            Area::InlineHooks => {
                (Bucket::InlineHooks, "inlineHooks", &[("type", "com.okta.telephony.provider")][..])
            }
            Area::EventHooks => (Bucket::EventHooks, "eventHooks", &[][..]),
            Area::TelephonyProviders => (Bucket::TelephonyProviders, "telephony-providers", &[][..]),
        };
        let mut url = self.url(&[path]).ok_or(OktaError::NotFound)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        match (area, self.ask_anyway(&Ask::get(bucket, url)).await) {
            // Whoever stands in between lets single users through only: then one who is nobody.
            (
                Area::Users,
                Err(OktaError::NotFound | OktaError::Refused { why: Refusal::Address { .. }, .. }),
            ) => {
                let nobody = self.url(&["users", "ringback"]).ok_or(OktaError::NotFound)?;
                match self.ask_anyway(&Ask::get(Bucket::User, nobody)).await {
                    Ok(_) | Err(OktaError::NotFound) => Ok(()),
                    Err(other) => Err(other),
                }
            }
            (_, answer) => answer.map(drop),
        }
    }

    /// Tries again what is refused: the very question, where it is known, and else the area.
    pub(super) async fn try_again(&self, area: Area, refused: Option<&Refused>) -> Result<(), OktaError> {
        let Some(Refused { bucket, url }) = refused else { return self.try_area(area).await };
        match self.ask_anyway(&Ask::get(*bucket, url.clone())).await {
            // It may be about that one alone.
            Err(OktaError::Refused { why: why @ Refusal::Forbidden { .. }, news }) => {
                match self.try_area(area).await {
                    Ok(()) => Ok(()),
                    Err(_) => Err(OktaError::Refused { why, news }),
                }
            }
            answer => answer.map(drop),
        }
    }

    async fn ask_anyway(&self, ask: &Ask) -> Result<Answer, OktaError> {
        // Never closed; and what is asked at one time is little beside what an org allows.
        let Ok(_place) = self.0.calls.acquire().await else { return Err(Transient::Status(0).into()) };
        let inner = &*self.0;
        let (mut renewed, mut challenged) = (false, false);
        loop {
            inner
                .buckets
                .admit(ask.bucket, inner.clock.monotonic(), inner.reserve)
                .map_err(|wait| OktaError::RateLimited { wait })?;
            let token = match &inner.access {
                Access::Fixed => None,
                Access::Tokens(tokens) => Some((tokens, tokens.get().await?)),
            };
            let response = self.send(ask, token.as_ref().map(|(_, token)| token)).await?;
            inner.ahead.note(response.headers(), &*inner.clock);
            if response.status() == StatusCode::UNAUTHORIZED
                && let Some((tokens, token)) = &token
            {
                let new_nonce = tokens.prover().note(Realm::Api, response.headers());
                if new_nonce && !challenged && says(response.headers(), "use_dpop_nonce") {
                    challenged = true;
                    continue;
                }
                if !renewed {
                    // Expired early, or revoked. Once: a fresh one that is refused too is somebody's to mend.
                    tokens.forget(token);
                    renewed = true;
                    continue;
                }
            }
            return self.read(ask, response).await;
        }
    }

    async fn send(&self, ask: &Ask, token: Option<&Token>) -> Result<Response, OktaError> {
        let inner = &*self.0;
        let mut request = inner.http.request(ask.method.clone(), ask.url.clone());
        if let Some(token) = token {
            let scheme = if token.bound { "DPoP" } else { "Bearer" };
            let value = HeaderValue::try_from(format!("{scheme} {}", token.expose()));
            let mut value = value.map_err(|_| OktaError::Malformed { what: "the token" })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
            if let (true, Access::Tokens(tokens)) = (token.bound, &inner.access) {
                let claim = Claim {
                    method: &ask.method,
                    url: &ask.url,
                    realm: Realm::Api,
                    token: Some(token.expose()),
                    id: inner.entropy.id(&*inner.clock).to_string(),
                    at: inner.ahead.now(&*inner.clock).as_second(),
                };
                let proof = tokens.prover().proof(&claim);
                request =
                    request.header(DPOP, proof.map_err(|_| OktaError::Malformed { what: "the proof" })?);
            }
        }
        if let Some(content_type) = ask.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        Ok(request.send().await?)
    }

    async fn read(&self, ask: &Ask, response: Response) -> Result<Answer, OktaError> {
        let inner = &*self.0;
        let (status, headers) = (response.status(), response.headers().clone());
        let (limit, now) = (RateLimit::read(&headers), inner.clock.monotonic());
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = inner.buckets.refused(ask.bucket, &limit, now, &*inner.entropy);
            return Err(OktaError::RateLimited { wait });
        }
        inner.buckets.note(ask.bucket, &limit, now, &*inner.entropy);
        let refused = |why| Err(OktaError::Refused { why, news: false });
        let address = Refusal::Address { status: status.as_u16() };
        match status {
            _ if status.is_success() => {
                let body = read_body(response, ask.most_bytes).await?;
                Ok(Answer { headers, body })
            }
            StatusCode::UNAUTHORIZED => refused(Refusal::Unauthorized),
            StatusCode::FORBIDDEN => {
                let (what, scope) = ask.bucket.area().words();
                refused(Refusal::Forbidden { what, scope: scope.as_str() })
            }
            _ if status.is_redirection() => refused(address),
            _ => match oktas(&read_body(response, MOST_BYTES).await?) {
                Some((code, summary)) if status.is_client_error() || ask.method != Method::GET => {
                    Err(match status {
                        StatusCode::NOT_FOUND => OktaError::NotFound,
                        _ => OktaError::Rejected { status: status.as_u16(), code, summary },
                    })
                }
                _ if status.is_server_error() => Err(Transient::Status(status.as_u16()).into()),
                None if status == StatusCode::NOT_FOUND => refused(address),
                _ => Err(OktaError::Malformed { what: "the status" }),
            },
        }
    }
}

/// Whether a challenge names this error.
fn says(headers: &HeaderMap, error: &str) -> bool {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains(error)))
}
