//! Verify: a locale it does not have answers 404, and so does a service that is not there.

use otp::AttemptOutcome::*;
use otp::SystemClock;
use telephony::{Dispatched, Dispatcher, Hints, Outgoing, Provider, Remedy};

use crate::server::{Reply, Server};
use crate::setup::{Books, Most, alone, budget, in_time, message, verify};

fn french() -> Outgoing {
    Outgoing { locale: Some("fr-CA".to_owned()), ..message() }
}

fn missing() -> Reply {
    Reply::sample(404, "verify-error-20404-service.json")
}

async fn dispatch(dispatcher: &Dispatcher, message: &Outgoing) -> (Dispatched, Books) {
    let books = Books::default();
    let plan = dispatcher.plan(message).unwrap();
    (plan.dispatch(message, in_time(&SystemClock), &books, &SystemClock, &Most).await, books)
}

#[tokio::test]
async fn c12_without_its_locale_the_message_goes_out_in_exactly_two_calls() {
    let server = Server::start([
        missing(),
        Reply::sample(201, "verify-create-sms.json"),
        Reply::sample(201, "verify-create-sms-2nd-attempt.json"),
    ])
    .await;
    let dispatcher = alone(verify(&server.url));
    let (dispatched, books) = dispatch(&dispatcher, &french()).await;
    assert_eq!((dispatched.outcome, dispatched.last.n), (Accepted, 2));
    assert_eq!(books.records.lock().unwrap().len(), 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].contains("&Locale=fr&") && !requests[1].contains("Locale"));

    let (dispatched, _) = dispatch(&dispatcher, &french()).await;
    assert_eq!((dispatched.outcome, dispatched.last.n), (Accepted, 1), "the locale is not asked for again");
    assert!(!server.requests()[2].contains("Locale"));
}

#[tokio::test]
async fn c12_a_missing_service_is_found_out_and_then_fails_over_at_once() {
    let script = [missing(), missing(), missing(), Reply::sample(201, "verify-create-sms.json"), missing()];
    let server = Server::start(script).await;
    let provider = verify(&server.url);
    let locale = Some(Remedy::WithoutLocale);
    let without = Hints { without_locale: true };
    for (id, hints, outcome, remedy) in [
        ("perhaps the locale", Hints::default(), Misconfigured, locale),
        ("not the locale", without, Misconfigured, None),
        ("so it is not blamed any more", Hints::default(), Misconfigured, None),
        ("the service is back", Hints::default(), Accepted, None),
        ("and the locale is a suspect again", Hints::default(), Misconfigured, locale),
    ] {
        let report = provider.send(&french(), hints, budget()).await;
        assert_eq!((report.outcome, report.remedy), (outcome, remedy), "{id}");
    }
}

#[tokio::test]
async fn c12_a_locale_named_as_invalid_is_left_out_too() {
    let server =
        Server::start([Reply::json(400, r#"{"code":60200,"message":"Invalid parameter: Locale"}"#)]).await;
    let report = verify(&server.url).send(&french(), Hints::default(), budget()).await;
    assert_eq!((report.outcome, report.remedy), (Misconfigured, Some(Remedy::WithoutLocale)));
}
