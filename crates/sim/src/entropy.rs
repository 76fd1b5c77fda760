//! The one place that makes up ids and codes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng;

#[allow(clippy::disallowed_methods, reason = "this is the simulators' source of randomness")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A Twilio SID: a two-letter prefix and 32 hexadecimal digits.
pub(crate) fn sid(prefix: &str) -> String {
    format!("{prefix}{:032x}", u128::from_be_bytes(random()))
}

/// A reference id of Telesign: 32 hexadecimal digits in capitals.
pub(crate) fn reference_id() -> String {
    format!("{:032X}", u128::from_be_bytes(random()))
}

/// A random (v4) UUID.
pub(crate) fn uuid() -> String {
    uuid::Builder::from_random_bytes(random()).into_uuid().to_string()
}

/// An opaque id of 22 URL-safe characters, as Okta gives every hook request.
pub(crate) fn opaque_id() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<16>())
}

/// An Okta object id: a prefix filled up to 20 characters.
pub(crate) fn okta_id(prefix: &str) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(random()));
    let rest = 20usize.saturating_sub(prefix.len());
    format!("{prefix}{}", &digits[..rest])
}

/// A code of `digits` digits (leading zeros occur), different from the last million codes of this process.
pub(crate) fn unique_code(digits: u32) -> String {
    // Steps that share no factor with a power of ten visit every code once before one comes again.
    const STEP: u64 = 387_420_489;
    static START: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start = START.get_or_init(|| u64::from(u32::from_be_bytes(random())));
    let modulus = 10_u64.pow(digits.clamp(4, 10));
    let n = NEXT.fetch_add(1, Ordering::Relaxed) % modulus;
    let code = u128::from(n) * u128::from(STEP) + u128::from(*start);
    format!("{:0width$}", code % u128::from(modulus), width = digits.clamp(4, 10) as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn codes_do_not_repeat() {
        let codes: HashSet<String> = (0..50_000).map(|_| super::unique_code(6)).collect();
        assert_eq!(codes.len(), 50_000);
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())));
        assert!(codes.iter().any(|code| code.starts_with('0')), "leading zeros must occur");
    }

    #[test]
    fn ids_have_their_lengths() {
        assert_eq!(super::sid("VE").len(), 34);
        assert_eq!(super::okta_id("00u").len(), 20);
        assert_eq!(super::opaque_id().len(), 22);
    }
}
