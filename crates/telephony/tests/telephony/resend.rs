//! A user who asks again soon gets the next provider.

use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::{Clock as _, Deadline, OrgName};
use telephony::{Dispatcher, Outgoing, Policy};

use crate::scripted::{Stage, always, nth, send, step, steps};
use crate::setup::{Books, Most, TokioClock};

const WITHIN: Duration = Duration::from_secs(120);

fn dispatcher(stage: &Stage) -> Dispatcher {
    let rules = vec![always(Accepted, 50), always(Accepted, 50), always(Accepted, 50)];
    stage.dispatcher(rules, Policy::default()).with_next_provider_on_resend(WITHIN)
}

fn of(user: &str, n: u32) -> Outgoing {
    Outgoing { user: Some(user.to_owned()), ..nth(n) }
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_gets_the_next_and_after_the_last_the_first() {
    let stage = Stage::new();
    let dispatcher = dispatcher(&stage);
    for (n, expected) in (0..).zip(["a", "b", "c", "a"]) {
        assert_eq!(send(&dispatcher, &of("ana", n)).await.provider, expected);
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(send(&dispatcher, &of("ben", 9)).await.provider, "a", "another user is not concerned");
    let elsewhere = Outgoing { org: OrgName::new("other").unwrap(), ..of("ana", 9) };
    assert_eq!(send(&dispatcher, &elsewhere).await.provider, "a", "nor is another org's of that name");
}

#[tokio::test(start_paused = true)]
async fn not_once_a_code_was_entered_and_not_for_ever() {
    let stage = Stage::new();
    let dispatcher = dispatcher(&stage);
    let ana = of("ana", 1);
    assert_eq!(send(&dispatcher, &ana).await.provider, "a");
    dispatcher.verified(&ana.org, "ben");
    assert_eq!(send(&dispatcher, &ana).await.provider, "b");
    dispatcher.verified(&ana.org, "ana");
    assert_eq!(send(&dispatcher, &ana).await.provider, "a");
    tokio::time::sleep(WITHIN - Duration::from_secs(1)).await;
    assert_eq!(send(&dispatcher, &ana).await.provider, "b", "just within");
    tokio::time::sleep(WITHIN).await;
    assert_eq!(send(&dispatcher, &ana).await.provider, "a", "long enough ago");
}

#[tokio::test(start_paused = true)]
async fn where_no_user_is_named_the_number_is_the_user() {
    let stage = Stage::new();
    let dispatcher = dispatcher(&stage);
    for (n, expected) in [(1, "a"), (2, "a"), (1, "b"), (2, "b"), (1, "c")] {
        assert_eq!(send(&dispatcher, &nth(n)).await.provider, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_code_that_may_have_come_counts() {
    for (outcome, expected) in [
        (Accepted, "b"),
        (Ambiguous, "b"),
        (NotSent, "a"),
        (Misconfigured, "a"),
        (RejectedNumber, "a"),
        (RejectedLimit, "a"),
        (RejectedFraud, "a"),
    ] {
        assert_eq!(second_choice(outcome).await, expected, "{outcome:?}");
    }
}

/// Who is first once `a` has ended so, with one attempt allowed.
async fn second_choice(outcome: AttemptOutcome) -> String {
    let stage = Stage::new();
    let policy = Policy { max_attempts: 1, ..Policy::default() };
    let rules = vec![steps(vec![step(outcome, 50)]), always(Accepted, 50)];
    let dispatcher = stage.dispatcher(rules, policy).with_next_provider_on_resend(WITHIN);
    send(&dispatcher, &of("ana", 1)).await;
    // What it says of the provider is another matter.
    dispatcher.breakers().force("a", Some(telephony::Override::Closed));
    dispatcher.plan(&of("ana", 2)).unwrap().first().to_owned()
}

#[tokio::test(start_paused = true)]
async fn whose_code_the_second_provider_took_gets_the_third() {
    let stage = Stage::new();
    let rules = vec![always(NotSent, 50), always(Accepted, 50), always(Accepted, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default()).with_next_provider_on_resend(WITHIN);
    assert_eq!(send(&dispatcher, &of("ana", 1)).await.provider, "b");
    let (again, third) = (of("ana", 2), of("ana", 3));
    assert_eq!(send(&dispatcher, &again).await.provider, "c");
    assert_eq!(stage.asked(again.transaction), ["c"]);
    assert_eq!(send(&dispatcher, &third).await.provider, "b");
    assert_eq!(stage.asked(third.transaction), ["a", "b"], "and round again");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_takes_nothing_makes_the_next_provider_no_less_the_next() {
    let stage = Stage::new();
    let rules = vec![always(Ambiguous, 50), always(Accepted, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default()).with_next_provider_on_resend(WITHIN);
    let (first, books) = (of("ana", 1), Books { broken: true, ..Books::default() });
    let deadline = Deadline::after(TokioClock.monotonic(), Duration::from_secs(2));
    let plan = dispatcher.plan(&first).unwrap();
    assert_eq!(plan.dispatch(&first, deadline, &books, &TokioClock, &Most).await.outcome, Ambiguous);
    assert_eq!(dispatcher.plan(&of("ana", 2)).unwrap().first(), "b");
}
