//! Leave to find out whether a provider is back.

use std::time::Duration;

use otp::AttemptOutcome::*;
use otp::{Clock as _, Deadline};
use telephony::{Dispatcher, Override, Policy};

use super::{SECOND, state};
use crate::scripted::{Stage, Step, always, nth, send, step, steps};
use crate::setup::{Books, Most, TokioClock};

/// `a` is half open: its next call is a probe.
async fn half_open() -> (Stage, Dispatcher) {
    half_open_and_then(vec![]).await
}

/// The same, with what `a` does next.
async fn half_open_and_then(next: Vec<Step>) -> (Stage, Dispatcher) {
    let stage = Stage::new();
    let first = vec![step(Misconfigured, 10)];
    let rules = vec![steps([first, next].concat()), always(Accepted, 50)];
    let dispatcher = stage.dispatcher(rules, Policy::default());
    send(&dispatcher, &nth(1)).await;
    tokio::time::sleep(11 * SECOND).await;
    assert_eq!(state(&dispatcher, "a"), "half_open");
    (stage, dispatcher)
}

#[tokio::test(start_paused = true)]
async fn c19_leave_to_probe_that_is_not_used_is_given_back() {
    let (stage, dispatcher) = half_open().await;
    let unused = dispatcher.plan(&nth(2)).unwrap();
    assert_eq!(unused.first(), "a");
    assert_eq!(dispatcher.plan(&nth(3)).unwrap().first(), "b", "one probe at a time");
    drop(unused);
    assert_eq!(dispatcher.plan(&nth(4)).unwrap().first(), "a", "it is free again, and at once");
    assert!(stage.asked(nth(2).transaction).is_empty());
}

#[tokio::test(start_paused = true)]
async fn c19_leave_to_probe_is_given_back_by_whoever_gets_no_time_no_turn_or_is_dropped() {
    let (_, dispatcher) = half_open_and_then(vec![step(Accepted, 2_000)]).await;
    let at = |ms| Deadline::after(TokioClock.monotonic(), Duration::from_millis(ms));
    let books = Books::default();

    let (message, no_time) = (nth(2), dispatcher.plan(&nth(2)).unwrap());
    assert_eq!(no_time.first(), "a");
    let dispatched = no_time.dispatch(&message, at(100), &books, &TokioClock, &Most).await;
    assert_eq!(dispatched.report.cause, Some("no_time"));

    let (mine, theirs) = (nth(3), nth(3));
    dispatcher.breakers().force("a", Some(Override::Closed));
    let other = dispatcher.plan(&theirs).unwrap();
    dispatcher.breakers().force("a", None);
    let probing = dispatcher.plan(&mine).unwrap();
    assert_eq!((probing.first(), other.first()), ("a", "a"));
    let holding = other.dispatch(&theirs, at(2_600), &books, &TokioClock, &Most);
    let waiting = probing.dispatch(&mine, at(820), &books, &TokioClock, &Most);
    let (_, waited) = tokio::join!(holding, waiting);
    assert_eq!((waited.outcome, waited.provider.as_str()), (Accepted, "b"), "the number was busy at a");

    let (message, dropped) = (nth(4), dispatcher.plan(&nth(4)).unwrap());
    assert_eq!(dropped.first(), "a");
    let sending = dropped.dispatch(&message, at(2_600), &books, &TokioClock, &Most);
    assert!(tokio::time::timeout(Duration::ZERO, sending).await.is_err(), "cut off while it is asked");
    assert_eq!(dispatcher.plan(&nth(5)).unwrap().first(), "a");
}

#[tokio::test(start_paused = true)]
async fn c12_what_a_breaker_does_is_measured() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (_, dispatcher) = half_open().await;
    for (step, line) in [
        ("tried out", r#"ringback_breaker_state{provider="a"} 1"#),
        ("opened", r#"ringback_breaker_opened_total{provider="a"} 1"#),
        ("another is closed", r#"ringback_breaker_state{provider="b"} 0"#),
    ] {
        dispatcher.breakers().measure();
        let page = recorder.handle().render();
        assert!(page.contains(line), "{step}: {line} in {page}");
    }
    send(&dispatcher, &nth(2)).await;
    dispatcher.breakers().measure();
    assert!(recorder.handle().render().contains(r#"ringback_breaker_state{provider="a"} 0"#));
}
