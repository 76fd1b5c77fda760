use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A span of the books to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityQuery {
    /// What was received (begun, reported) at or after.
    pub since: Timestamp,
    /// And before.
    pub until: Timestamp,
    /// The span is told in steps of so long; whole seconds.
    pub step: Duration,
    /// At most so many codes are counted, the newest; of calls and answers, a tenth of that is timed. Never more than 1,000,000.
    pub most: u32,
}

impl ActivityQuery {
    /// More steps than this are no chart.
    const MOST_STEPS: i64 = 1_000;

    /// In whole seconds, of which both databases make the same steps.
    pub(crate) fn step_seconds(&self) -> i64 {
        i64::try_from(self.step.as_secs()).unwrap_or(i64::MAX).max(1)
    }

    /// The begin, at a whole second.
    pub(crate) fn first_second(&self) -> i64 {
        self.since.as_second()
    }

    pub(crate) fn most(&self) -> i64 {
        i64::from(self.most.min(1_000_000))
    }

    /// How many are timed.
    pub(crate) fn most_timed(&self) -> i64 {
        self.most().div_euclid(10).max(1)
    }

    /// Every step's begin, also of those in which nothing was.
    fn steps(&self) -> impl Iterator<Item = Timestamp> {
        let (first, step) = (self.first_second(), self.step_seconds());
        let last = self.until.as_second();
        (0..Self::MOST_STEPS)
            .map_while(move |n| first.checked_add(n.checked_mul(step)?).filter(|at| *at < last))
            .filter_map(|second| Timestamp::from_second(second).ok())
    }
}

/// How many codes, and what became of them: every code is in exactly one of the other counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All that were asked for (copies of a hook left out).
    pub codes: u64,
    /// Sent, and entered by the user.
    pub used: u64,
    /// Accepted by a provider, and not entered (yet).
    pub unused: u64,
    /// Nobody knows whether they were sent, and not entered (yet).
    pub unknown: u64,
    /// Refused by every provider that was tried, or never sent.
    pub failed: u64,
    /// Blocked on purpose.
    pub blocked: u64,
    /// Without an end yet.
    pub open: u64,
}

impl Tally {
    /// Those that were sent, or may have been.
    pub fn sent(&self) -> u64 {
        self.used + self.unused + self.unknown
    }

    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        self.codes += other.codes;
        self.used += other.used;
        self.unused += other.unused;
        self.unknown += other.unknown;
        self.failed += other.failed;
        self.blocked += other.blocked;
        self.open += other.open;
    }
}

/// What happened in a span, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// By the begin of the step in which their hooks came: every step of the span, in order.
    pub by_time: Vec<(Timestamp, Tally)>,
    /// By the number's country, most codes first; `None` where it is not known.
    pub by_country: Vec<(Option<String>, Tally)>,
    /// By channel.
    pub by_channel: Vec<(Option<String>, Tally)>,
    /// By the provider that took it or tried last; `None` where nobody was asked.
    pub by_provider: Vec<(Option<String>, Tally)>,
    /// The oldest that was counted, where the span holds more than were to be counted.
    pub cut_at: Option<Timestamp>,
}

impl Activity {
    pub(crate) fn empty(query: &ActivityQuery) -> Self {
        Self { by_time: query.steps().map(|at| (at, Tally::default())).collect(), ..Self::default() }
    }

    /// Enters a row: `what` it is about, and about which.
    pub(crate) fn enter(&mut self, query: &ActivityQuery, what: &str, word: Option<String>, tally: Tally) {
        match what {
            "time" => {
                let step = word.and_then(|word| word.parse::<usize>().ok());
                if let Some(entry) = step.and_then(|step| self.by_time.get_mut(step)) {
                    entry.1 = tally;
                }
            }
            "country" => self.by_country.push((word, tally)),
            "channel" => self.by_channel.push((word, tally)),
            "provider" => self.by_provider.push((word, tally)),
            // Where it ends is known only by what was counted.
            "oldest" => {
                let second = word.and_then(|word| word.parse().ok());
                let full = i64::try_from(tally.codes).unwrap_or(i64::MAX) >= query.most();
                self.cut_at = second.filter(|_| full).and_then(|second| Timestamp::from_second(second).ok());
            }
            _ => {}
        }
    }

    /// Most codes first, then by name, whatever the database thinks of order.
    pub(crate) fn sorted(mut self) -> Self {
        for list in [&mut self.by_country, &mut self.by_channel, &mut self.by_provider] {
            list.sort_by(|a, b| b.1.codes.cmp(&a.1.codes).then_with(|| a.0.cmp(&b.0)));
        }
        self
    }
}

/// How long something took: the nearest rank of what was measured, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: Option<Duration>,
    /// 95 of 100 took no longer.
    pub p95: Option<Duration>,
    /// 99 of 100 took no longer.
    pub p99: Option<Duration>,
}

/// One provider's calls, counted and timed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTimes {
    /// The provider.
    pub provider: String,
    /// All calls.
    pub calls: u64,
    /// Those it took.
    pub accepted: u64,
    /// Those of which nobody knows.
    pub ambiguous: u64,
    /// Those it refused because of the message: the number, fraud, a limit.
    pub refused: u64,
    /// Those that failed otherwise: it was not reached, or does not know us.
    pub failed: u64,
    /// From the begin of a call to its end.
    pub took: Percentiles,
}

/// How long things took in a span; of more than were to be timed, the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timings {
    /// From a hook to our answer.
    pub answers: Percentiles,
    /// From an event's arrival to the report that had its effect.
    pub reports: Percentiles,
    /// Providers' calls, by name.
    pub calls: Vec<CallTimes>,
}

/// How many of something wait for a person, and since when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pile {
    /// Never more than 1,000: it may be more then.
    pub count: u64,
    /// The oldest of those counted.
    pub oldest: Option<Timestamp>,
}

/// What in the books wants a person's attention.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Attention {
    /// Dead letters nobody has replayed.
    pub dead_letters: Pile,
    /// Bodies and facts put aside in the last 24 hours.
    pub quarantined: Pile,
    /// Calls of the last 24 hours of which nobody knows whether they were sent, although there was time to find out.
    pub unresolved: Pile,
    /// Events of the last 24 hours that no worker has finished within a minute.
    pub waiting_events: Pile,
    /// Calls to each provider in the last 15 minutes, by name.
    pub recent_calls: Vec<RecentCalls>,
}

/// One provider's calls of the last 15 minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecentCalls {
    /// The provider.
    pub provider: String,
    /// All calls that have ended.
    pub calls: u64,
    /// Those that it refused because of who we are or how we are set up.
    pub misconfigured: u64,
    /// Those that certainly did not send, or of which nobody knows.
    pub unsure: u64,
}

impl Attention {
    /// The most that is counted of anything.
    pub(crate) const MOST: i64 = 1_000;
    /// The most calls that are looked at.
    pub(crate) const MOST_CALLS: i64 = 100_000;

    /// A day ago, a quarter of an hour ago, two minutes ago, one minute ago.
    pub(crate) fn moments(now: Timestamp) -> [Timestamp; 4] {
        let ago = |minutes| now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
        [ago(24 * 60), ago(15), ago(2), ago(1)]
    }

    pub(crate) fn enter(&mut self, what: &str, pile: Pile) {
        match what {
            "dead_letters" => self.dead_letters = pile,
            "aside" => self.quarantined = pile,
            "unresolved" => self.unresolved = pile,
            "waiting_events" => self.waiting_events = pile,
            _ => {}
        }
    }
}
