use std::time::{Duration, Instant};

use otp::AttemptOutcome::{self, *};
use otp::{Clock as _, SystemClock};
use proptest::prelude::*;

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn start() -> Instant {
    SystemClock.monotonic()
}

const BAD_SIGN: Sign = Sign::Bad(Why::Failing);

/// A breaker that has just opened, and when.
fn opened() -> (Breaker, Instant) {
    let now = start();
    let mut breaker = Breaker::new();
    for _ in 0..BAD {
        assert_eq!(breaker.admit(now), Admission::Free);
        breaker.settle(Admission::Free, BAD_SIGN, now);
    }
    assert_eq!(breaker.state(now), BreakerState::Open);
    (breaker, now)
}

#[test]
fn what_a_call_says() {
    let report = AttemptReport::new;
    let sign = |outcome: AttemptOutcome, took| Sign::of(&report(outcome), ms(took), ms(1_400));
    for outcome in [Accepted, RejectedNumber, RejectedFraud, RejectedLimit] {
        assert_eq!(sign(outcome, 999), Sign::Good, "{outcome:?}");
        assert_eq!(sign(outcome, 1_000), Sign::Bad(Why::Slow), "{outcome:?}");
    }
    assert_eq!(sign(NotSent, 5), BAD_SIGN);
    assert_eq!(sign(Ambiguous, 1_400), BAD_SIGN);
    assert_eq!(sign(Misconfigured, 5), Sign::Broken, "c12");
    let local = AttemptReport { scope: Scope::Message, ..report(Misconfigured) };
    assert_eq!(Sign::of(&local, ms(5), ms(1_400)), Sign::Misfit, "one country is not the account");
    let busy = AttemptReport { remedy: Some(Remedy::Later), ..report(NotSent) };
    assert_eq!(Sign::of(&busy, ms(5), ms(1_400)), BAD_SIGN);
    let busy = AttemptReport { retry_after: Some(ms(3_000)), ..busy };
    assert_eq!(Sign::of(&busy, ms(5), ms(1_400)), Sign::Busy(ms(3_000)), "c8");
    let late = Sign::of(&report(Ambiguous), ms(300), ms(300));
    assert_eq!(late, Sign::None, "no call ends well in 300 ms of a provider that takes 400");
}

#[test]
fn c17_a_brown_out_opens_it_and_a_good_provider_with_a_hiccup_stays() {
    let now = start();
    let (mut brown, mut good) = (Breaker::new(), Breaker::new());
    let mut asked = 0;
    for n in 0..1_000u32 {
        let at = now + ms(u64::from(n) * 10);
        if brown.admit(at) == Admission::Free {
            asked += 1;
            brown.settle(Admission::Free, if n % 5 == 0 { Sign::Bad(Why::Slow) } else { Sign::Good }, at);
        }
        good.settle(Admission::Free, if n % 25 == 24 { BAD_SIGN } else { Sign::Good }, at);
    }
    assert_eq!((asked, brown.why()), (21, Some(Why::Slow)), "the fifth slow call opens it");
    assert_eq!(good.state(now + ms(10_000)), BreakerState::Closed, "one in twenty-five");
}

#[test]
fn c12_settings_that_fit_no_message_open_it_and_one_closed_country_does_not() {
    let now = start();
    let (mut none_fits, mut one_country) = (Breaker::new(), Breaker::new());
    for n in 0..MISFITS {
        assert_eq!(none_fits.state(now), BreakerState::Closed, "{n}");
        none_fits.settle(Admission::Free, Sign::Misfit, now);
    }
    assert_eq!(none_fits.why(), Some(Why::Misconfigured));
    assert_eq!(none_fits.admit(now + REST), Admission::Probe);
    none_fits.settle(Admission::Probe, Sign::Misfit, now + REST);
    assert_eq!(none_fits.state(now + REST + ms(1)), BreakerState::Open, "and it stays so");
    assert_eq!(none_fits.admit(now + REST * 4), Admission::Probe);
    none_fits.settle(Admission::Probe, Sign::Good, now + REST * 4);
    assert_eq!(none_fits.state(now + REST * 4), BreakerState::Closed);
    for n in 0..1_000 {
        let sign = if n % 5 == 0 { Sign::Good } else { Sign::Misfit };
        one_country.settle(Admission::Free, sign, now);
    }
    assert_eq!(one_country.state(now), BreakerState::Closed);
}

