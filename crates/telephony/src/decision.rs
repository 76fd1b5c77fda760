use std::time::Duration;

use otp::AttemptOutcome::{
    self, Accepted, Ambiguous, Misconfigured, NotSent, RejectedFraud, RejectedLimit, RejectedNumber,
};

use crate::Remedy;
use crate::policy::ENOUGH;

/// A short pause before the same provider is asked again.
const SHORT: Pause = Pause { least: Duration::from_millis(100), jitter: Duration::from_millis(200) };

/// Where a message stands after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// How the attempt ended.
    pub outcome: AttemptOutcome,
    /// What may help with the same provider.
    pub remedy: Option<Remedy>,
    /// How long the provider asked to be left alone.
    pub retry_after: Option<Duration>,
    /// The same provider was asked a second time already.
    pub repeated: bool,
    /// Attempts made so far, all providers together.
    pub attempts: u8,
    /// Attempts allowed.
    pub max_attempts: u8,
    /// A provider that was not asked yet is left.
    pub others_left: bool,
    /// Until the deadline.
    pub remaining: Duration,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: answer.
    Stop,
    /// The same provider once more.
    SameProvider {
        /// The locale is left out.
        without_locale: bool,
        /// Before it is asked.
        after: Pause,
    },
    /// The next provider in order.
    NextProvider,
}

/// A pause of `least` and a random part of `jitter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pause {
    /// At least this long.
    pub least: Duration,
    /// And up to this much longer, so that retries do not march in step.
    pub jitter: Duration,
}

/// What follows an attempt. No I/O, no clock, and no second message unless the first was certainly not sent, or nobody can know.
///
/// | after | with another provider left | with none left |
/// | --- | --- | --- |
/// | accepted, rejected (number, fraud, limit) | stop | stop |
/// | misconfigured, perhaps by the locale | next | the same without it, once |
/// | misconfigured | next | stop |
/// | not sent, too many requests | next | the same after a pause, once |
/// | not sent | next | stop |
/// | ambiguous | next | stop |
///
/// Anything but a stop needs an attempt left and time for it to be useful.
pub fn next(situation: &Situation) -> Next {
    let &Situation { outcome, remedy, repeated, others_left, remaining, .. } = situation;
    if situation.attempts >= situation.max_attempts || remaining < ENOUGH {
        return Next::Stop;
    }
    match outcome {
        Accepted | RejectedNumber | RejectedFraud | RejectedLimit => Next::Stop,
        Misconfigured | NotSent | Ambiguous if others_left => Next::NextProvider,
        Misconfigured if remedy == Some(Remedy::WithoutLocale) && !repeated => {
            Next::SameProvider { without_locale: true, after: Pause::default() }
        }
        NotSent if remedy == Some(Remedy::Later) && !repeated => {
            // An answer that names a time is believed; asking sooner would be in vain.
            let after = situation.retry_after.map_or(SHORT, |least| Pause { least, jitter: Duration::ZERO });
            match remaining.checked_sub(after.least + after.jitter) {
                Some(left) if left >= ENOUGH => Next::SameProvider { without_locale: false, after },
                _ => Next::Stop,
            }
        }
        Misconfigured | NotSent | Ambiguous => Next::Stop,
    }
}

