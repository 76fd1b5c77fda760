use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of an Okta org in the configuration, in URLs and in the books: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrgName(Arc<str>);

/// Why a text is no org name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an org name is 1 to 64 of a-z, 0-9, '-' and '_'")]
pub struct OrgNameError;

impl OrgName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`OrgNameError`] for anything but 1 to 64 of `a-z`, `0-9`, `-` and `_`.
    pub fn new(name: &str) -> Result<Self, OrgNameError> {
        let known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(known) {
            return Err(OrgNameError);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for OrgName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OrgName {
    type Error = OrgNameError;
    fn try_from(name: String) -> Result<Self, OrgNameError> {
        Self::new(&name)
    }
}

impl From<OrgName> for String {
    fn from(name: OrgName) -> Self {
        name.0.to_string()
    }
}