#[test]
fn c17_what_went_well_before_does_not_delay_it() {
    let now = start();
    let mut breaker = Breaker::new();
    for n in 0..3_000 {
        breaker.settle(Admission::Free, Sign::Good, now + ms(n * 10));
    }
    let mut asked = 0u64;
    let begun = now + ms(30_000);
    while breaker.admit(begun + ms(asked * 10)) == Admission::Free {
        let sign = if asked.is_multiple_of(5) { BAD_SIGN } else { Sign::Good };
        breaker.settle(Admission::Free, sign, begun + ms(asked * 10));
        asked += 1;
    }
    assert_eq!(asked, 46, "the tenth bad call among the last hundred");
    let mut rare = Breaker::new();
    for n in 0..20 {
        rare.settle(Admission::Free, BAD_SIGN, now + ms(n * 10_000));
    }
    assert_eq!(rare.state(now + ms(200_000)), BreakerState::Closed, "four within 30 s are too few to tell");
}

#[test]
fn c12_misconfiguration_opens_it_at_once_and_one_good_probe_closes_it() {
    let now = start();
    let mut breaker = Breaker::new();
    breaker.settle(Admission::Free, Sign::Broken, now);
    assert_eq!((breaker.state(now), breaker.why()), (BreakerState::Open, Some(Why::Misconfigured)));
    assert_eq!(breaker.admit(now + ms(9_999)), Admission::Refused);
    assert_eq!(breaker.admit(now + ms(10_000)), Admission::Probe);
    breaker.settle(Admission::Probe, Sign::Good, now + ms(10_050));
    assert_eq!(breaker.state(now + ms(10_050)), BreakerState::Closed);
}

#[test]
fn c8_it_is_left_alone_as_long_as_it_asked() {
    let now = start();
    let mut breaker = Breaker::new();
    breaker.settle(Admission::Free, Sign::Busy(ms(2_000)), now);
    assert_eq!(breaker.admit(now + ms(1_999)), Admission::Refused);
    assert_eq!(breaker.admit(now + ms(2_000)), Admission::Probe);
    breaker.settle(Admission::Probe, Sign::Good, now + ms(2_010));
    assert_eq!(breaker.state(now + ms(2_010)), BreakerState::Closed);
    breaker.settle(Admission::Free, Sign::Busy(Duration::from_secs(86_400)), now);
    assert_eq!(breaker.admit(now + LONGEST_REST), Admission::Probe, "a day is not believed");
}

#[test]
fn c19_one_probe_at_a_time_and_five_good_ones_close_it() {
    let (mut breaker, now) = opened();
    let mut at = now + REST;
    for n in 0..GOOD_PROBES {
        assert_eq!(breaker.state(at), BreakerState::HalfOpen, "{n}");
        assert_eq!(breaker.admit(at), Admission::Probe, "{n}");
        assert_eq!(breaker.admit(at + ms(5_000)), Admission::Refused, "another is under way");
        breaker.settle(Admission::Probe, Sign::Good, at + ms(50));
        if n + 1 < GOOD_PROBES {
            assert_eq!(breaker.admit(at + ms(999)), Admission::Refused, "one a second");
        }
        at += PROBE_EVERY;
    }
    assert_eq!(breaker.state(at), BreakerState::Closed);
    assert_eq!(breaker.admit(at), Admission::Free);
}

#[test]
fn c19_a_bad_probe_doubles_the_rest_up_to_half_a_minute() {
    let (mut breaker, now) = opened();
    let mut at = now;
    for rest in [10, 20, 30, 30] {
        at += ms(rest * 1_000 - 1);
        assert_eq!(breaker.admit(at), Admission::Refused, "{rest}");
        at += ms(1);
        assert_eq!(breaker.admit(at), Admission::Probe, "{rest}");
        breaker.settle(Admission::Probe, BAD_SIGN, at);
    }
}

