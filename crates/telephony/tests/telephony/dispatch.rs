//! The dispatcher with scripted providers, on paused time.

use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::{AttemptEnded, AttemptStarted, Clock, Deadline, PhoneNumber};
use proptest::prelude::*;
use telephony::{
    AttemptLog, AttemptReport, BoxFuture, Dispatched, Dispatcher, LogError, Outgoing, Policy, Remedy,
    RoutingError,
};

use crate::scripted::{Calls, Stage, Step, step, steps as script_of, with};
use crate::setup::{Books, Most, TokioClock, message};

/// Providers `a`, `b`, `c` by their scripts.
fn dispatcher(scripts: Vec<Vec<Step>>, policy: Policy) -> (Dispatcher, Calls) {
    let stage = Stage::new();
    (stage.dispatcher(scripts.into_iter().map(script_of).collect(), policy), stage.calls)
}

async fn run(dispatcher: &Dispatcher, ms: u64, books: &Books) -> Dispatched {
    let deadline = Deadline::after(TokioClock.monotonic(), Duration::from_millis(ms));
    let message = message();
    let plan = dispatcher.plan(&message).unwrap();
    assert_eq!(plan.first(), "a");
    plan.dispatch(&message, deadline, books, &TokioClock, &Most).await
}

async fn simply(scripts: Vec<Vec<Step>>) -> (Dispatched, Vec<&'static str>, Books) {
    let (dispatcher, calls) = dispatcher(scripts, Policy::default());
    let books = Books::default();
    let dispatched = run(&dispatcher, 2_600, &books).await;
    let calls = calls.lock().unwrap().iter().map(|call| call.provider).collect();
    (dispatched, calls, books)
}

#[tokio::test(start_paused = true)]
async fn nobody_to_send_and_two_of_one_name() {
    let new = |providers| Dispatcher::new(providers, Policy::default(), std::sync::Arc::new(TokioClock));
    let none = new(Vec::new()).unwrap();
    assert!(none.plan(&message()).is_none());
    let (two, _) = dispatcher(vec![vec![], vec![]], Policy::default());
    let twice = [two.providers(), two.providers()].concat();
    assert_eq!(new(twice).err(), Some(RoutingError::TwoOfOneName("a".to_owned())));
    assert_eq!(two.provider("b").unwrap().name(), "b");
    assert!(two.provider("z").is_none());
}

#[tokio::test(start_paused = true)]
async fn c12_the_second_provider_gets_what_the_first_cannot_send() {
    for outcome in [NotSent, Misconfigured, Ambiguous] {
        let (dispatched, calls, books) = simply(vec![vec![step(outcome, 90)], vec![]]).await;
        assert_eq!(calls, ["a", "b"], "{outcome:?}");
        assert_eq!((dispatched.outcome, dispatched.provider.as_str()), (Accepted, "b"));
        assert_eq!((dispatched.last.n, dispatched.last.provider.as_str()), (2, "b"));
        let records = books.records.lock().unwrap();
        let [(ended, started)] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((ended.n, ended.outcome, ended.provider.as_str()), (1, outcome, "a"));
        assert_eq!((started.n, started.provider.as_str()), (2, "b"));
    }
}

