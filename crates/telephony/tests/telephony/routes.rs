//! Which providers a message may go through.

use std::sync::Arc;

use otp::AttemptOutcome::Accepted;
use otp::{Channel, OrgName, PhoneNumber, Purpose};
use telephony::{
    Choice, Destination, Dispatcher, Explanation, Mismatch, Outgoing, Policy, Route, RoutingError,
};

use crate::scripted::{Stage, always, send};
use crate::setup::{TokioClock, message};

/// `both`, `texts` (no calls), `calls` (no texts).
fn dispatcher(stage: &Stage) -> Dispatcher {
    let providers = vec![
        stage.provider("both", always(Accepted, 1)),
        stage.provider_by("texts", vec![Channel::Sms], always(Accepted, 1)),
        stage.provider_by("calls", vec![Channel::Voice], always(Accepted, 1)),
    ];
    Dispatcher::new(providers, Policy::default(), Arc::new(TokioClock)).unwrap()
}

fn to(providers: &[&str]) -> Route {
    Route { providers: providers.iter().map(|name| (*name).to_owned()).collect(), ..Route::default() }
}

fn french() -> PhoneNumber {
    PhoneNumber::parse("+33612345678", None).unwrap()
}

/// The five routes of these tests.
fn routes() -> Vec<Route> {
    let bank = OrgName::new("bank").unwrap();
    vec![
        Route { org: Some(bank), channels: vec![Channel::Voice], ..to(&["calls"]) },
        Route { countries: vec!["FR".parse().unwrap(), "DE".parse().unwrap()], ..to(&["texts", "both"]) },
        Route { channels: vec![Channel::Voice], ..to(&["texts", "calls", "both"]) },
        Route { purposes: vec![Purpose::PasswordReset, Purpose::AccountUnlock], ..to(&["both", "texts"]) },
        Route { purposes: vec![Purpose::MfaVerification], ..to(&["texts"]) },
    ]
}

#[tokio::test(start_paused = true)]
async fn the_first_route_that_fits_decides() {
    let plain = message;
    let bank = || OrgName::new("bank").unwrap();
    let voice = || Outgoing { channel: Channel::Voice, ..message() };
    let reset = Outgoing { purpose: Purpose::PasswordReset, ..message() };
    let enrol = || Outgoing { purpose: Purpose::PreEnrollment, ..message() };
    for (id, message, expected) in [
        ("org and channel", Outgoing { org: bank(), ..voice() }, Some("calls")),
        ("that org's texts", Outgoing { org: bank(), ..plain() }, Some("texts")),
        ("country", Outgoing { to: french(), ..enrol() }, Some("texts")),
        ("country, and what cannot call is left out", Outgoing { to: french(), ..voice() }, Some("both")),
        ("channel, and what cannot call is left out", voice(), Some("calls")),
        ("purpose", reset, Some("both")),
        ("another purpose", plain(), Some("texts")),
        ("none fits", enrol(), None),
    ] {
        let stage = Stage::new();
        let dispatcher = dispatcher(&stage).with_routes(routes()).unwrap();
        let plan = dispatcher.plan(&message);
        assert_eq!(plan.as_ref().map(telephony::Plan::first), expected, "{id}");
        drop(plan);
        if let Some(expected) = expected {
            assert_eq!(send(&dispatcher, &message).await.provider, expected, "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_to_nobody_who_can_is_no_plan() {
    let stage = Stage::new();
    for route in [to(&["texts"]), to(&[])] {
        let dispatcher = dispatcher(&stage).with_routes(vec![route, to(&["both"])]).unwrap();
        let call = Outgoing { channel: Channel::Voice, ..message() };
        assert!(dispatcher.plan(&call).is_none(), "the next route is another matter");
    }
}

#[tokio::test(start_paused = true)]
async fn without_routes_everybody_who_can_is_asked_in_order() {
    let stage = Stage::new();
    let dispatcher = dispatcher(&stage).with_routes(Vec::new()).unwrap();
    let call = Outgoing { channel: Channel::Voice, ..message() };
    assert_eq!(dispatcher.plan(&message()).unwrap().first(), "both");
    dispatcher.breakers().force("both", Some(telephony::Override::Open));
    assert_eq!(dispatcher.plan(&message()).unwrap().first(), "texts");
    assert_eq!(dispatcher.plan(&call).unwrap().first(), "calls");
}

#[tokio::test(start_paused = true)]
async fn a_route_to_a_provider_that_is_not_there_is_refused() {
    let stage = Stage::new();
    let refused = dispatcher(&stage).with_routes(vec![to(&["both"]), to(&["texts", "nobody"])]).err();
    assert_eq!(refused, Some(RoutingError::UnknownProvider("nobody".to_owned())));
    assert_eq!(
        refused.map(|error| error.to_string()).as_deref(),
        Some(r#"a route names the provider "nobody", which is not there"#)
    );
}

#[tokio::test(start_paused = true)]
async fn the_routing_is_explained() {
    let stage = Stage::new();
    let dispatcher = dispatcher(&stage).with_routes(routes()).unwrap();
    let choice = |name: &str, carries| Choice { name: name.to_owned(), kind: "scripted", carries };
    let explain = |message: &Outgoing| dispatcher.explain(&Destination::of(message));

    let call = Outgoing { channel: Channel::Voice, ..message() };
    assert_eq!(
        explain(&call),
        Explanation {
            passed: vec![Mismatch::Org, Mismatch::Country],
            route: Some(2),
            without_routes: false,
            providers: vec![choice("texts", false), choice("calls", true), choice("both", true)],
        }
    );
    let enrol = Outgoing { purpose: Purpose::PreEnrollment, org: OrgName::new("bank").unwrap(), ..message() };
    assert_eq!(
        explain(&enrol),
        Explanation {
            passed: vec![
                Mismatch::Channel,
                Mismatch::Country,
                Mismatch::Channel,
                Mismatch::Purpose,
                Mismatch::Purpose
            ],
            route: None,
            without_routes: false,
            providers: Vec::new(),
        }
    );
    let without = self::dispatcher(&stage).explain(&Destination::of(&message()));
    assert!(without.without_routes && without.route.is_none() && without.passed.is_empty());
    assert_eq!(
        without.providers,
        [choice("both", true), choice("texts", true), choice("calls", false)],
        "carried or not, all are shown"
    );
}
