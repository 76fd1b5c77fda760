use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::Entropy;
use url::Url;

use super::bucket::{Area, Bucket};
use super::error::Refusal;

/// How we stand with Okta: what it refuses us, until a probe finds it mended. While it refuses, nothing else is asked, so thousands of
/// events cost one request now and then.
#[derive(Default)]
pub(super) struct Standing(Mutex<BTreeMap<Area, Closed>>);

struct Closed {
    why: Refusal,
    probe_at: Instant,
    probes: u32,
    refused: Option<Refused>,
}

/// A question that was refused, and what it is counted by: asked again, it shows best whether that is mended.
#[derive(Clone)]
pub(super) struct Refused {
    pub(super) bucket: Bucket,
    pub(super) url: Url,
}

/// Until the first probe, and at most.
const PROBE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(60));
/// While a probe is under way.
const MOMENT: Duration = Duration::from_secs(1);

impl Standing {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Area, Closed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why this is not to be asked, and for how long.
    pub(super) fn closed(&self, area: Area, now: Instant) -> Option<(Refusal, Duration)> {
        let closed = self.lock();
        let (_, it) = closed.iter().find(|(it, closed)| **it == area || closed.why.is_of_all())?;
        Some((it.why.clone(), it.probe_at.saturating_duration_since(now).max(MOMENT)))
    }

    /// Everything that is refused.
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        self.lock().values().map(|closed| closed.why.clone()).collect()
    }

    /// Okta refused. Whether that is news.
    pub(super) fn close(
        &self,
        area: Area,
        why: Refusal,
        refused: Option<Refused>,
        now: Instant,
        entropy: &dyn Entropy,
    ) -> bool {
        let mut closed = self.lock();
        let known = closed.get(&area).map(|it| (it.probes, it.why == why, it.probe_at));
        // What was under way when it began counts no further.
        if known.is_some_and(|(_, same, probe_at)| same && now < probe_at) {
            return false;
        }
        let probes = known.map_or(0, |(probes, ..)| probes + 1);
        let most = (PROBE.0 * 2u32.saturating_pow(probes.min(8))).min(PROBE.1);
        let probe_at = now + most / 2 + entropy.jitter(most / 2);
        let all = why.is_of_all();
        let news = !closed.values().any(|it| it.why == why || (all && it.why.is_of_all()));
        let news = news || known.is_some_and(|(_, same, _)| !same);
        closed.insert(area, Closed { why, probe_at, probes, refused });
        news
    }

    /// It is mended. What was wrong.
    pub(super) fn open(&self, area: Area) -> Option<Refusal> {
        self.lock().remove(&area).map(|closed| closed.why)
    }

    /// What is to be tried again now.
    pub(super) fn due(&self, now: Instant) -> Vec<(Area, Option<Refused>)> {
        let closed = self.lock();
        let due = closed.iter().filter(|(_, closed)| closed.probe_at <= now);
        due.map(|(area, closed)| (*area, closed.refused.clone())).collect()
    }
}
