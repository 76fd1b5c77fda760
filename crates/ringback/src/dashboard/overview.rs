use std::time::Duration;

use jiff::Timestamp;
use ledger::{Attention, Percentiles, Tally, TransactionRow};
use serde::Serialize;

use super::books::{Counted, Seen};
use super::live::Live;
use super::problem::{Problem, problems};
use super::range::Range;
use super::text::share;
use crate::readiness::Status;

/// Everything a page shows: `GET /api/overview`. What the books have not said is missing.
#[derive(Serialize)]
pub(super) struct Overview {
    pub(super) at: Timestamp,
    pub(super) status: Status,
    pub(super) problems: Vec<Problem>,
    pub(super) range: &'static str,
    pub(super) books: BooksState,
    pub(super) process: Live,
    /// There is none in this version: no limits of one's own, nothing is blocked.
    pub(super) guard: Option<()>,
    #[serde(flatten)]
    pub(super) counted: Option<Numbers>,
    /// Counts of what wants attention, and the newest transactions: the books say these even when they have no time for counting.
    pub(super) attention: Option<Attention>,
    pub(super) recent: Option<Vec<TransactionRow>>,
}

/// How much of what is shown the books have said, and when.
#[derive(Serialize)]
pub(super) struct BooksState {
    /// `current`, `stale` (said a while ago), `busy` (not counted yet) or `away` (nothing said yet).
    pub(super) state: &'static str,
    pub(super) as_of: Option<Timestamp>,
    pub(super) why: Option<String>,
}

/// What the books said.
#[derive(Serialize)]
pub(super) struct Numbers {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) step_seconds: u64,
    /// At most so many codes are counted, the newest; a tenth of that is timed.
    pub(super) counted_at_most: u32,
    /// Where counting ended, if there are more.
    pub(super) counted_from: Option<Timestamp>,
    pub(super) totals: Share,
    pub(super) by_time: Vec<Step>,
    pub(super) by_country: Vec<Named>,
    pub(super) by_channel: Vec<Named>,
    pub(super) by_provider: Vec<Named>,
    /// From a hook to our answer.
    pub(super) answer_seconds: Seconds,
    /// From an event's arrival to the report that had its effect.
    pub(super) feedback_lag_seconds: Seconds,
    pub(super) calls: Vec<Calls>,
}

/// Counts, and what they are of each other.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Share {
    #[serde(flatten)]
    pub(super) tally: Tally,
    /// `used`, `unused` and `unknown` together.
    pub(super) sent: u64,
    /// `used` of `sent`, between 0 and 1.
    pub(super) conversion: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Step {
    pub(super) begin: Timestamp,
    #[serde(flatten)]
    pub(super) share: Share,
}

#[derive(Serialize)]
pub(super) struct Named {
    /// `null` where it is not known.
    pub(super) name: Option<String>,
    #[serde(flatten)]
    pub(super) share: Share,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Seconds {
    pub(super) count: u64,
    pub(super) p50: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) p99: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Calls {
    pub(super) provider: String,
    pub(super) calls: u64,
    pub(super) accepted: u64,
    pub(super) ambiguous: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) seconds: Seconds,
}

impl From<Tally> for Share {
    fn from(tally: Tally) -> Self {
        Self { tally, sent: tally.sent(), conversion: share(tally.used, tally.sent()) }
    }
}

impl From<Percentiles> for Seconds {
    fn from(measured: Percentiles) -> Self {
        let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64());
        Self {
            count: measured.count,
            p50: seconds(measured.p50),
            p95: seconds(measured.p95),
            p99: seconds(measured.p99),
        }
    }
}

impl Overview {
    pub(super) fn new(range: Range, live: Live, seen: &Seen) -> Self {
        let state = match (&seen.counted, &seen.trouble) {
            (Some(_), None) => "current",
            (Some(_), Some(_)) => "stale",
            (None, _) if seen.standing.is_some() => "busy",
            (None, _) => "away",
        };
        Self {
            at: live.at,
            status: live.readiness.status,
            problems: problems(&live, seen),
            range: range.as_str(),
            books: BooksState {
                state,
                as_of: seen.counted.as_ref().map(|counted| counted.at),
                why: seen.trouble.clone(),
            },
            process: live,
            guard: None,
            counted: seen.counted.as_deref().map(Numbers::from),
            attention: seen.standing.as_ref().map(|standing| standing.attention.clone()),
            recent: seen.standing.as_ref().map(|standing| standing.recent.clone()),
        }
    }
}

impl From<&Counted> for Numbers {
    fn from(counted: &Counted) -> Self {
        let (activity, query) = (&counted.activity, &counted.query);
        let mut totals = Tally::default();
        activity.by_time.iter().for_each(|(_, tally)| totals.add(tally));
        let named = |list: &[(Option<String>, Tally)]| {
            list.iter().map(|(name, tally)| Named { name: name.clone(), share: (*tally).into() }).collect()
        };
        let call = |call: &ledger::CallTimes| Calls {
            provider: call.provider.clone(),
            calls: call.calls,
            accepted: call.accepted,
            ambiguous: call.ambiguous,
            refused: call.refused,
            failed: call.failed,
            seconds: call.took.into(),
        };
        Self {
            since: query.since,
            until: query.until,
            step_seconds: query.step.as_secs(),
            counted_at_most: query.most,
            counted_from: activity.cut_at,
            totals: totals.into(),
            by_time: activity
                .by_time
                .iter()
                .map(|(begin, tally)| Step { begin: *begin, share: (*tally).into() })
                .collect(),
            by_country: named(&activity.by_country),
            by_channel: named(&activity.by_channel),
            by_provider: named(&activity.by_provider),
            answer_seconds: counted.timings.answers.into(),
            feedback_lag_seconds: counted.timings.reports.into(),
            calls: counted.timings.calls.iter().map(call).collect(),
        }
    }
}
