//! Service apps and their access tokens: `/oauth2/v1/token`, and who a request to the API is from.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::entropy;
use crate::fault;
use crate::okta::api::OktaOp;
use crate::okta::jws::{Jws, thumbprint};
use crate::okta::org::Okta;
use crate::okta::settings::ApiAccess;
use crate::server::{Line, Reply};
use crate::sync::locked;

/// A service app of the org.
#[derive(Clone, Debug)]
pub struct ServiceApp {
    /// `0oa…`
    pub client_id: String,
    /// The public keys it signs with, as JWKs.
    pub keys: Vec<Value>,
    /// The scopes it was granted.
    pub scopes: Vec<String>,
    /// Its tokens are bound to a key of the caller's (DPoP).
    pub dpop: bool,
}

/// Apps, tokens, and what may be used once.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Known>);

#[derive(Default)]
struct Known {
    apps: Vec<ServiceApp>,
    issued: HashMap<String, Issued>,
    used: HashSet<String>,
    nonce: Option<String>,
}

struct Issued {
    scopes: BTreeSet<String>,
    expires: i64,
    /// The key it is bound to.
    bound: Option<String>,
}

impl Tokens {
    pub(crate) fn of(apps: &[ServiceApp]) -> Self {
        Self(Mutex::new(Known { apps: apps.to_vec(), ..Known::default() }))
    }
}

/// Who a request is from.
pub(crate) enum Caller {
    /// An admin's API token: it may do everything.
    Admin,
    /// An app with these scopes.
    App(BTreeSet<String>),
}

impl Caller {
    pub(crate) fn may(&self, wanted: &[&str]) -> bool {
        match self {
            Self::Admin => true,
            Self::App(scopes) => wanted.iter().any(|scope| scopes.contains(*scope)),
        }
    }
}

/// Why a request has no caller.
pub(crate) struct Stranger {
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
}

impl Stranger {
    fn new(scheme: &str, error: &str) -> Self {
        Self { challenge: Some(format!("{scheme} error=\"{error}\"")), nonce: None }
    }
}

struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    nonce: Option<String>,
}

impl OauthError {
    fn new(error: &'static str, description: &'static str) -> Self {
        let status =
            if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        Self { status, error, description, nonce: None }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut answer = (self.status, Json(body)).into_response();
        put_nonce(answer.headers_mut(), self.nonce);
        answer
    }
}

pub(crate) fn put_nonce(headers: &mut HeaderMap, nonce: Option<String>) {
    if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok()) {
        headers.insert("dpop-nonce", nonce);
    }
}

impl Okta {
    /// Adds a service app, or replaces the one with the same id.
    pub fn add_app(&self, app: ServiceApp) {
        let mut tokens = locked(&self.inner.tokens.0);
        tokens.apps.retain(|it| it.client_id != app.client_id);
        tokens.apps.push(app);
    }

    /// Ends every token that was handed out, at once.
    pub fn revoke_tokens(&self) {
        locked(&self.inner.tokens.0).issued.clear();
    }

    /// How many tokens are known.
    pub fn tokens_issued(&self) -> usize {
        locked(&self.inner.tokens.0).issued.len()
    }

    /// Takes another nonce from now on.
    pub fn change_nonce(&self) {
        locked(&self.inner.tokens.0).nonce = Some(entropy::opaque_id());
    }