#[test]
fn c19_calls_that_were_under_way_neither_close_it_nor_keep_it_open() {
    let (mut breaker, now) = opened();
    for _ in 0..20 {
        breaker.settle(Admission::Free, Sign::Good, now + ms(1));
    }
    assert_eq!(breaker.state(now + ms(2)), BreakerState::Open);
    breaker.settle(Admission::Free, BAD_SIGN, now + REST);
    assert_eq!(breaker.admit(now + REST), Admission::Probe);
    breaker.give_back();
    assert_eq!(breaker.admit(now + REST), Admission::Probe, "given back, so another may");
}

#[test]
fn calls_for_want_of_another_provider_close_it_too() {
    let (mut breaker, now) = opened();
    for _ in 0..4 {
        breaker.settle(Admission::Refused, Sign::Good, now + ms(1));
    }
    breaker.settle(Admission::Refused, BAD_SIGN, now + ms(1));
    assert_eq!(breaker.admit(now + REST), Admission::Probe, "what is known lengthens nothing");
    breaker.give_back();
    for _ in 0..5 {
        assert_eq!(breaker.state(now + ms(2)), BreakerState::Open);
        breaker.settle(Admission::Refused, Sign::Good, now + ms(2));
    }
    assert_eq!(breaker.state(now + ms(2)), BreakerState::Closed);
}

#[test]
fn a_person_outranks_it() {
    let (mut breaker, now) = opened();
    breaker.force(Some(Override::Closed));
    assert_eq!((breaker.admit(now), breaker.state(now)), (Admission::Free, BreakerState::Closed));
    breaker.force(Some(Override::Open));
    assert_eq!((breaker.admit(now + REST), breaker.is_forced_open()), (Admission::Refused, true));
    breaker.force(None);
    assert_eq!(breaker.admit(now + REST), Admission::Probe);
}

#[test]
fn c8_c17_c19_a_provider_that_asks_for_less_keeps_its_rest_and_its_probe() {
    let (mut breaker, now) = opened();
    breaker.settle(Admission::Refused, Sign::Busy(ms(100)), now);
    assert_eq!(breaker.admit(now + ms(200)), Admission::Refused, "it failed: the rest stands");
    let mut now = now + REST;
    assert_eq!(breaker.admit(now), Admission::Probe);
    breaker.settle(Admission::Refused, Sign::Busy(ms(0)), now);
    now += PROBE_EVERY;
    assert_eq!(breaker.admit(now), Admission::Refused, "a probe is under way");
    breaker.settle(Admission::Probe, Sign::Good, now);
    assert_eq!(breaker.admit(now), Admission::Probe, "one good call is not five");
}

proptest! {
    /// Whatever happens, in whatever order: at most one probe is under way, none earlier than a second after the last, and a provider
    /// that works is asked again within a minute.
    #[test]
    fn c19_p11_probes_are_few_and_recovery_is_certain(
        steps in prop::collection::vec((0u64..4_000, 0u8..6, 0u64..3_000), 1..200),
    ) {
        let mut now = start();
        let mut breaker = Breaker::new();
        let mut probes: Vec<Instant> = Vec::new();
        let mut under_way: Option<Instant> = None;
        for (pause, kind, took) in steps {
            now += ms(pause);
            if let Some(ends) = under_way.filter(|ends| *ends <= now) {
                under_way = None;
                let sign = [Sign::Good, BAD_SIGN, Sign::Misfit][usize::from(kind % 3)];
                breaker.settle(Admission::Probe, sign, ends.max(now));
            }
            match breaker.admit(now) {
                Admission::Probe => {
                    prop_assert!(under_way.is_none());
                    prop_assert!(probes.last().is_none_or(|last| *last + PROBE_EVERY <= now));
                    probes.push(now);
                    under_way = Some(now + ms(took));
                }
                admission => {
                    let sign = match kind {
                        0 | 1 => BAD_SIGN,
                        2 => Sign::Broken,
                        3 => Sign::Busy(ms(took * 100)),
                        4 => Sign::Misfit,
                        _ => Sign::Good,
                    };
                    breaker.settle(admission, sign, now);
                }
            }
        }
        if under_way.is_some() {
            breaker.settle(Admission::Probe, Sign::Good, now);
        }
        let healed = now;
        while breaker.state(now) != BreakerState::Closed {
            prop_assert!(now < healed + Duration::from_secs(60));
            now += ms(100);
            if breaker.admit(now) == Admission::Probe {
                breaker.settle(Admission::Probe, Sign::Good, now);
            }
        }
    }
}
