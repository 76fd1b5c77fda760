use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

/// Who may call a hook: Okta sends a fixed text in one header (Okta: hooks best practices, `authScheme` of type `HEADER`). There is
/// no signature.
///
/// Prints nothing, and keeps digests of the secrets only.
#[derive(Clone)]
pub struct HookAuth {
    header: HeaderName,
    digests: Vec<(SecretIndex, [u8; 32])>,
}

/// Which of the configured secrets was presented, counted from zero: during a rotation two are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretIndex(pub u32);

/// Why a request is refused. For counters: the caller learns nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthError {
    /// No such header, or an empty one.
    #[error("no credentials")]
    Missing,
    /// The header came more than once.
    #[error("more than one set of credentials")]
    Several,
    /// None of the secrets.
    #[error("wrong credentials")]
    Wrong,
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

impl HookAuth {
    /// Takes the header's name and the values that are valid in it. Blanks around a secret are dropped, as HTTP drops them around a
    /// header's value; an empty secret never matches.
    pub fn new(header: HeaderName, secrets: Vec<SecretString>) -> Self {
        let digests = (0..)
            .zip(&secrets)
            .map(|(n, secret)| (SecretIndex(n), secret.expose_secret().trim()))
            .filter(|(_, secret)| !secret.is_empty())
            .map(|(index, secret)| (index, sha256(secret.as_bytes())))
            .collect();
        Self { header, digests }
    }

    /// Checks a request's headers. How long that takes depends on what is presented and on how many secrets there are, but not on how
    /// much of one was right, nor on which one it was.
    ///
    /// # Errors
    /// [`AuthError`] unless the header is there exactly once and is one of the secrets, to the letter.
    pub fn check(&self, headers: &HeaderMap) -> Result<SecretIndex, AuthError> {
        let mut values = headers.get_all(&self.header).iter();
        let presented = values.next().ok_or(AuthError::Missing)?.as_bytes();
        if values.next().is_some() {
            return Err(AuthError::Several);
        }
        if presented.is_empty() {
            return Err(AuthError::Missing);
        }
        let presented = sha256(presented);
        let mut found = u32::MAX;
        for (index, secret) in &self.digests {
            found.conditional_assign(&index.0, secret.ct_eq(&presented));
        }
        if found == u32::MAX { Err(AuthError::Wrong) } else { Ok(SecretIndex(found)) }
    }
}

impl std::fmt::Debug for HookAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookAuth")
    }
}

impl std::fmt::Display for SecretIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
