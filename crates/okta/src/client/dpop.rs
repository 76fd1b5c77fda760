use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jsonwebtoken::jwk::Jwk;
use serde::Serialize;
use url::Url;

use super::key::{KeyError, SigningKey};

/// The header that holds a proof.
pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Proves that whoever presents a token is who it was made for (RFC 9449; Okta: DPoP). The key is this process's own, and in its memory
/// only.
pub(super) struct Prover {
    key: SigningKey,
    jwk: Jwk,
    /// The org has said that it wants proofs.
    wanted: AtomicBool,
    nonces: Mutex<Nonces>,
}

#[derive(Default)]
struct Nonces {
    token: Option<String>,
    api: Option<String>,
}

/// Who a nonce is from: the token endpoint and the API give their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    Token,
    Api,
}

/// What is proved.
pub(super) struct Claim<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) realm: Realm,
    /// The token that is presented, if one is.
    pub(super) token: Option<&'a str>,
    /// Unlike any other proof's.
    pub(super) id: String,
    /// Seconds since 1970, by Okta's clock.
    pub(super) at: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

impl Prover {
    pub(super) fn new() -> Result<Self, KeyError> {
        let key = SigningKey::generate()?;
        let jwk = key.jwk()?;
        Ok(Self { key, jwk, wanted: AtomicBool::new(false), nonces: Mutex::default() })
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    pub(super) fn want(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Keeps the nonce that an answer brings; whether it is a new one.
    pub(super) fn note(&self, realm: Realm, headers: &HeaderMap) -> bool {
        let Some(nonce) = headers.get(NONCE).and_then(|value| value.to_str().ok()) else { return false };
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match realm {
            Realm::Token => &mut nonces.token,
            Realm::Api => &mut nonces.api,
        };
        let new = kept.as_deref() != Some(nonce);
        *kept = Some(nonce.to_owned());
        new
    }

    /// A header's value, good for one request.
    pub(super) fn proof(&self, claim: &Claim<'_>) -> Result<HeaderValue, KeyError> {
        let nonce = {
            let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            match claim.realm {
                Realm::Token => nonces.token.clone(),
                Realm::Api => nonces.api.clone(),
            }
        };
        // RFC 9449: the URL without query and fragment.
        let mut url = claim.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let ath = |token: &str| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
        let claims = Claims {
            htm: claim.method.as_str(),
            htu: url.as_str(),
            iat: claim.at,
            jti: &claim.id,
            nonce,
            ath: claim.token.map(ath),
        };
        let proof = self.key.sign(&claims, |header| {
            header.typ = Some("dpop+jwt".to_owned());
            header.jwk = Some(self.jwk.clone());
        })?;
        let mut value = HeaderValue::try_from(proof).map_err(|_| KeyError::Sign)?;
        value.set_sensitive(true);
        Ok(value)
    }
}
