//! What vendors say no with, and that nobody else sends where nobody should.

use std::sync::Arc;
use std::time::Duration;

use otp::AttemptOutcome::{self, *};
use otp::{Channel, SystemClock};
use telephony::{Dispatcher, Policy, Remedy};

use super::each;
use super::kinds::{KINDS, Kind, Says};
use crate::scripted::{Stage, always};
use crate::server::{Reply, Server};
use crate::setup::{Books, Most, TokioClock, in_time, message};

async fn mean(says: Says, expected: AttemptOutcome) {
    each(
        |kind| (kind.answers)(says),
        |kind, n, report| {
            assert_eq!(report.outcome, expected, "{} {says:?} {n}: {report:?}", kind.name);
            assert!(report.http_status.is_some());
        },
    )
    .await;
}

#[tokio::test]
async fn c7_server_errors_are_ambiguous() {
    let html = |status| Reply::Answer(status, "content-type: text/html\r\n", b"<html>sorry</html>".to_vec());
    let replies = |_: &Kind| [500, 502, 503, 504, 599].map(html).into();
    each(replies, |kind, n, report| {
        assert_eq!(report.outcome, Ambiguous, "{} {n}", kind.name);
        assert_eq!((report.remedy, report.provider_ref), (None, None), "{} {n}", kind.name);
    })
    .await;
}

#[tokio::test]
async fn c8_too_many_requests_were_not_processed() {
    each(
        |kind| (kind.answers)(Says::Busy),
        |kind, _, report| {
            let expected = (NotSent, Some(Remedy::Later), Some(Duration::from_secs(2)), Some(429));
            let is = (report.outcome, report.remedy, report.retry_after, report.http_status);
            assert_eq!(is, expected, "{}", kind.name);
        },
    )
    .await;
}

#[tokio::test]
async fn c9_a_users_limit_is_one() {
    mean(Says::Limit, RejectedLimit).await;
}

#[tokio::test]
async fn c10_fraud_is_fraud() {
    mean(Says::Fraud, RejectedFraud).await;
}

#[tokio::test]
async fn c11_a_bad_number_is_one() {
    mean(Says::Number, RejectedNumber).await;
}

#[tokio::test]
async fn c12_wrong_credentials_and_settings_are_ours() {
    mean(Says::Wrong, Misconfigured).await;
    let html = |status| Reply::Answer(status, "", b"<html>".to_vec());
    each(
        |_| [401, 403, 404].map(html).into(),
        |kind, n, report| {
            assert_eq!(report.outcome, Misconfigured, "{} {n}, from a proxy", kind.name);
        },
    )
    .await;
}

#[tokio::test]
async fn c14_what_has_failed_already_was_not_sent() {
    mean(Says::Failed, NotSent).await;
}

/// Who is asked: this kind with this answer, and then another provider, if anybody.
async fn asked(kind: &Kind, reply: Reply) -> (AttemptOutcome, usize, usize) {
    let (server, stage) = (Server::start([reply]).await, Stage::new());
    let providers = vec![(kind.provider)(&server.url), stage.provider("b", always(Accepted, 1))];
    let dispatcher = Dispatcher::new(providers, Policy::default(), Arc::new(SystemClock)).unwrap();
    let (message, books) = (message(), Books::default());
    let plan = dispatcher.plan(&message).unwrap();
    let dispatched = plan.dispatch(&message, in_time(&TokioClock), &books, &TokioClock, &Most).await;
    let records = books.records.lock().unwrap().len();
    let others = stage.calls.lock().unwrap().len();
    assert_eq!(records, others, "{}: written down before it was made", kind.name);
    (dispatched.outcome, server.requests().len(), others)
}

#[tokio::test]
async fn p2_p4_c9_c10_c11_one_message_and_no_second_after_a_clear_answer() {
    for kind in KINDS {
        for says in [Says::Taken, Says::Limit, Says::Fraud, Says::Number] {
            for reply in (kind.answers)(says) {
                let (outcome, here, elsewhere) = asked(kind, reply).await;
                assert_eq!((here, elsewhere), (1, 0), "{} {says:?}", kind.name);
                assert_eq!(outcome == Accepted, says == Says::Taken, "{} {says:?}", kind.name);
            }
        }
    }
}

#[tokio::test]
async fn p4_c6_c7_c8_c12_c14_what_was_not_sent_for_sure_goes_to_the_other() {
    for kind in KINDS {
        let mut replies = vec![Reply::Reset, Reply::json(503, ""), Reply::Bytes(b"HTTP/1.1 20".to_vec())];
        for says in [Says::Busy, Says::Wrong, Says::Failed, Says::Nameless] {
            replies.extend((kind.answers)(says));
        }
        for (n, reply) in replies.into_iter().enumerate() {
            assert_eq!(asked(kind, reply).await, (Accepted, 1, 1), "{} {n}", kind.name);
        }
    }
}

#[tokio::test]
async fn every_kind_says_what_it_carries() {
    for kind in KINDS {
        let provider = (kind.provider)("http://127.0.0.1:1");
        assert_eq!(provider.kind(), kind.name);
        for channel in [Channel::Sms, Channel::Voice] {
            assert_eq!(
                provider.carries(channel),
                kind.channels.contains(&channel),
                "{} {channel}",
                kind.name
            );
        }
    }
}