#[tokio::test(start_paused = true)]
async fn p4_c9_c10_c11_nobody_sends_after_a_definite_answer() {
    for outcome in [Accepted, RejectedNumber, RejectedFraud, RejectedLimit] {
        let (dispatched, calls, books) = simply(vec![vec![step(outcome, 90)], vec![]]).await;
        assert_eq!((calls.as_slice(), dispatched.outcome), (&["a"][..], outcome));
        assert_eq!((dispatched.last.n, dispatched.last.outcome), (1, outcome));
        assert!(books.records.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn c18_both_away_is_a_fast_end() {
    let begun = TokioClock.monotonic();
    let (dispatched, calls, _) = simply(vec![vec![step(NotSent, 500)], vec![step(NotSent, 500)]]).await;
    assert_eq!((calls.as_slice(), dispatched.outcome), (&["a", "b"][..], NotSent));
    assert!(TokioClock.monotonic() - begun <= Duration::from_millis(1_200));
    let (dispatched, calls, _) = simply(vec![vec![step(NotSent, 5)]]).await;
    assert_eq!((calls.len(), dispatched.outcome), (1, NotSent), "refused, and nobody else: at once");
}

#[tokio::test(start_paused = true)]
async fn a_message_under_way_stays_ambiguous_when_the_other_provider_fails() {
    let first = AttemptReport { http_status: Some(503), ..AttemptReport::new(Ambiguous) };
    let (dispatched, calls, _) = simply(vec![vec![Step(first, 100)], vec![step(NotSent, 10)]]).await;
    assert_eq!(calls, ["a", "b"]);
    assert_eq!((dispatched.outcome, dispatched.provider.as_str()), (Ambiguous, "a"));
    assert_eq!(dispatched.report.http_status, Some(503), "the report that decided");
    assert_eq!((dispatched.last.n, dispatched.last.outcome), (2, NotSent), "the end still to be written");
}

#[tokio::test(start_paused = true)]
async fn c8_alone_the_same_provider_is_asked_once_more_after_a_pause() {
    let later = |wait| with(NotSent, Remedy::Later, wait);
    for (wait, expected) in [(None, Some(350)), (Some(1_000), Some(1_050)), (Some(3_000), None)] {
        let (dispatcher, calls) =
            dispatcher(vec![vec![later(wait), later(wait)]], Policy { max_attempts: 3, ..Policy::default() });
        let dispatched = run(&dispatcher, 2_600, &Books::default()).await;
        assert_eq!(dispatched.outcome, NotSent);
        let calls = calls.lock().unwrap();
        let second = calls.get(1).map(|call| u64::try_from(call.at.as_millis()).unwrap());
        assert_eq!((second, calls.len()), (expected, expected.map_or(1, |_| 2)), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn c12_the_next_provider_is_asked_and_where_there_is_none_the_locale_is_left_out_once() {
    let script = || vec![with(Misconfigured, Remedy::WithoutLocale, None), step(Misconfigured, 50)];
    for (scripts, expected) in [
        (vec![script(), vec![]], vec![("a", false), ("b", false)]),
        (vec![script()], vec![("a", false), ("a", true)]),
    ] {
        let (dispatcher, calls) = dispatcher(scripts, Policy { max_attempts: 3, ..Policy::default() });
        run(&dispatcher, 2_600, &Books::default()).await;
        let calls: Vec<_> = calls.lock().unwrap().iter().map(|c| (c.provider, c.without_locale)).collect();
        assert_eq!(calls, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_stalled_provider_is_cut_off_and_the_other_gets_a_second() {
    let begun = TokioClock.monotonic();
    let (dispatched, calls, _) =
        simply(vec![vec![step(Accepted, 60_000)], vec![step(Accepted, 60_000)]]).await;
    assert_eq!((calls.as_slice(), dispatched.outcome), (&["a", "b"][..], Ambiguous));
    let took = TokioClock.monotonic() - begun;
    assert!(took <= Duration::from_millis(2_500), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_record_there_is_no_further_attempt() {
    let (dispatcher, calls) = dispatcher(vec![vec![step(NotSent, 10)], vec![]], Policy::default());
    let books = Books { broken: true, ..Books::default() };
    let dispatched = run(&dispatcher, 2_600, &books).await;
    assert_eq!((dispatched.outcome, dispatched.last.n), (NotSent, 1), "stopped with what is known");
    assert_eq!(calls.lock().unwrap().len(), 1);
}

/// Takes a record after so long.
struct Slow(Duration);

impl AttemptLog for Slow {
    fn next_attempt(&self, _: AttemptEnded, _: AttemptStarted) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async {
            tokio::time::sleep(self.0).await;
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn h7_a_slow_log_costs_no_further_attempt_and_one_that_stands_leaves_none_open() {
    for (ms, asked) in [(450, 2), (60_000, 1)] {
        let (dispatcher, calls) =
            dispatcher(vec![vec![step(NotSent, 10)], vec![step(Accepted, 50)]], Policy::default());
        let begun = TokioClock.monotonic();
        let deadline = Deadline::after(begun, Duration::from_millis(2_600));
        let (message, log) = (message(), Slow(Duration::from_millis(ms)));
        let plan = dispatcher.plan(&message).unwrap();
        let dispatched = plan.dispatch(&message, deadline, &log, &TokioClock, &Most).await;
        assert_eq!(calls.lock().unwrap().len(), asked);
        assert!(TokioClock.monotonic() - begun <= Duration::from_millis(2_300));
        // The log may hold its start all the same, and then it ends so.
        let unmade = dispatched.unmade.as_ref().map(|it| (it.n, it.provider.as_str(), it.outcome));
        assert_eq!(unmade, (asked == 1).then_some((2, "b", NotSent)));
        assert_eq!(
            (dispatched.last.n, dispatched.outcome == Accepted),
            (if asked == 2 { 2 } else { 1 }, asked == 2)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn c9_two_messages_to_one_number_wait_for_each_other() {
    let (dispatcher, calls) =
        dispatcher(vec![vec![step(Accepted, 400), step(Accepted, 400)]], Policy::default());
    let books = Books::default();
    let (one, two) = tokio::join!(run(&dispatcher, 2_600, &books), run(&dispatcher, 2_600, &books));
    assert_eq!((one.outcome, two.outcome), (Accepted, Accepted));
    let at: Vec<_> = calls.lock().unwrap().iter().map(|call| call.at.as_millis()).collect();
    assert_eq!(at, [0, 400]);
}

#[tokio::test(start_paused = true)]
async fn p3_whoever_waits_too_long_for_the_number_sends_nothing() {
    let (dispatcher, calls) = dispatcher(vec![vec![step(Accepted, 2_400)]], Policy::default());
    let books = Books::default();
    let begun = TokioClock.monotonic();
    let second = async {
        let dispatched = run(&dispatcher, 2_600, &books).await;
        (dispatched, TokioClock.monotonic() - begun)
    };
    let (one, (two, took)) = tokio::join!(run(&dispatcher, 2_600, &books), second);
    assert_eq!((one.outcome, two.outcome, two.report.cause), (Accepted, NotSent, Some("busy")));
    assert!(took <= Duration::from_millis(1_801), "{took:?}");
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c1_whoever_waits_for_the_number_still_gets_the_second_provider() {
    let (dispatcher, calls) = dispatcher(
        vec![vec![step(Ambiguous, 60_000)], vec![step(Accepted, 300), step(Accepted, 300)]],
        Policy::default(),
    );
    let books = Books::default();
    let (one, two) = tokio::join!(run(&dispatcher, 2_600, &books), run(&dispatcher, 2_600, &books));
    for dispatched in [&one, &two] {
        assert_eq!((dispatched.outcome, dispatched.provider.as_str()), (Accepted, "b"));
    }
    let asked: Vec<_> = calls.lock().unwrap().iter().map(|call| call.provider).collect();
    assert_eq!(
        asked.iter().filter(|name| **name == "a").count(),
        1,
        "it is not asked twice at once: {asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_is_no_call() {
    let (dispatcher, calls) = dispatcher(vec![vec![], vec![]], Policy::default());
    let dispatched = run(&dispatcher, 150, &Books::default()).await;
    assert_eq!((dispatched.outcome, dispatched.report.cause), (NotSent, Some("no_time")));
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn other_numbers_do_not_wait() {
    let (dispatcher, calls) = dispatcher(vec![vec![step(Accepted, 0)]], Policy::default());
    let other = Outgoing { to: PhoneNumber::parse("+33612345678", None).unwrap(), ..message() };
    let plan = dispatcher.plan(&other).unwrap();
    let deadline = Deadline::after(TokioClock.monotonic(), Duration::from_secs(2));
    plan.dispatch(&other, deadline, &Books::default(), &TokioClock, &Most).await;
    assert_eq!(calls.lock().unwrap().len(), 1);
}

fn steps() -> impl Strategy<Value = Step> {
    let remedy = prop::sample::select(vec![None, Some(Remedy::WithoutLocale), Some(Remedy::Later)]);
    let outcome = prop::sample::select(AttemptOutcome::ALL.to_vec());
    (outcome, remedy, prop::option::of(0u64..2_000), 0u64..3_000).prop_map(|(outcome, remedy, wait, ms)| {
        let retry_after = wait.map(Duration::from_millis);
        Step(AttemptReport { remedy, retry_after, ..AttemptReport::new(outcome) }, ms)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p4_whatever_the_providers_do(
        scripts in prop::collection::vec(prop::collection::vec(steps(), 0..4), 1..4),
        max_attempts in 0u8..5,
        ms in 0u64..4_000,
        broken: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (calls, dispatched, books, took) = runtime.block_on(async {
            let (dispatcher, calls) = dispatcher(scripts, Policy { max_attempts, ..Policy::default() });
            let books = Books { broken, ..Books::default() };
            let begun = TokioClock.monotonic();
            let dispatched = run(&dispatcher, ms, &books).await;
            let calls = calls.lock().unwrap().clone();
            (calls, dispatched, books, TokioClock.monotonic() - begun)
        });
        let records = books.records.into_inner().unwrap();
        prop_assert!(calls.len() <= usize::from(max_attempts.max(1)));
        prop_assert!(took <= Duration::from_millis(ms), "{took:?}");
        prop_assert_eq!(records.len(), calls.len().saturating_sub(1), "each further call was on disk first");
        let mut asked = Vec::new();
        for ((ended, started), call) in records.iter().zip(calls.iter().skip(1)) {
            prop_assert!(matches!(ended.outcome, NotSent | Misconfigured | Ambiguous));
            prop_assert_eq!((started.n, started.provider.as_str()), (ended.n + 1, call.provider));
            prop_assert!(ended.outcome != Ambiguous || ended.provider != started.provider);
            asked.push(ended.provider.clone());
        }
        let order: Vec<_> = calls.iter().map(|call| call.provider).collect();
        prop_assert!(order.is_sorted(), "in order: {:?}", order);
        prop_assert!(["a", "b", "c"].iter().all(|p| order.iter().filter(|o| o == &p).count() <= 2));
        prop_assert_eq!(usize::from(dispatched.last.n), calls.len().max(1));
        let unclear = asked.len() < calls.len() && records.iter().any(|(ended, _)| ended.outcome == Ambiguous);
        if unclear {
            prop_assert!(!matches!(dispatched.outcome, NotSent | Misconfigured));
        }
    }
}
