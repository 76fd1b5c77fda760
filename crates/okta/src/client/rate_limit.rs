use std::time::Duration;

use http::HeaderMap;
use otp::Entropy;

use super::time::date;

/// Okta's windows last a minute; whoever names a longer wait is not believed.
const LONGEST: Duration = Duration::from_secs(120);
/// After a refusal that does not say until when.
const UNTOLD: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_secs(1);
const JITTER: Duration = Duration::from_secs(1);

/// What a response says about the rate limit (Okta: rate limits, `X-Rate-Limit-*`).
#[derive(Debug)]
pub(super) struct RateLimit {
    limit: Option<i64>,
    remaining: Option<i64>,
    /// From the response's own `Date` to its `X-Rate-Limit-Reset`: both are Okta's clock, so ours may be wrong.
    until_reset: Option<Duration>,
}

impl RateLimit {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        // Where several limits apply, Okta may list them all.
        let numbers = |name: &str| {
            let values = headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok());
            values.flat_map(|v| v.split(',')).filter_map(|n| n.trim().parse::<i64>().ok()).collect::<Vec<_>>()
        };
        let reset = numbers("x-rate-limit-reset").into_iter().max();
        let until_reset = date(headers).zip(reset).map(|(date, reset)| {
            Duration::from_secs(u64::try_from(reset.saturating_sub(date.as_second())).unwrap_or(0))
        });
        Self {
            limit: numbers("x-rate-limit-limit").into_iter().min(),
            remaining: numbers("x-rate-limit-remaining").into_iter().min(),
            until_reset,
        }
    }

    /// Whether too many were asked at one time, not in one minute. Okta: the concurrency limit shows as zero of zero, and its reset
    /// is only a guess; it passes when some of them end.
    pub(super) fn is_crowded(&self) -> bool {
        (self.limit, self.remaining) == (Some(0), Some(0))
    }

    /// The wait after a 429.
    pub(super) fn wait_after_refusal(&self, entropy: &dyn Entropy) -> Duration {
        bounded(self.until_reset.unwrap_or(UNTOLD), entropy)
    }

    /// The limit, what is left of it, and for how long; where the answer tells all three.
    pub(super) fn window(&self, entropy: &dyn Entropy) -> Option<(i64, i64, Duration)> {
        let limit = self.limit.filter(|limit| *limit > 0)?;
        Some((limit, self.remaining?, bounded(self.until_reset?, entropy)))
    }
}

fn bounded(wait: Duration, entropy: &dyn Entropy) -> Duration {
    (wait.max(SHORTEST) + entropy.jitter(JITTER)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName};
    use otp::Entropy;

    use super::RateLimit;

    struct Full;

    impl Entropy for Full {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    struct Zero;

    impl Entropy for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    // Epoch second 1795170000.
    const DATE: (&str, &str) = ("date", "Fri, 20 Nov 2026 10:20:00 GMT");

    fn limit(headers: &[(&str, &str)]) -> RateLimit {
        let pair = |(n, v): &(&str, &str)| (n.parse::<HeaderName>().unwrap(), v.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(pair) {
            map.append(name, value);
        }
        RateLimit::read(&map)
    }

    #[test]
    fn d1_the_wait_is_measured_between_oktas_own_two_times() {
        let (all, none) = (("x-rate-limit-limit", "600"), ("x-rate-limit-remaining", "0"));
        for (headers, seconds) in [
            (&[DATE, all, none, ("x-rate-limit-reset", "1795170042")][..], 42),
            (&[DATE, all, none, ("x-rate-limit-reset", "1795170000")], 1),
            (&[DATE, all, none, ("x-rate-limit-reset", "1795160000")], 1),
            (&[DATE, all, none, ("x-rate-limit-reset", "1795179999")], 120),
            (&[DATE, all, none, ("x-rate-limit-reset", "9223372036854775807")], 120),
            (&[DATE, all, none, ("x-rate-limit-reset", "soon")], 30),
            (&[all, none, ("x-rate-limit-reset", "1795170042")], 30),
            (&[("date", "now"), all, none, ("x-rate-limit-reset", "1795170042")], 30),
            (&[], 30),
            (&[DATE, all, none, ("x-rate-limit-reset", "1795170010, 1795170020")], 20),
        ] {
            let wait = limit(headers).wait_after_refusal(&Zero);
            assert_eq!(wait, Duration::from_secs(seconds), "{headers:?}");
            let jittered = limit(headers).wait_after_refusal(&Full);
            assert_eq!(jittered, Duration::from_secs(120.min(seconds + 1)), "{headers:?}");
        }
    }

    #[test]
    fn d1_what_is_left_is_read_where_all_of_it_is_told() {
        let reset = ("x-rate-limit-reset", "1795170042");
        let (all, some) = (("x-rate-limit-limit", "600"), ("x-rate-limit-remaining", "7"));
        assert_eq!(limit(&[DATE, all, some, reset]).window(&Zero), Some((600, 7, Duration::from_secs(42))));
        for less in
            [&[DATE, some, reset][..], &[DATE, all, reset], &[all, some, reset], &[DATE, all, some], &[]]
        {
            assert_eq!(limit(less).window(&Zero), None, "{less:?}");
        }
    }

    #[test]
    fn d1_zero_of_zero_is_too_many_at_one_time() {
        let none = ("x-rate-limit-remaining", "0");
        assert!(limit(&[("x-rate-limit-limit", "0"), none]).is_crowded());
        assert!(!limit(&[("x-rate-limit-limit", "600"), none]).is_crowded());
        assert!(!limit(&[none]).is_crowded());
    }
}