    /// Who a request to the API is from.
    pub(crate) fn caller(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Caller, Stranger> {
        let settings = self.settings();
        let unknown = || Stranger::new("Bearer", "invalid_token");
        let presented =
            headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let (scheme, token) = presented.split_once(' ').unwrap_or_default();
        if settings.api_access == ApiAccess::Revoked {
            return Err(Stranger { challenge: None, nonce: None });
        }
        if scheme == "SSWS" {
            let known = token == self.inner.org.api_token;
            return if known { Ok(Caller::Admin) } else { Err(Stranger { challenge: None, nonce: None }) };
        }
        let now = self.inner.clock.now().as_second();
        let bound = {
            let tokens = locked(&self.inner.tokens.0);
            let issued = tokens.issued.get(token).filter(|it| now < it.expires).ok_or_else(unknown)?;
            issued.bound.clone()
        };
        match (scheme, bound) {
            ("Bearer", None) => {}
            ("DPoP", Some(key)) => {
                let url = format!("{}{path}", self.inner.base);
                let nonce = settings.api_wants_nonce;
                match self.check_proof(method, &url, headers, Some(token), nonce) {
                    Ok(by) if by == key => {}
                    Ok(_) => return Err(Stranger::new("DPoP", "invalid_token")),
                    Err(error) => {
                        return Err(Stranger { nonce: error.nonce, ..Stranger::new("DPoP", error.error) });
                    }
                }
            }
            _ => return Err(unknown()),
        }
        let tokens = locked(&self.inner.tokens.0);
        tokens.issued.get(token).map(|it| Caller::App(it.scopes.clone())).ok_or_else(unknown)
    }

    /// Whose key has made the proof.
    fn check_proof(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        token: Option<&str>,
        nonce_wanted: bool,
    ) -> Result<String, OauthError> {
        let wrong = |what| OauthError::new("invalid_dpop_proof", what);
        let mut proofs = headers.get_all("dpop").iter();
        let proof = proofs.next().and_then(|it| it.to_str().ok());
        let proof = proof.ok_or_else(|| wrong("The DPoP proof JWT header is missing."))?;
        if proofs.next().is_some() {
            return Err(wrong("There is more than one DPoP proof JWT header."));
        }
        let jws = Jws::read(proof).ok_or_else(|| wrong("The DPoP proof is no JWT."))?;
        let jwk = jws.header["jwk"].clone();
        if jws.header["typ"] != "dpop+jwt" || jwk.get("d").is_some() || !jws.is_by(&jwk) {
            return Err(wrong("The DPoP proof has an invalid header or signature."));
        }
        let now = self.inner.clock.now().as_second();
        let fresh = jws.seconds("iat").is_some_and(|at| (at - now).abs() <= 300);
        if !fresh || jws.claim("htm") != Some(method.as_str()) || jws.claim("htu") != Some(url) {
            return Err(wrong("The DPoP proof is for another request."));
        }
        let ath = token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        if jws.claim("ath") != ath.as_deref() {
            return Err(wrong("The DPoP proof is for another token."));
        }
        let mut tokens = locked(&self.inner.tokens.0);
        if nonce_wanted {
            let nonce = tokens.nonce.get_or_insert_with(entropy::opaque_id).clone();
            if jws.claim("nonce") != Some(&nonce) {
                let what = "Authorization server requires nonce in DPoP proof.";
                return Err(OauthError { nonce: Some(nonce), ..OauthError::new("use_dpop_nonce", what) });
            }
        }
        let id = jws.claim("jti").filter(|id| !id.is_empty()).ok_or_else(|| wrong("jti is missing."))?;
        if !tokens.used.insert(format!("proof {id}")) {
            return Err(wrong("The DPoP proof JWT has already been used."));
        }
        Ok(thumbprint(&jwk))
    }

    fn grant(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, OauthError> {
        let form_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if !form_type.starts_with("application/x-www-form-urlencoded") {
            return Err(OauthError::new("invalid_request", "The content type is not a form."));
        }
        let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != "client_credentials" {
            return Err(OauthError::new("unsupported_grant_type", "The grant type is not supported."));
        }
        if field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
            return Err(OauthError::new("invalid_client", "The client_assertion_type is not supported."));
        }
        let refused = |what| OauthError::new("invalid_client", what);
        let jws =
            Jws::read(field("client_assertion")).ok_or_else(|| refused("The client_assertion is no JWT."))?;
        let client = jws.claim("iss").unwrap_or_default();
        let app = locked(&self.inner.tokens.0).apps.iter().find(|app| app.client_id == client).cloned();
        let app = app.ok_or_else(|| refused("Invalid value for 'client_id' parameter."))?;
        if self.settings().api_access == ApiAccess::Revoked {
            return Err(refused("The client is not active."));
        }
        let kid = jws.header["kid"].as_str();
        let by = |key: &&Value| (kid.is_none() || key["kid"].as_str() == kid) && jws.is_by(key);
        if !app.keys.iter().any(|key| by(&key)) {
            return Err(refused("The client_assertion signature is invalid."));
        }
        let url = format!("{}/oauth2/v1/token", self.inner.base);
        if jws.claim("sub") != Some(client) || jws.claim("aud") != Some(&url) {
            return Err(refused("The subject or the audience claim of client_assertion is invalid."));
        }
        let now = self.inner.clock.now().as_second();
        let in_time = |exp: i64| exp > now && exp <= now + 3600;
        if !jws.seconds("exp").is_some_and(in_time) || jws.seconds("iat").is_some_and(|iat| iat > now + 300) {
            return Err(refused("The client_assertion token has an expiration that is not valid."));
        }
        if let Some(id) = jws.claim("jti")
            && !locked(&self.inner.tokens.0).used.insert(format!("assertion {id}"))
        {
            return Err(refused("The client_assertion token has already been used."));
        }
        let scopes: BTreeSet<String> = field("scope").split_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() || !scopes.iter().all(|scope| app.scopes.contains(scope)) {
            let what = "One or more scopes are not configured for the authorization server resource.";
            return Err(OauthError::new("invalid_scope", what));
        }
        let bound =
            if app.dpop { Some(self.check_proof(&Method::POST, &url, headers, None, true)?) } else { None };
        let life = i64::from(self.settings().token_life_seconds);
        let token = format!("{}.{}", entropy::opaque_id(), entropy::opaque_id());
        let kind = if bound.is_some() { "DPoP" } else { "Bearer" };
        let scope = field("scope");
        let answer = json!({ "token_type": kind, "expires_in": life, "access_token": token, "scope": scope });
        let issued = Issued { scopes, expires: now + life, bound };
        locked(&self.inner.tokens.0).issued.insert(token, issued);
        Ok(answer)
    }
}

/// `POST /oauth2/v1/token`
pub(crate) async fn door(
    State(okta): State<Okta>,
    Extension(line): Extension<Line>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    line.carry_on(async move {
        let op = OktaOp::Token;
        let fault = okta.inner.faults.take_scripted(&op).or_else(|| okta.inner.faults.take_sticky(&op));
        let n = okta.note_arrival(&method, "/oauth2/v1/token", None, &headers, fault.is_some());
        let (quota, _held) = okta.inner.limits.count(op, &okta.settings(), okta.inner.clock.now());
        let reply = fault::run(fault, || {
            if method != Method::POST {
                return StatusCode::METHOD_NOT_ALLOWED.into_response();
            }
            match okta.grant(&headers, &body) {
                Ok(token) => Json(token).into_response(),
                Err(error) => error.into_response(),
            }
        });
        match reply.await {
            Reply::Answer(answer) => {
                let answer = okta.dressed(answer, Some(quota));
                okta.note_answer(n, &answer);
                Reply::Answer(answer)
            }
            Reply::Reset => Reply::Reset,
        }
    })
    .await
}
