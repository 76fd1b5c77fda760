use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// A private key that signs as Okta wants it: RSA with RS256, or EC on P-256 with ES256. Prints its algorithm only.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    id: Option<String>,
}

/// Why a text is no key to sign with. Never holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor JSON.
    #[error("is neither a private key in PEM nor a JWK")]
    Unreadable,
    /// A password is needed.
    #[error("is encrypted: give it without a password (openssl pkcs8 -topk8 -nocrypt)")]
    Encrypted,
    /// The half that anybody may have.
    #[error("is a public key; the private one signs")]
    Public,
    /// Another kind, too small, or its parts do not fit each other.
    #[error("is neither an RSA key of 2048 bits or more nor an EC key on P-256")]
    Unsupported,
    /// The cryptography failed.
    #[error("cannot sign")]
    Sign,
}

impl SigningKey {
    /// Reads PEM (PKCS#8, PKCS#1, SEC 1) or a JWK. A JWK may name itself; `id` wins.
    ///
    /// # Errors
    /// [`KeyError`] says what it is instead.
    pub fn read(text: &SecretString, id: Option<String>) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        if text.starts_with('{') {
            let jwk: Value = serde_json::from_str(text).map_err(|_| KeyError::Unreadable)?;
            let own = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
            return Self::from_jwk(&jwk, id.or(own));
        }
        let (label, der) = pem(text)?;
        match label {
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Self::from_der(&der, id),
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Err(KeyError::Public),
            _ => Err(KeyError::Unreadable),
        }
    }

    /// A new EC key, known to nobody else.
    pub(super) fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError::Sign)?;
        Self::from_ec(&pair, None)
    }

    fn from_der(der: &[u8], id: Option<String>) -> Result<Self, KeyError> {
        if let Ok(pair) = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return Self::from_ec(&pair, id);
        }
        let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
        Self::from_rsa(&pair.map_err(|_| KeyError::Unsupported)?, id)
    }

    fn from_jwk(jwk: &Value, id: Option<String>) -> Result<Self, KeyError> {
        let part = |name: &str| -> Result<Zeroizing<Vec<u8>>, KeyError> {
            let text = jwk.get(name).and_then(Value::as_str).ok_or(KeyError::Unsupported)?;
            let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
            bytes.map(Zeroizing::new).map_err(|_| KeyError::Unsupported)
        };
        if jwk.get("d").is_none() {
            return Err(KeyError::Public);
        }
        match jwk.get("kty").and_then(Value::as_str) {
            Some("RSA") => {
                let (n, e) = (part("n")?, part("e")?);
                let (p, q, d) = (part("p")?, part("q")?, part("d")?);
                let (dp, dq, qi) = (part("dp")?, part("dq")?, part("qi")?);
                let pair = RsaKeyPair::from_components(&KeyPairComponents {
                    public_key: PublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
                    d: d.as_slice(),
                    p: p.as_slice(),
                    q: q.as_slice(),
                    dP: dp.as_slice(),
                    dQ: dq.as_slice(),
                    qInv: qi.as_slice(),
                });
                Self::from_rsa(&pair.map_err(|_| KeyError::Unsupported)?, id)
            }
            Some("EC") if jwk.get("crv").and_then(Value::as_str) == Some("P-256") => {
                let point = [&[4u8][..], &part("x")?, &part("y")?].concat();
                let (alg, d) = (&ECDSA_P256_SHA256_FIXED_SIGNING, part("d")?);
                let pair = EcdsaKeyPair::from_private_key_and_public_key(alg, &d, &point);
                Self::from_ec(&pair.map_err(|_| KeyError::Unsupported)?, id)
            }
            _ => Err(KeyError::Unsupported),
        }
    }

    fn from_ec(pair: &EcdsaKeyPair, id: Option<String>) -> Result<Self, KeyError> {
        let der = pair.to_pkcs8v1().map_err(|_| KeyError::Unsupported)?;
        Ok(Self { key: EncodingKey::from_ec_der(der.as_ref()), algorithm: Algorithm::ES256, id })
    }

    fn from_rsa(pair: &RsaKeyPair, id: Option<String>) -> Result<Self, KeyError> {
        if pair.public_modulus_len() < 256 {
            return Err(KeyError::Unsupported);
        }
        let der = pair.as_der().map_err(|_| KeyError::Unsupported)?;
        // jsonwebtoken takes RSA keys out of PKCS#8 only when it comes as PEM.
        let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
        let pem =
            Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *body));
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::Unsupported)?;
        Ok(Self { key, algorithm: Algorithm::RS256, id })
    }

    /// The public half, as a JWK: what the other side checks signatures with.
    ///
    /// # Errors
    /// [`KeyError::Sign`] where the cryptography fails.
    pub fn public_jwk(&self) -> Result<Value, KeyError> {
        let mut jwk = serde_json::to_value(self.jwk()?).map_err(|_| KeyError::Sign)?;
        if let (Some(id), Some(jwk)) = (&self.id, jwk.as_object_mut()) {
            jwk.insert("kid".to_owned(), Value::from(id.as_str()));
        }
        Ok(jwk)
    }

    pub(super) fn jwk(&self) -> Result<Jwk, KeyError> {
        Jwk::from_encoding_key(&self.key, self.algorithm).map_err(|_| KeyError::Sign)
    }

    /// A signed JWT of this type, with what `more` puts into its header.
    pub(super) fn sign(
        &self,
        claims: &impl Serialize,
        more: impl FnOnce(&mut Header),
    ) -> Result<String, KeyError> {
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.id);
        more(&mut header);
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|_| KeyError::Sign)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.algorithm)
    }
}

