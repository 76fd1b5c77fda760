use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{Country, PhoneNumber, TransactionId};

/// A phone number's keyed pseudonym: HMAC-SHA-256 over E.164, in hex. Equal numbers are equal here, and nobody without the key can
/// try all numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneHmac(String);

impl PhoneHmac {
    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is kept of a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPhone {
    /// For joins.
    pub hmac: PhoneHmac,
    /// AES-256-GCM under the vault's key, bound to its transaction: `v1.<key id>.<base64 of nonce and ciphertext>`.
    pub sealed: String,
    /// Country, for analytics.
    pub country: Country,
    /// Leading digits, for analytics.
    pub prefix: String,
}

impl SealedPhone {
    /// Where in the world the number was, and nothing more.
    #[must_use]
    pub fn erased(self) -> Self {
        Self { hmac: PhoneHmac(String::new()), sealed: String::new(), ..self }
    }
}

/// The keys that keep phone numbers and quarantined bodies unreadable at rest. Cheap to clone; prints nothing.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    id: String,
    pseudonym: hmac::Key,
    seal: RandomizedNonceKey,
}

/// Why a text is no privacy key. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the privacy key is 32 bytes in base64")]
pub struct KeyError;

/// Why a sealed value could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// Sealed under another key.
    #[error("the value was sealed under another privacy key")]
    OtherKey,
    /// Changed, moved to another row, or not a sealed value at all.
    #[error("the sealed value is damaged or belongs elsewhere")]
    Damaged,
}

/// Derives 32 bytes for one use from the privacy key.
fn derive(prk: &hkdf::Prk, purpose: &'static [u8]) -> Result<[u8; 32], KeyError> {
    let mut bytes = [0u8; 32];
    let info = [purpose];
    let expanded = prk.expand(&info, hkdf::HKDF_SHA256).map_err(|_| KeyError)?;
    expanded.fill(&mut bytes).map_err(|_| KeyError)?;
    Ok(bytes)
}

