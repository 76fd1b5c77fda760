//! Whether a provider is worth asking: a state machine per provider, without I/O and with time as a parameter.

mod board;
mod window;

use std::time::{Duration, Instant};

use otp::AttemptOutcome;

pub(crate) use self::board::Permit;
pub use self::board::{BreakerStatus, Breakers};
use self::window::Window;
use crate::{AttemptReport, Remedy, Scope};

/// A call that takes longer counts as bad even when it succeeds: the user has waited, and a second provider would hardly fit in.
const SLOW: Duration = Duration::from_millis(1_000);
/// A call that got less time than this says nothing about a provider by not ending in it.
const FAIR: Duration = Duration::from_millis(500);
/// So many bad calls among the last, at least, …
const BAD: usize = 5;
/// … and of the last at least one in so many: a provider is left before it fails one user in ten.
const ONE_IN: usize = 10;
/// Messages in a row that its settings do not fit: one country that is closed is no reason to leave it, nothing but refusals is.
const MISFITS: u32 = 10;
/// Left alone for so long at first; doubled whenever a probe fails.
const REST: Duration = Duration::from_secs(10);
/// And never longer: half a minute after a provider has recovered it is found out.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// One probe in so long, and never two at once.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Good probes in a row before a provider that was failing or slow is trusted again: one that fails every fifth call passes one time
/// in three, and is found out anew.
const GOOD_PROBES: u32 = 5;

/// What one call says about a provider's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It works.
    Good,
    /// It failed, or was too slow.
    Bad(Why),
    /// No other call would end better: credentials, service or account are wrong.
    Broken,
    /// It refuses our settings for this message: for its country, channel or sender. Others may be fine.
    Misfit,
    /// It asked to be left alone.
    Busy(Duration),
    /// Nothing.
    None,
}

/// Why a provider is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Calls fail, or their outcome is unknown.
    Failing,
    /// Calls take too long.
    Slow,
    /// It refuses credentials or settings.
    Misconfigured,
    /// It asked for a pause.
    Busy,
}

impl Why {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Slow => "slow",
            Self::Misconfigured => "misconfigured",
            Self::Busy => "busy",
        }
    }
}

impl Sign {
    /// Reads a call's end. That a number, a user's limit or fraud was refused shows a provider at work.
    pub fn of(report: &AttemptReport, took: Duration, allowed: Duration) -> Self {
        match report.outcome {
            AttemptOutcome::Misconfigured if report.scope == Scope::Message => Self::Misfit,
            AttemptOutcome::Misconfigured => Self::Broken,
            AttemptOutcome::NotSent if report.remedy == Some(Remedy::Later) => match report.retry_after {
                Some(wait) if !wait.is_zero() => Self::Busy(wait),
                _ => Self::Bad(Why::Failing),
            },
            AttemptOutcome::NotSent if report.scope == Scope::Message => Self::None,
            AttemptOutcome::NotSent | AttemptOutcome::Ambiguous => {
                let in_vain = report.http_status.is_none() && allowed < FAIR && took >= allowed;
                if in_vain { Self::None } else { Self::Bad(Why::Failing) }
            }
            _ if took >= SLOW => Self::Bad(Why::Slow),
            _ => Self::Good,
        }
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// As any other.
    Free,
    /// To find out.
    Probe,
    /// No: somebody else is to be asked.
    Refused,
}

/// What a person has decided instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Override {
    /// It is never asked.
    Open,
    /// It is always asked.
    Closed,
}

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// The provider is asked.
    Closed,
    /// It is being tried out.
    HalfOpen,
    /// It is left alone.
    Open,
}