/// Whether an attempt that ended as `later` decides how the message stands, after one that ended as `earlier`. It does, except that a
/// message which may be under way stays so whatever another provider says of the number. Fraud is not argued with.
pub fn overall(earlier: AttemptOutcome, later: AttemptOutcome) -> AttemptOutcome {
    match (earlier, later) {
        (Ambiguous, NotSent | Misconfigured | RejectedNumber | RejectedLimit) => Ambiguous,
        (_, later) => later,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn at(outcome: AttemptOutcome) -> Situation {
        Situation {
            outcome,
            remedy: None,
            retry_after: None,
            repeated: false,
            attempts: 1,
            max_attempts: 2,
            others_left: true,
            remaining: ms(1_000),
        }
    }

    #[test]
    fn every_row_of_the_table() {
        const SAME: Next = Next::SameProvider { without_locale: false, after: SHORT };
        const WITHOUT: Next = Next::SameProvider {
            without_locale: true,
            after: Pause { least: Duration::ZERO, jitter: Duration::ZERO },
        };
        let locale = Some(Remedy::WithoutLocale);
        let later = Some(Remedy::Later);
        for (id, outcome, remedy, with_others, alone) in [
            ("p4 accepted", Accepted, None, Next::Stop, Next::Stop),
            ("c11 number", RejectedNumber, None, Next::Stop, Next::Stop),
            ("c10 fraud", RejectedFraud, None, Next::Stop, Next::Stop),
            ("c9 limit", RejectedLimit, later, Next::Stop, Next::Stop),
            ("c12 locale", Misconfigured, locale, Next::NextProvider, WITHOUT),
            ("c12 config", Misconfigured, None, Next::NextProvider, Next::Stop),
            ("c8 too many", NotSent, later, Next::NextProvider, SAME),
            ("c2 refused", NotSent, None, Next::NextProvider, Next::Stop),
            ("c4 timeout", Ambiguous, None, Next::NextProvider, Next::Stop),
            ("c7 500", Ambiguous, later, Next::NextProvider, Next::Stop),
        ] {
            let situation = Situation { remedy, remaining: ms(1_600), ..at(outcome) };
            assert_eq!(next(&situation), with_others, "{id}");
            assert_eq!(next(&Situation { others_left: false, ..situation }), alone, "{id} alone");
            assert_eq!(next(&Situation { attempts: 2, ..situation }), Next::Stop, "{id}: attempts used up");
            assert_eq!(next(&Situation { remaining: ms(799), ..situation }), Next::Stop, "{id}: no time");
        }
    }

    #[test]
    fn c8_retry_after_is_kept_to_or_nothing_is_done() {
        let alone = Situation { remedy: Some(Remedy::Later), others_left: false, ..at(NotSent) };
        for (retry_after, remaining, expected) in [
            (Some(ms(1_000)), 1_800, Some(Pause { least: ms(1_000), jitter: ms(0) })),
            (Some(ms(1_000)), 1_799, None),
            (Some(Duration::MAX), 2_600, None),
            (None, 1_100, Some(SHORT)),
            (None, 1_099, None),
        ] {
            let situation = Situation { retry_after, remaining: ms(remaining), ..alone };
            let expected =
                expected.map_or(Next::Stop, |after| Next::SameProvider { without_locale: false, after });
            assert_eq!(next(&situation), expected, "{retry_after:?} {remaining}");
        }
    }

    #[test]
    fn a_message_that_may_be_under_way_stays_so() {
        assert_eq!(overall(Ambiguous, NotSent), Ambiguous);
        assert_eq!(overall(Ambiguous, Misconfigured), Ambiguous);
        assert_eq!(overall(Ambiguous, RejectedNumber), Ambiguous);
        assert_eq!(overall(Ambiguous, RejectedLimit), Ambiguous);
        assert_eq!(overall(Ambiguous, Accepted), Accepted);
        assert_eq!(overall(Ambiguous, RejectedFraud), RejectedFraud);
        assert_eq!(overall(Misconfigured, NotSent), NotSent);
    }

    fn outcome() -> impl Strategy<Value = AttemptOutcome> {
        prop::sample::select(AttemptOutcome::ALL.to_vec())
    }

    fn remedy() -> impl Strategy<Value = Option<Remedy>> {
        prop::sample::select(vec![None, Some(Remedy::WithoutLocale), Some(Remedy::Later)])
    }

    prop_compose! {
        fn situation()(
            outcome in outcome(), remedy in remedy(), retry_after in prop::option::of(0u64..5_000), repeated: bool,
            attempts in 1u8..5, max_attempts in 0u8..5, others_left: bool, remaining in 0u64..4_000,
        ) -> Situation {
            let (retry_after, remaining) = (retry_after.map(ms), ms(remaining));
            Situation { outcome, remedy, retry_after, repeated, attempts, max_attempts, others_left, remaining }
        }
    }

    proptest! {
        #[test]
        fn p4_a_further_call_is_always_allowed_and_useful(s in situation()) {
            let next = next(&s);
            if next != Next::Stop {
                prop_assert!(s.attempts < s.max_attempts);
                prop_assert!(matches!(s.outcome, NotSent | Misconfigured | Ambiguous));
                prop_assert!(s.remaining >= ENOUGH);
            }
            match next {
                Next::Stop => {}
                Next::NextProvider => prop_assert!(s.others_left),
                Next::SameProvider { without_locale, after } => {
                    prop_assert!(!s.repeated, "once");
                    prop_assert!(s.outcome != Ambiguous, "never the same one when it may have sent");
                    prop_assert!(s.remaining >= after.least + after.jitter + ENOUGH);
                    prop_assert_eq!(without_locale, s.outcome == Misconfigured);
                }
            }
        }
    }
}