impl Vault {
    /// Takes the privacy key as configured: 32 bytes in base64. Separate keys for pseudonyms and for sealing are derived from it
    /// (HKDF-SHA-256).
    ///
    /// # Errors
    /// [`KeyError`] when it is not 32 bytes of base64.
    pub fn from_base64(key: &str) -> Result<Self, KeyError> {
        let key = zeroize::Zeroizing::new(STANDARD.decode(key.trim()).map_err(|_| KeyError)?);
        if key.len() != 32 {
            return Err(KeyError);
        }
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"ringback").extract(&key);
        let id = derive(&prk, b"key id")?;
        let pseudonym = hmac::Key::new(hmac::HMAC_SHA256, &derive(&prk, b"phone pseudonym")?);
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &derive(&prk, b"seal")?).map_err(|_| KeyError)?;
        Ok(Self(Arc::new(Keys { id: hex::encode(&id[..4]), pseudonym, seal })))
    }

    /// A new random key, in the form [`Vault::from_base64`] takes.
    pub fn new_key(entropy: &dyn crate::Entropy) -> String {
        let mut key = zeroize::Zeroizing::new([0u8; 32]);
        entropy.fill(key.as_mut());
        STANDARD.encode(key.as_ref())
    }

    /// The pseudonym of a number.
    pub fn hmac(&self, phone: &PhoneNumber) -> PhoneHmac {
        let tag = hmac::sign(&self.0.pseudonym, phone.expose_e164().as_bytes());
        PhoneHmac(hex::encode(tag.as_ref()))
    }

    /// What may be kept of `phone` in the books of `transaction`.
    ///
    /// # Errors
    /// Only when the cipher itself fails.
    pub fn keep(&self, phone: &PhoneNumber, transaction: TransactionId) -> Result<SealedPhone, UnsealError> {
        Ok(SealedPhone {
            hmac: self.hmac(phone),
            sealed: self.seal(phone.expose_e164().as_bytes(), &transaction.to_string())?,
            country: phone.country().clone(),
            prefix: phone.prefix().to_owned(),
        })
    }

    /// The number that [`Vault::keep`] sealed for `transaction`.
    ///
    /// # Errors
    /// [`UnsealError`] when it was sealed elsewhere or is damaged.
    pub fn open_phone(&self, sealed: &str, transaction: TransactionId) -> Result<PhoneNumber, UnsealError> {
        let bytes = zeroize::Zeroizing::new(self.open(sealed, &transaction.to_string())?);
        let text = std::str::from_utf8(&bytes).map_err(|_| UnsealError::Damaged)?;
        PhoneNumber::parse(text, None).map_err(|_| UnsealError::Damaged)
    }

    /// Seals `plain`; it opens only together with the same `place` (a row's id), so that values cannot be swapped between rows.
    ///
    /// # Errors
    /// Only when the cipher itself fails.
    pub fn seal(&self, plain: &[u8], place: &str) -> Result<String, UnsealError> {
        let mut buffer = plain.to_vec();
        let nonce = self
            .0
            .seal
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut buffer)
            .map_err(|_| UnsealError::Damaged)?;
        let mut bytes = nonce.as_ref().to_vec();
        bytes.append(&mut buffer);
        Ok(format!("v1.{}.{}", self.0.id, STANDARD_NO_PAD.encode(bytes)))
    }

    /// Opens what [`Vault::seal`] sealed for the same `place`.
    ///
    /// # Errors
    /// [`UnsealError`] when it was sealed elsewhere, under another key, or is damaged.
    pub fn open(&self, sealed: &str, place: &str) -> Result<Vec<u8>, UnsealError> {
        let (id, text) =
            sealed.strip_prefix("v1.").and_then(|s| s.split_once('.')).ok_or(UnsealError::Damaged)?;
        if id != self.0.id {
            return Err(UnsealError::OtherKey);
        }
        let mut bytes = STANDARD_NO_PAD.decode(text).map_err(|_| UnsealError::Damaged)?;
        if bytes.len() < 12 {
            return Err(UnsealError::Damaged);
        }
        let mut cipher = bytes.split_off(12);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| UnsealError::Damaged)?;
        let plain = self
            .0
            .seal
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut cipher)
            .map_err(|_| UnsealError::Damaged)?;
        Ok(plain.to_vec())
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.0.id)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{UnsealError, Vault};
    use crate::{PhoneNumber, TransactionId};

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn s10_a_number_opens_only_in_its_own_row_and_under_its_own_key() {
        let vault = Vault::from_base64(KEY).unwrap();
        let phone = PhoneNumber::parse("+15555550101", None).unwrap();
        let (a, b) = (TransactionId::from(Uuid::from_u128(1)), TransactionId::from(Uuid::from_u128(2)));
        let kept = vault.keep(&phone, a).unwrap();
        assert_eq!(vault.open_phone(&kept.sealed, a).unwrap(), phone);
        assert_eq!(vault.open_phone(&kept.sealed, b).unwrap_err(), UnsealError::Damaged);
        assert_ne!(vault.keep(&phone, a).unwrap().sealed, kept.sealed, "a nonce is never used twice");
        assert_eq!(vault.keep(&phone, b).unwrap().hmac, kept.hmac, "equal numbers join");
        let other = Vault::from_base64("HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        assert_eq!(other.open_phone(&kept.sealed, a).unwrap_err(), UnsealError::OtherKey);
        assert_ne!(other.hmac(&phone), kept.hmac);
        let kept = serde_json::to_string(&kept).unwrap();
        assert!(!kept.contains("5555550101"), "{kept}");
    }

    #[test]
    fn a_key_is_thirty_two_bytes() {
        for bad in ["", "AAEC", "not base64 at all", &KEY[..40]] {
            assert!(Vault::from_base64(bad).is_err());
        }
        assert!(Vault::from_base64(&Vault::new_key(&crate::SystemEntropy)).is_ok());
    }
}
