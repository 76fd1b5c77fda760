//! What holds whatever the providers, the breakers, the log and the people do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::{AttemptEnded, AttemptStarted, Clock as _, Deadline, Entropy};
use proptest::prelude::*;
use telephony::{
    AttemptLog, AttemptReport, BoxFuture, Dispatched, LogError, Outgoing, Override, Policy, Remedy, Scope,
};

use crate::scripted::{Call, Stage, Step, nth, steps};
use crate::setup::TokioClock;

/// By how much a provider may overrun its budget (`SLACK` in plan.rs), and the timer's own coarseness.
const SLACK: Duration = Duration::from_millis(25 + 2);

/// What happens to one message.
#[derive(Debug, Clone)]
struct Case {
    number: u32,
    user: Option<u8>,
    /// Its deadline.
    ms: u64,
    /// What the log does with each record: takes it after so long, or not at all.
    log: Vec<Option<u64>>,
}

/// Messages that come at once, after a pause, with what a person has decided by then.
#[derive(Debug, Clone)]
struct Batch {
    pause: u64,
    cases: Vec<Case>,
    forced: [Option<bool>; 3],
}

struct Log {
    script: Vec<Option<u64>>,
    asked: AtomicUsize,
    records: Mutex<Vec<(AttemptEnded, AttemptStarted)>>,
}

impl AttemptLog for Log {
    fn next_attempt(
        &self,
        ended: AttemptEnded,
        started: AttemptStarted,
    ) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let n = self.asked.fetch_add(1, Ordering::Relaxed);
            match self.script.get(n).copied().unwrap_or(Some(0)) {
                Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                None => return Err(LogError::new("the disk is full")),
            }
            self.records.lock().unwrap().push((ended, started));
            Ok(())
        })
    }
}

/// Any jitter, the same each time.
struct Some8(u8);

