//! Marks by which the books know an erased person again without knowing them.

use aws_lc_rs::digest::{SHA256, digest};

use crate::OrgName;

/// A SHA-256 of somebody's identity. An Okta user's id is random and a [`PhoneHmac`](crate::PhoneHmac) is keyed, so that nobody finds either by trying.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErasureMark(String);

impl ErasureMark {
    /// Of an Okta user in one org, or in every org.
    pub fn user(org: Option<&OrgName>, okta_user_id: &str) -> Self {
        Self::of(&["user", org.map_or("*", OrgName::as_str), okta_user_id])
    }

    /// Of whoever has the number with this pseudonym.
    pub fn phone(hmac: &str) -> Self {
        Self::of(&["phone", hmac])
    }

    /// Of a number that an erased user had, and others may have: only reports about it are meant.
    pub fn report(hmac: &str) -> Self {
        Self::of(&["report", hmac])
    }

    /// Of whoever an event is about.
    pub fn event(org: &str, uuid: &str) -> Self {
        Self::of(&["event", org, uuid])
    }

    fn of(parts: &[&str]) -> Self {
        // No part has U+0000: the books drop it.
        Self(hex::encode(digest(&SHA256, parts.join("\0").as_bytes())))
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_different_people_differ() {
        let (a, b) = (OrgName::new("a").unwrap(), OrgName::new("b").unwrap());
        let marks = [
            ErasureMark::user(Some(&a), "00u1"),
            ErasureMark::user(Some(&b), "00u1"),
            ErasureMark::user(None, "00u1"),
            ErasureMark::user(Some(&a), "00u2"),
            ErasureMark::event("a", "00u1"),
            ErasureMark::phone("00u1"),
            ErasureMark::report("00u1"),
        ];
        let each: std::collections::BTreeSet<_> = marks.iter().collect();
        assert_eq!(each.len(), marks.len());
        assert!(marks.iter().all(|mark| mark.as_str().len() == 64 && !mark.as_str().contains("00u1")));
    }
}
