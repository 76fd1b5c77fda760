//! Breakers at work in the dispatcher: who is asked while a provider is ill, and how it comes back.

mod probes;

use std::time::Duration;

use otp::AttemptOutcome::*;
use otp::{Clock as _, Deadline, TransactionId};
use telephony::{AttemptReport, Dispatcher, Override, Policy, Remedy, Scope};

use crate::scripted::{Call, Rule, Stage, Step, always, nth, send, step, steps, with};
use crate::setup::{Books, Most, TokioClock};

const SECOND: Duration = Duration::from_secs(1);

fn state(dispatcher: &Dispatcher, provider: &str) -> &'static str {
    let statuses = dispatcher.breakers().statuses();
    statuses.iter().find(|status| status.provider == provider).unwrap().state
}

/// One call in five takes 5 s until the provider is healed.
fn browning_out(healed: Duration) -> Rule {
    let calls = std::sync::atomic::AtomicU32::new(0);
    Box::new(move |now| {
        let n = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        step(Accepted, if now < healed && n % 5 == 4 { 5_000 } else { 100 })
    })
}

/// One message of a load: how the breaker of `a` stood before it, and who was first.
struct Sent {
    at: Duration,
    before: &'static str,
    first: String,
    transaction: TransactionId,
}

/// The calls of `a` that were made while its breaker was not closed.
fn probes(stage: &Stage, sent: &[Sent]) -> Vec<Call> {
    let calls = stage.calls.lock().unwrap();
    let ill = |call: &&Call| {
        let of = sent.iter().find(|one| one.transaction == call.transaction);
        call.provider == "a" && of.is_some_and(|one| one.before != "closed")
    };
    calls.iter().filter(ill).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn c17_c19_a_brown_out_is_left_at_once_and_come_back_to_within_a_minute() {
    let (stage, healed) = (Stage::new(), 60 * SECOND);
    let rules = vec![browning_out(healed), always(Accepted, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default());
    let mut sent = Vec::new();
    for n in 0.. {
        let (at, before, message) = (stage.now(), state(&dispatcher, "a"), nth(n));
        if at > healed + 90 * SECOND {
            break;
        }
        let first = dispatcher.plan(&message).unwrap().first().to_owned();
        assert_eq!(
            send(&dispatcher, &message).await.outcome,
            Accepted,
            "the user gets the code all the same"
        );
        sent.push(Sent { at, before, first, transaction: message.transaction });
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let opened = sent.iter().position(|one| one.before == "open").unwrap();
    assert!(opened <= 25, "after five calls in vain, not {opened} messages");
    for one in sent.iter().filter(|one| one.before == "open") {
        assert_eq!((one.first.as_str(), stage.asked(one.transaction)), ("b", vec!["b"]), "at {:?}", one.at);
    }
    let probes = probes(&stage, &sent);
    assert!(!probes.is_empty() && probes.is_sorted_by(|one, next| one.at + SECOND <= next.at), "{probes:?}");
    let while_ill = sent.iter().filter(|one| one.before != "closed").count();
    assert!(probes.len() * 10 <= while_ill, "{} probes in {while_ill} messages", probes.len());
    let back = sent.iter().find(|one| one.at > healed && one.before == "closed").unwrap();
    assert!(back.at <= healed + 60 * SECOND, "back only at {:?}", back.at);
    let after = sent.iter().filter(|one| one.at >= back.at);
    assert!(after.map(|one| one.first.as_str()).all(|first| first == "a"), "and asked as before");
}

#[tokio::test(start_paused = true)]
async fn c19_no_stampede_when_it_is_back() {
    let (stage, healed) = (Stage::new(), 15 * SECOND);
    // Down until then; slow enough afterwards that calls would overlap.
    let away: Rule = Box::new(move |now| if now < healed { step(NotSent, 10) } else { step(Accepted, 700) });
    let dispatcher = stage.dispatcher(vec![away, always(Accepted, 50)], Policy::default());
    let (mut sent, mut under_way) = (Vec::new(), tokio::task::JoinSet::new());
    for n in 0..800 {
        let (at, before, message) = (stage.now(), state(&dispatcher, "a"), nth(n));
        let plan = dispatcher.plan(&message).unwrap();
        let first = plan.first().to_owned();
        sent.push(Sent { at, before, first, transaction: message.transaction });
        under_way.spawn(async move {
            let deadline = Deadline::after(TokioClock.monotonic(), Duration::from_millis(2_600));
            plan.dispatch(&message, deadline, &Books::default(), &TokioClock, &Most).await.outcome
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let outcomes = under_way.join_all().await;
    assert!(outcomes.iter().all(|outcome| *outcome == Accepted));
    let probes = probes(&stage, &sent);
    assert!(probes.len() >= 5, "{probes:?}");
    let apart = |one: &Call, next: &Call| one.at + SECOND <= next.at && one.until <= Some(next.at);
    assert!(probes.is_sorted_by(apart), "one a second, and never two at once: {probes:?}");
    assert_eq!(state(&dispatcher, "a"), "closed");
}

#[tokio::test(start_paused = true)]
async fn c12_misconfigured_is_not_asked_again_and_found_out_when_it_is_right() {
    let stage = Stage::new();
    let revoked: Rule =
        Box::new(|now| if now < 12 * SECOND { step(Misconfigured, 50) } else { step(Accepted, 50) });
    let dispatcher = stage.dispatcher(vec![revoked, always(Accepted, 50)], Policy::default());
    let (one, two) = (nth(1), nth(2));
    assert_eq!(send(&dispatcher, &one).await.provider, "b");
    assert_eq!(send(&dispatcher, &two).await.provider, "b");
    assert_eq!(stage.asked(one.transaction), ["a", "b"]);
    assert_eq!(stage.asked(two.transaction), ["b"], "no time is lost on it");
    let status = &dispatcher.breakers().statuses()[0];
    assert_eq!((status.state, status.why), ("open", Some("misconfigured")));
    tokio::time::sleep(13 * SECOND).await;
    assert_eq!(send(&dispatcher, &nth(3)).await.provider, "a", "one good probe is enough");
    assert_eq!(state(&dispatcher, "a"), "closed");
}

#[tokio::test(start_paused = true)]
async fn c12_what_is_wrong_with_one_message_says_little_of_the_next() {
    let stage = Stage::new();
    let report = AttemptReport { scope: Scope::Message, ..AttemptReport::new(Misconfigured) };
    let no_route: Rule = Box::new(move |_| Step(report.clone(), 50));
    let dispatcher = stage.dispatcher(vec![no_route, always(Accepted, 50)], Policy::default());
    for n in 0..10 {
        let message = nth(n);
        assert_eq!(send(&dispatcher, &message).await.outcome, Accepted);
        assert_eq!(stage.asked(message.transaction), ["a", "b"]);
    }
    // Ten of them say something.
    assert_eq!(send(&dispatcher, &nth(10)).await.outcome, Accepted);
    assert_eq!(stage.asked(nth(10).transaction), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn c8_who_asks_for_a_pause_gets_it() {
    let stage = Stage::new();
    let rules = vec![steps(vec![with(NotSent, Remedy::Later, Some(5_000))]), always(Accepted, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default());
    for (n, wait, expected) in [(1, 0, &["a", "b"][..]), (2, 3, &["b"]), (3, 3, &["a"]), (4, 0, &["a"])] {
        tokio::time::sleep(wait * SECOND).await;
        let message = nth(n);
        send(&dispatcher, &message).await;
        assert_eq!(stage.asked(message.transaction), expected, "message {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn c9_c10_c11_a_refusal_of_a_user_or_a_number_is_no_illness() {
    let stage = Stage::new();
    for outcome in [RejectedNumber, RejectedLimit, RejectedFraud] {
        let dispatcher = stage.dispatcher(vec![always(outcome, 50), always(Accepted, 50)], Policy::default());
        for n in 0..50 {
            assert_eq!(send(&dispatcher, &nth(n)).await.provider, "a");
        }
        assert_eq!(state(&dispatcher, "a"), "closed", "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn c18_where_every_breaker_is_open_nobody_is_refused() {
    let stage = Stage::new();
    let rules = vec![always(Misconfigured, 50), always(Misconfigured, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default());
    for n in 0..10 {
        let message = nth(n);
        assert_eq!(send(&dispatcher, &message).await.outcome, Misconfigured);
        assert_eq!(stage.asked(message.transaction), ["a", "b"], "message {n}: as if there were no breakers");
    }
    assert_eq!((state(&dispatcher, "a"), state(&dispatcher, "b")), ("open", "open"));
}

#[tokio::test(start_paused = true)]
async fn c18_c19_one_that_rests_is_asked_when_nobody_else_is_left() {
    let stage = Stage::new();
    let (down, back) = (2 * SECOND, 1 * SECOND);
    let first: Rule = Box::new(move |now| if now < down { step(Accepted, 50) } else { step(NotSent, 50) });
    let second: Rule =
        Box::new(move |now| if now < back { step(Misconfigured, 50) } else { step(Accepted, 50) });
    let dispatcher = stage.dispatcher(vec![first, second], Policy::default());
    dispatcher.breakers().force("a", Some(Override::Open));
    assert_eq!(send(&dispatcher, &nth(1)).await.outcome, Misconfigured);
    dispatcher.breakers().force("a", None);
    assert_eq!((state(&dispatcher, "a"), state(&dispatcher, "b")), ("closed", "open"));
    tokio::time::sleep(3 * SECOND).await;
    let message = nth(2);
    assert_eq!(send(&dispatcher, &message).await.provider, "b", "it is well again, which nobody knew");
    assert_eq!(stage.asked(message.transaction), ["a", "b"]);
    assert_eq!(state(&dispatcher, "b"), "closed");
}

#[tokio::test(start_paused = true)]
async fn whom_a_person_has_taken_out_is_never_asked() {
    let stage = Stage::new();
    let rules = vec![always(Misconfigured, 50), always(Misconfigured, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default());
    let breakers = dispatcher.breakers();
    assert!(breakers.force("a", Some(Override::Open)) && !breakers.force("z", Some(Override::Open)));
    for n in 0..5 {
        let message = nth(n);
        send(&dispatcher, &message).await;
        assert_eq!(stage.asked(message.transaction), ["b"], "not even when the other's is open too");
    }
    breakers.force("b", Some(Override::Open));
    assert!(dispatcher.plan(&nth(6)).is_none(), "nobody is left");
    breakers.force("a", Some(Override::Closed));
    send(&dispatcher, &nth(7)).await;
    send(&dispatcher, &nth(8)).await;
    assert_eq!(stage.asked(nth(8).transaction), ["a"], "asked, ill or not, where a person says so");
    breakers.force("a", None);
    breakers.force("b", None);
    send(&dispatcher, &nth(9)).await;
    assert_eq!(stage.asked(nth(9).transaction), ["a", "b"], "both are open by their own judgement");
}

#[tokio::test(start_paused = true)]
async fn taken_out_while_a_message_is_under_way_is_taken_out_for_it_too() {
    let stage = Stage::new();
    let rules = vec![always(Misconfigured, 500), always(Misconfigured, 500)];
    let dispatcher = stage.dispatcher(rules, Policy::default());
    send(&dispatcher, &nth(1)).await;
    assert_eq!((state(&dispatcher, "a"), state(&dispatcher, "b")), ("open", "open"));
    let (message, breakers) = (nth(2), dispatcher.breakers());
    let person = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        breakers.force("b", Some(Override::Open));
    };
    let (dispatched, ()) = tokio::join!(send(&dispatcher, &message), person);
    assert_eq!((dispatched.outcome, stage.asked(message.transaction)), (Misconfigured, vec!["a"]));
}