impl Entropy for Some8 {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// How one message went.
struct Run {
    message: Outgoing,
    case: Case,
    records: Vec<(AttemptEnded, AttemptStarted)>,
    dispatched: Dispatched,
    took: Duration,
    /// Providers nobody may ask.
    out: Vec<&'static str>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

async fn play(
    scripts: Vec<Vec<Step>>,
    batches: Vec<Batch>,
    max_attempts: u8,
    jitter: u8,
) -> (Vec<Run>, Vec<Call>) {
    let stage = Stage::new();
    let policy = Policy { max_attempts, ..Policy::default() };
    let there = scripts.len();
    let dispatcher = stage.dispatcher(scripts.into_iter().map(steps).collect(), policy);
    let dispatcher = Arc::new(dispatcher.with_next_provider_on_resend(Duration::from_secs(60)));
    let (mut runs, mut n) = (Vec::new(), 0);
    for batch in batches {
        tokio::time::sleep(Duration::from_millis(batch.pause)).await;
        let forced = || NAMES.into_iter().zip(batch.forced).take(there);
        for (name, forced) in forced() {
            let forced = forced.map(|open| if open { Override::Open } else { Override::Closed });
            dispatcher.breakers().force(name, forced);
        }
        let out: Vec<_> =
            forced().filter(|(_, forced)| *forced == Some(true)).map(|(name, _)| name).collect();
        let mut under_way = tokio::task::JoinSet::new();
        for case in batch.cases {
            n += 1;
            let own = nth(n);
            let user = case.user.map(|user| format!("user-{user}"));
            let message = Outgoing { to: nth(case.number).to, user, ..own };
            let Some(plan) = dispatcher.plan(&message) else {
                assert_eq!(out.len(), there, "nobody is refused while anybody is left to ask");
                continue;
            };
            let out = out.clone();
            under_way.spawn(async move {
                let log =
                    Log { script: case.log.clone(), asked: AtomicUsize::new(0), records: Mutex::default() };
                let begun = TokioClock.monotonic();
                let deadline = Deadline::after(begun, Duration::from_millis(case.ms));
                let entropy = Some8(jitter);
                let dispatched = plan.dispatch(&message, deadline, &log, &TokioClock, &entropy).await;
                let took = TokioClock.monotonic().saturating_duration_since(begun);
                Run { message, case, records: log.records.into_inner().unwrap(), dispatched, took, out }
            });
        }
        runs.extend(under_way.join_all().await);
    }
    let calls = stage.calls.lock().unwrap().clone();
    (runs, calls)
}

fn scripted() -> impl Strategy<Value = Step> {
    let remedy = prop::sample::select(vec![None, Some(Remedy::WithoutLocale), Some(Remedy::Later)]);
    let scope = prop::sample::select(vec![Scope::Account, Scope::Message]);
    let status = prop::sample::select(vec![None, Some(200), Some(429), Some(503)]);
    // As often good as not, so that breakers close as well as open.
    let outcome = prop_oneof![Just(Accepted), prop::sample::select(AttemptOutcome::ALL.to_vec())];
    let ms = prop_oneof![0u64..900, 0u64..6_000];
    (outcome, remedy, scope, prop::option::of(0u64..8_000), status, ms).prop_map(
        |(outcome, remedy, scope, wait, http_status, ms)| {
            let retry_after = wait.map(Duration::from_millis);
            let report = AttemptReport::new(outcome);
            Step(AttemptReport { remedy, scope, retry_after, http_status, ..report }, ms)
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let log = prop::collection::vec(prop::option::weighted(0.8, 0u64..400), 0..3);
    (0u32..3, prop::option::of(0u8..2), 500u64..=2_800, log).prop_map(|(number, user, ms, log)| Case {
        number,
        user,
        ms,
        log,
    })
}

fn batch() -> impl Strategy<Value = Batch> {
    let pause = prop_oneof![Just(0), 0u64..2_000, 9_000u64..35_000];
    let forced = prop::option::weighted(0.1, any::<bool>());
    (pause, prop::collection::vec(case(), 1..4), [forced.clone(), forced.clone(), forced])
        .prop_map(|(pause, cases, forced)| Batch { pause, cases, forced })
}

/// Everything that is promised about one message.
fn kept(run: &Run, calls: &[&Call], max_attempts: u8) -> Result<(), TestCaseError> {
    let Run { message, case, records, dispatched, took, out } = run;
    // p4
    prop_assert!(calls.len() <= usize::from(max_attempts).min(2), "{} calls", calls.len());
    for (one, next) in calls.iter().zip(calls.iter().skip(1)) {
        prop_assert!(matches!(one.returned, None | Some(NotSent | Misconfigured | Ambiguous)), "{one:?}");
        prop_assert!(one.returned.is_some_and(|it| it != Ambiguous) || one.provider != next.provider);
        prop_assert!(one.until <= Some(next.at), "never two at once");
    }
    prop_assert!(calls.iter().all(|call| !out.contains(&call.provider)), "taken out: {out:?}");
    // p3
    let most = Duration::from_millis(case.ms) - Policy::default().reserve + SLACK;
    prop_assert!(*took <= most, "{took:?} of {most:?}");
    // p2
    let accepted = calls.iter().any(|call| call.returned == Some(Accepted));
    prop_assert!(dispatched.outcome != Accepted || accepted);
    // What was taken is told; what nobody knows is not told as a failure.
    let last_cut = calls.last().is_some_and(|call| call.returned.is_none());
    prop_assert!(!accepted || dispatched.outcome == Accepted || last_cut);
    if calls.iter().any(|call| matches!(call.returned, None | Some(Ambiguous))) {
        prop_assert!(!matches!(dispatched.outcome, NotSent | Misconfigured), "{:?}", dispatched.outcome);
    }
    // p1: the log has every further attempt before it is made, and the caller the end of the last. An attempt that came to no call (the
    // number was busy there, or no time was left) was not sent.
    let mut attempts: Vec<_> = records.iter().map(|(ended, _)| ended).collect();
    if attempts.last().is_none_or(|it| it.n < dispatched.last.n) {
        attempts.push(&dispatched.last);
    }
    prop_assert_eq!(usize::from(dispatched.last.n), attempts.len());
    for (n, (ended, started)) in records.iter().enumerate() {
        prop_assert_eq!((started.n, started.transaction), (ended.n + 1, message.transaction));
        prop_assert!(
            attempts.get(n + 1).is_none_or(|it| it.n == started.n && it.provider == started.provider)
        );
    }
    let mut calls = calls.iter().peekable();
    for attempt in attempts {
        let is_its = |call: &&&Call| {
            (call.provider, call.returned.unwrap_or(Ambiguous))
                == (attempt.provider.as_str(), attempt.outcome)
        };
        if calls.next_if(is_its).is_none() {
            prop_assert_eq!(attempt.outcome, NotSent, "there was no such call: {:?}", attempt);
        }
    }
    prop_assert!(calls.next().is_none(), "a call that is in no log");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p1_p2_p3_p4_c5_c17_c18_c19_whatever_happens(
        scripts in prop::collection::vec(prop::collection::vec(scripted(), 0..24), 2..4),
        batches in prop::collection::vec(batch(), 1..12),
        max_attempts in 1u8..=2,
        jitter: u8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (runs, calls) = runtime.block_on(play(scripts, batches, max_attempts, jitter));
        for run in &runs {
            let own: Vec<_> = calls.iter().filter(|call| call.transaction == run.message.transaction).collect();
            kept(run, &own, max_attempts)?;
        }
        let all = runs.iter().map(|run| run.message.transaction);
        let all: std::collections::BTreeSet<_> = all.map(|id| id.to_string()).collect();
        prop_assert!(calls.iter().all(|call| all.contains(&call.transaction.to_string())), "no call of nobody's");
    }
}
