//! How providers take our reports, for people who have to know when they do not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use telephony::{ReportError, Reported};

use crate::subject::later;

/// What became of the last reports to each provider.
#[derive(Debug, Clone, Default)]
pub struct ReportHealth(Arc<Mutex<BTreeMap<String, Ailing>>>);

/// A provider that does not take reports now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportTrouble {
    /// It refuses our credential or our request.
    Refused,
    /// It fails, or cannot be reached.
    Failing,
}

#[derive(Debug)]
struct Ailing {
    trouble: ReportTrouble,
    /// In a row.
    failures: u32,
    last: Timestamp,
}

/// One failure is nobody's news; so many in a row are.
const FAILURES: u32 = 3;
/// A report is tried again within a minute while its verification lives: after this silence nothing is known any more.
const STALE: Duration = Duration::from_secs(15 * 60);

impl ReportHealth {
    /// Says that `provider` may be told something, so that its counts exist.
    pub(crate) fn announce(provider: &str) {
        for result in ["taken", "gone", "limited", "refused", "failed", "unsupported"] {
            count(provider, result, 0);
        }
    }

    /// Takes in what `provider` answered at `now`.
    pub(crate) fn note(&self, provider: &str, answer: &Result<Reported, ReportError>, now: Timestamp) {
        let result = match answer {
            Ok(_) => "taken",
            Err(ReportError::Gone) => "gone",
            Err(ReportError::RateLimited { .. }) => "limited",
            Err(ReportError::Refused) => "refused",
            Err(ReportError::Transient { .. }) => "failed",
            Err(ReportError::Unsupported) => "unsupported",
        };
        count(provider, result, 1);
        let trouble = match answer {
            Err(ReportError::Refused) => ReportTrouble::Refused,
            Err(ReportError::Transient { .. }) => ReportTrouble::Failing,
            // It is there, and asks for patience.
            Err(ReportError::RateLimited { .. }) => return,
            Ok(_) | Err(ReportError::Gone | ReportError::Unsupported) => {
                self.lock().remove(provider);
                return;
            }
        };
        let mut all = self.lock();
        let ailing = all.entry(provider.to_owned()).or_insert(Ailing { trouble, failures: 0, last: now });
        *ailing = Ailing { trouble, failures: ailing.failures.saturating_add(1), last: now };
    }

    /// Who does not take reports at `now`, by name.
    pub fn troubles(&self, now: Timestamp) -> Vec<(String, ReportTrouble)> {
        let all = self.lock();
        let known = all.iter().filter(|(_, it)| {
            now < later(it.last, STALE) && (it.trouble == ReportTrouble::Refused || it.failures >= FAILURES)
        });
        known.map(|(name, it)| (name.clone(), it.trouble)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ailing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(provider: &str, result: &'static str, by: u64) {
    metrics::counter!("ringback_report_tries_total", "provider" => provider.to_owned(), "result" => result)
        .increment(by);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use telephony::{ReportError, Reported};

    use super::{FAILURES, ReportHealth, ReportTrouble, STALE};
    use crate::subject::later;

    #[test]
    fn a_refusal_is_told_at_once_and_failures_when_there_are_a_few() {
        let (health, now) = (ReportHealth::default(), Timestamp::UNIX_EPOCH);
        let failed = || Err(ReportError::Transient { doubtful: false });
        health.note("b", &Err(ReportError::Refused), now);
        for n in 0..FAILURES {
            let told: Vec<_> = health.troubles(now).into_iter().map(|(name, _)| name).collect();
            assert_eq!(told, ["b"], "{n}");
            health.note("a", &failed(), now);
        }
        let told = [("a".to_owned(), ReportTrouble::Failing), ("b".to_owned(), ReportTrouble::Refused)];
        assert_eq!(health.troubles(now), told);
        // That a verification is gone is an answer.
        health.note("a", &Err(ReportError::Gone), now);
        health.note("b", &Ok(Reported { http_status: 200, provider_ref: None }), now);
        assert_eq!(health.troubles(now), []);
        health.note("b", &Err(ReportError::Refused), now);
        assert_eq!(health.troubles(later(now, STALE)), [], "nobody has tried since");
    }
}
