//! JSON Web Signatures, as Okta checks them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A compact JWS, its parts read and nothing of it believed yet.
pub(crate) struct Jws<'a> {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

impl<'a> Jws<'a> {
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// Whether the owner of this key has signed it, with the algorithm that it names.
    pub(crate) fn is_by(&self, jwk: &Value) -> bool {
        let part = |name: &str| jwk[name].as_str().and_then(decode);
        match (self.header["alg"].as_str(), jwk["kty"].as_str()) {
            (Some("RS256"), Some("RSA")) => {
                let (Some(n), Some(e)) = (part("n"), part("e")) else { return false };
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature).is_ok()
            }
            (Some("ES256"), Some("EC")) => {
                let (Some(x), Some(y)) = (part("x"), part("y")) else { return false };
                let point = [&[4u8][..], &x, &y].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(self.signed.as_bytes(), &self.signature).is_ok()
            }
            _ => false,
        }
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims[name].as_str()
    }

    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        self.claims[name].as_i64()
    }
}

/// The same for equal public keys.
pub(crate) fn thumbprint(jwk: &Value) -> String {
    ["kty", "crv", "x", "y", "n", "e"].map(|name| jwk[name].as_str().unwrap_or_default()).join("|")
}
