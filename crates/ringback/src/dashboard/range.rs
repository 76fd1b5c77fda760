use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::ActivityQuery;

/// How far back a page looks. Steps begin at whole hours and days (UTC), so that a bar means the same on every load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Range {
    /// 24 hours, by the hour.
    #[default]
    Day,
    /// 7 days, by six hours.
    Week,
    /// 30 days, by the day.
    Month,
}

impl Range {
    pub(super) const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// As it stands in the address: `24h`, `7d`, `30d`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.as_str() == text)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// For people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    /// What one bar stands for.
    pub(super) fn step_label(self) -> &'static str {
        match self {
            Self::Day => "per hour",
            Self::Week => "per 6 hours",
            Self::Month => "per day",
        }
    }

    /// Seconds of a step, and how many there are.
    fn steps(self) -> (i64, i64) {
        match self {
            Self::Day => (3_600, 24),
            Self::Week => (6 * 3_600, 28),
            Self::Month => (24 * 3_600, 30),
        }
    }

    /// The span that ends with the step that `now` is in, of which at most so many codes are counted.
    pub(super) fn query(self, now: Timestamp, most: u32) -> ActivityQuery {
        let (seconds, count) = self.steps();
        let current = now.as_second().div_euclid(seconds) * seconds;
        let begin = Timestamp::from_second(current).unwrap_or(now);
        let ago = |steps: i64| SignedDuration::from_secs(steps * seconds);
        ActivityQuery {
            since: begin.saturating_sub(ago(count - 1)).unwrap_or(Timestamp::MIN),
            until: begin.saturating_add(ago(1)).unwrap_or(Timestamp::MAX),
            step: Duration::from_secs(seconds.unsigned_abs()),
            most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn a_range_is_one_of_three() {
        for range in Range::ALL {
            assert_eq!(Range::parse(range.as_str()), Some(range));
        }
        for text in ["", "24H", "1h", "24h ", "999d", "<script>"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_is_whole_steps_with_the_present_one_last() {
        let now = "2026-11-21T13:37:12.5Z".parse().unwrap();
        for (range, since, until) in [
            (Range::Day, "2026-11-20T14:00:00Z", "2026-11-21T14:00:00Z"),
            (Range::Week, "2026-11-14T18:00:00Z", "2026-11-21T18:00:00Z"),
            (Range::Month, "2026-10-23T00:00:00Z", "2026-11-22T00:00:00Z"),
        ] {
            let query = range.query(now, 1);
            assert_eq!((query.since.to_string(), query.until.to_string()), (since.into(), until.into()));
            let seconds = query.until.as_second() - query.since.as_second();
            assert_eq!(seconds % i64::try_from(query.step.as_secs()).unwrap(), 0);
        }
    }
}