impl BreakerState {
    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// One provider's breaker.
///
/// It opens when, of the last hundred calls of the last 30 s, at least five and at least one in ten were bad (failed, ambiguous or slower
/// than a second); at once on wrong credentials or settings, and after ten messages in a row that it refuses for their country, channel or
/// sender; and for as long as the provider asked where it did. After a rest of 10 s,
/// doubled up to 30 s while probes fail, one call a second goes through as a probe. Five good ones in a row close it; one does where it
/// was not ill.
#[derive(Debug)]
pub struct Breaker {
    state: State,
    window: Window,
    /// Messages in a row that our settings did not fit.
    misfits: u32,
    forced: Option<Override>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open {
        why: Why,
        until: Instant,
        rest: Duration,
        /// Good calls in a row since it opened.
        good: u32,
        /// When the last probe began; `true` while it is under way.
        probe: Option<(Instant, bool)>,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Breaker {
    /// A closed one.
    pub fn new() -> Self {
        Self { state: State::Closed, window: Window::default(), misfits: 0, forced: None }
    }

    /// Whether a call may be made now. A probe must be settled or given back.
    pub fn admit(&mut self, now: Instant) -> Admission {
        let admission = self.would_admit(now);
        if let (Admission::Probe, State::Open { probe, .. }) = (admission, &mut self.state) {
            *probe = Some((now, true));
        }
        admission
    }

    /// What [`Breaker::admit`] would say.
    pub fn would_admit(&self, now: Instant) -> Admission {
        match (self.forced, self.state) {
            (Some(Override::Open), _) => Admission::Refused,
            (Some(Override::Closed), _) | (None, State::Closed) => Admission::Free,
            (None, State::Open { until, probe, .. }) => {
                let too_soon = probe.is_some_and(|(at, on)| on || now < at + PROBE_EVERY);
                if now < until || too_soon { Admission::Refused } else { Admission::Probe }
            }
        }
    }

    /// A person keeps it from being asked.
    pub fn is_forced_open(&self) -> bool {
        self.forced == Some(Override::Open)
    }

    /// A probe that came to no call.
    pub fn give_back(&mut self) {
        if let State::Open { probe: probe @ Some((_, true)), .. } = &mut self.state {
            *probe = None;
        }
    }

    /// Takes in how a call ended that was made as `admission`. One that was refused and made all the same, because nobody was left to
    /// ask, counts too.
    pub fn settle(&mut self, admission: Admission, sign: Sign, now: Instant) {
        if let (Admission::Probe, State::Open { probe: Some((_, on)), .. }) = (admission, &mut self.state) {
            *on = false;
        }
        match (sign, self.state) {
            (Sign::None, _) => {}
            // It was under way when the breaker opened: what it says was known then.
            (_, State::Open { .. })
                if admission == Admission::Free && self.forced != Some(Override::Closed) => {}
            (Sign::Broken, State::Open { why: Why::Misconfigured, until, .. }) if now < until => {}
            (Sign::Broken, _) => self.open(Why::Misconfigured, now),
            (Sign::Misfit, State::Closed) => {
                self.misfits += 1;
                if self.misfits >= MISFITS {
                    self.open(Why::Misconfigured, now);
                }
            }
            (Sign::Misfit, State::Open { why: Why::Misconfigured, until, .. }) if now >= until => {
                self.open(Why::Misconfigured, now);
            }
            (Sign::Misfit, State::Open { .. }) => {}
            (Sign::Busy(wait), state) => {
                let asked = now + wait.min(LONGEST_REST);
                self.state = match state {
                    State::Closed => {
                        State::Open { why: Why::Busy, until: asked, rest: REST, good: 0, probe: None }
                    }
                    // What it asks for shortens no rest, and ends no probe that is under way.
                    State::Open { why, until, rest, probe, .. } => {
                        State::Open { why, until: until.max(asked), rest, good: 0, probe }
                    }
                };
            }
            (Sign::Good, State::Closed) => {
                self.misfits = 0;
                self.window.note(now, false);
            }
            (Sign::Bad(why), State::Closed) => {
                self.window.note(now, true);
                let (all, bad) = self.window.counts(now);
                if bad >= BAD && bad * ONE_IN >= all {
                    self.open(why, now);
                }
            }
            (Sign::Good, State::Open { why, until, rest, good, probe }) => {
                let enough = if matches!(why, Why::Failing | Why::Slow) { GOOD_PROBES } else { 1 };
                if good + 1 >= enough {
                    self.state = State::Closed;
                    self.window = Window::default();
                } else {
                    self.state = State::Open { why, until, rest, good: good + 1, probe };
                }
            }
            // Made for want of another provider: that it fails is known.
            (Sign::Bad(_), State::Open { until, .. }) if now < until => self.forget_good(),
            (Sign::Bad(why), State::Open { .. }) => self.open(why, now),
        }
    }

    fn forget_good(&mut self) {
        if let State::Open { good, .. } = &mut self.state {
            *good = 0;
        }
    }

    fn open(&mut self, why: Why, now: Instant) {
        let rest = match self.state {
            State::Closed => REST,
            State::Open { until, rest, .. } if now < until => rest,
            State::Open { rest, .. } => (rest * 2).min(LONGEST_REST),
        };
        self.state = State::Open { why, until: now + rest, rest, good: 0, probe: None };
        self.misfits = 0;
    }

    /// Sets or ends a person's decision. Its own judgement goes on beneath.
    pub fn force(&mut self, forced: Option<Override>) {
        self.forced = forced;
    }

    /// A person's decision, if there is one.
    pub fn forced(&self) -> Option<Override> {
        self.forced
    }

    /// How it stands.
    pub fn state(&self, now: Instant) -> BreakerState {
        match (self.forced, self.state) {
            (Some(Override::Open), _) => BreakerState::Open,
            (Some(Override::Closed), _) | (None, State::Closed) => BreakerState::Closed,
            (None, State::Open { until, .. }) if now < until => BreakerState::Open,
            (None, State::Open { .. }) => BreakerState::HalfOpen,
        }
    }

    /// Why it is not closed by its own judgement.
    pub fn why(&self) -> Option<Why> {
        match self.state {
            State::Closed => None,
            State::Open { why, .. } => Some(why),
        }
    }
}

#[cfg(test)]
mod tests;