/// The label and the bytes of the first PEM block that is a key; parameters before it are passed over.
fn pem(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), KeyError> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ").ok_or(KeyError::Unreadable)?;
        let (label, after) = after.split_once("-----").ok_or(KeyError::Unreadable)?;
        let (body, after) = after.split_once("-----END ").ok_or(KeyError::Unreadable)?;
        if label == "EC PARAMETERS" {
            rest = after;
            continue;
        }
        if body.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let digits: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
        let der = STANDARD.decode(digits.as_bytes()).map_err(|_| KeyError::Unreadable)?;
        return Ok((label, Zeroizing::new(der)));
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, KeyPair as _};

    use super::*;

    fn block(label: &str, der: &[u8]) -> SecretString {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)).into()
    }

    fn ec() -> EcdsaKeyPair {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
    }

    #[test]
    fn every_usual_form_of_a_key_signs_and_shows_the_same_public_half() {
        let pair = ec();
        let pkcs8 = block("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
        let sec1 = pair.private_key().as_der().unwrap();
        let sec1 = format!(
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}",
            block("EC PRIVATE KEY", sec1.as_ref()).expose_secret()
        );
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = pair.public_key().as_ref();
        let d: aws_lc_rs::encoding::EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().unwrap();
        let jwk = serde_json::json!({
            "kty": "EC", "crv": "P-256", "kid": "own", "x": b64(&point[1..33]), "y": b64(&point[33..]), "d": b64(d.as_ref()),
        });
        let wanted = (b64(&point[1..33]), b64(&point[33..]));
        for text in [pkcs8, sec1.into(), jwk.to_string().into()] {
            let key = SigningKey::read(&text, None).unwrap();
            let public = key.public_jwk().unwrap();
            assert_eq!(
                (public["x"].as_str().unwrap(), public["y"].as_str().unwrap()),
                (&*wanted.0, &*wanted.1)
            );
            assert!(public.get("d").is_none());
            assert_eq!(key.sign(&serde_json::json!({}), |_| {}).unwrap().split('.').count(), 3);
            assert_eq!(format!("{key:?}"), "SigningKey(ES256)");
        }
        let named = SigningKey::read(&jwk.to_string().into(), None).unwrap();
        assert_eq!(named.public_jwk().unwrap()["kid"], "own");
        let named = SigningKey::read(&jwk.to_string().into(), Some("given".to_owned())).unwrap();
        assert_eq!(named.public_jwk().unwrap()["kid"], "given");

        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let key = SigningKey::read(&block("PRIVATE KEY", rsa.as_der().unwrap().as_ref()), None).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(RS256)");
        assert_eq!(key.sign(&serde_json::json!({}), |_| {}).unwrap().split('.').count(), 3);
    }

    #[test]
    fn what_cannot_sign_is_refused_and_not_quoted() {
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        for (text, error) in [
            ("hunter2".into(), KeyError::Unreadable),
            ("{\"kty\":".into(), KeyError::Unreadable),
            ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}".into(), KeyError::Public),
            ("{\"kty\":\"oct\",\"k\":\"AA\",\"d\":\"AA\"}".into(), KeyError::Unsupported),
            (block("PUBLIC KEY", b"x"), KeyError::Public),
            (block("ENCRYPTED PRIVATE KEY", b"x"), KeyError::Encrypted),
            (block("PRIVATE KEY", b"x"), KeyError::Unsupported),
            (block("PRIVATE KEY", p384.to_pkcs8v1().unwrap().as_ref()), KeyError::Unsupported),
            ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----".into(), KeyError::Encrypted),
        ] {
            assert_eq!(SigningKey::read(&text, None).unwrap_err(), error, "{error}");
        }
    }
}
