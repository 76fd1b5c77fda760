//! The org's authorization server, whose tokens Okta's hooks may come with: `/oauth2/default/v1/keys`.

use std::sync::Mutex;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::entropy;
use crate::fault;
use crate::okta::api::OktaOp;
use crate::okta::org::Okta;
use crate::server::{Line, Reply};
use crate::sync::locked;

/// What the telephony hook's tokens say (the hook's channel is of type `OAUTH`).
#[derive(Clone, Debug)]
pub struct HookOauth {
    /// `cid` and `sub`
    pub client_id: String,
    /// `aud`
    pub audience: String,
    /// `scp`
    pub scope: String,
}

/// The keys it signs with; the last is in use. None is made before one is needed.
#[derive(Default)]
pub(crate) struct Issuer(Mutex<Vec<Key>>);

struct Key {
    id: String,
    pair: KeyPair,
}

impl Key {
    fn new() -> Option<Self> {
        Some(Self { id: entropy::opaque_id(), pair: KeyPair::generate(KeySize::Rsa2048).ok()? })
    }

    fn jwk(&self) -> Option<Value> {
        let der = self.pair.public_key().as_ref();
        let (n, e) = integers(der)?;
        let b64 = |bytes| URL_SAFE_NO_PAD.encode(bytes);
        Some(json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id, "n": b64(n), "e": b64(e) }))
    }
}

/// The two integers of an `RSAPublicKey` (PKCS#1), without leading zeros.
fn integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (0x30, sequence, _) = element(der)? else { return None };
    let (0x02, n, rest) = element(sequence)? else { return None };
    let (0x02, e, _) = element(rest)? else { return None };
    Some((n.strip_prefix(&[0]).unwrap_or(n), e.strip_prefix(&[0]).unwrap_or(e)))
}

/// Tag, content and what follows of a DER element.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (digits.iter().fold(0, |all, digit| all * 256 + usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

impl Okta {
    /// `iss` of the tokens that hooks come with.
    pub fn issuer(&self) -> String {
        format!("{}/oauth2/default", self.inner.base)
    }

    /// A token with exactly these claims, signed with the key in use.
    pub fn mint(&self, claims: &Value) -> String {
        let mut keys = locked(&self.inner.issuer.0);
        if keys.is_empty() {
            keys.extend(Key::new());
        }
        let Some(key) = keys.last() else { return String::new() };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "kid": key.id })), part(claims));
        let mut signature = vec![0; key.pair.public_modulus_len()];
        let done = key.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        if done.is_err() {
            return String::new();
        }
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token as Okta's hooks come with.
    pub fn hook_claims(&self, oauth: &HookOauth) -> Value {
        let now = self.inner.clock.now().as_second();
        json!({
            "ver": 1,
            "jti": format!("AT.{}", entropy::opaque_id()),
            "iss": self.issuer(),
            "aud": oauth.audience,
            "iat": now,
            "exp": now + 3600,
            "cid": oauth.client_id,
            "scp": [oauth.scope],
            "sub": oauth.client_id,
        })
    }

    /// Signs with another key from now on; the old one is not published any more.
    pub fn rotate_keys(&self) {
        let mut keys = locked(&self.inner.issuer.0);
        keys.clear();
        keys.extend(Key::new());
    }
}

/// `GET /oauth2/{server}/v1/keys`
pub(crate) async fn door(
    State(okta): State<Okta>,
    Extension(line): Extension<Line>,
    method: Method,
    Path(server): Path<String>,
    headers: HeaderMap,
) -> Response {
    line.carry_on(async move {
        let op = OktaOp::Keys;
        let fault = okta.inner.faults.take_scripted(&op).or_else(|| okta.inner.faults.take_sticky(&op));
        let path = format!("/oauth2/{server}/v1/keys");
        let n = okta.note_arrival(&method, &path, None, &headers, fault.is_some());
        let reply = fault::run(fault, || {
            if method != Method::GET || server != "default" {
                return StatusCode::NOT_FOUND.into_response();
            }
            let keys = locked(&okta.inner.issuer.0);
            Json(json!({ "keys": keys.iter().filter_map(Key::jwk).collect::<Vec<_>>() })).into_response()
        });
        match reply.await {
            Reply::Answer(answer) => {
                // Not limited.
                let answer = okta.dressed(answer, None);
                okta.note_answer(n, &answer);
                Reply::Answer(answer)
            }
            Reply::Reset => Reply::Reset,
        }
    })
    .await
}
