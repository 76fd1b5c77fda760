//! The n-th hook: an event id, a user, a number and a code that no other has.

/// Counted up over a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject(pub(crate) u64);

/// Area codes of the United States and of Canada.
const AREAS: [u64; 16] = [212, 415, 617, 305, 206, 512, 702, 303, 404, 312, 416, 604, 514, 403, 902, 613];

impl Subject {
    /// Okta's `eventId`.
    pub(crate) fn event_id(self) -> String {
        format!("load{:018}", self.0)
    }

    /// The subject of an `eventId`.
    pub(crate) fn of_event_id(id: &str) -> Option<Self> {
        id.strip_prefix("load")?.parse().ok().map(Self)
    }

    /// Okta's user id, 20 characters.
    pub(crate) fn user_id(self) -> String {
        format!("00u{:017}", self.0)
    }

    /// Ten digits, the most that Verify takes.
    pub(crate) fn code(self) -> String {
        format!("{:010}", self.0)
    }

    /// Of eight numbers six are North American, one British and one French.
    pub(crate) fn phone(self) -> String {
        let (kind, n) = (self.0 % 8, self.0 / 8);
        match kind {
            6 => format!("+447{:09}", 400_000_000 + n % 500_000_000),
            7 => format!("+336{:08}", n % 100_000_000),
            _ => {
                let n = n * 6 + kind;
                let (area, n) = (AREAS[usize::try_from(n % 16).unwrap_or(0)], n / 16);
                format!("+1{area}{}{:04}", 200 + (n / 10_000) % 800, n % 10_000)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Subject;

    #[test]
    fn no_two_subjects_share_anything() {
        let all = (0..200_000).map(Subject);
        let mut seen = HashSet::new();
        for subject in all {
            assert!(seen.insert(subject.phone()) && seen.insert(subject.code()), "{subject:?}");
            assert_eq!(Subject::of_event_id(&subject.event_id()), Some(subject));
        }
    }
}
