//! The same kinds against simulators that were written from the vendors' contracts and share no type with them.

use std::sync::Arc;
use std::time::Duration;

use otp::AttemptOutcome::*;
use otp::{Channel, Clock, PhoneNumber, SystemClock, Verdict};
use sim::{Options, Sim};
use telephony::telesign::{Product, Telesign, TelesignOptions};
use telephony::twilio::Auth;
use telephony::twilio::messaging::{Messaging, MessagingOptions};
use telephony::twilio::verify::{Verify, VerifyOptions};
use telephony::webhook::Webhook;
use telephony::{AttemptReport, Found, Hints, Outgoing, Provider, Sought, Subject};

use crate::setup::{budget, message, messaging_options, options, telesign_options, webhook_options};

pub const PATIENCE: Duration = Duration::from_secs(30);
pub const PHONE: &str = "+12025550101";

pub async fn sim() -> Sim {
    Sim::start(Options::default()).await.unwrap()
}

pub fn auth(sim: &Sim) -> Auth {
    Auth::Token(sim.twilio().account().auth_token.clone().into())
}

pub fn verify(sim: &Sim) -> Arc<dyn Provider> {
    let account = sim.twilio().account();
    let options = VerifyOptions {
        account_sid: account.account_sid.clone(),
        auth: auth(sim),
        service_sid: account.service_sid.clone(),
        signing_token: Some(account.auth_token.clone().into()),
        ..options(&sim.url())
    };
    Arc::new(Verify::new(options).unwrap())
}

/// One that asks for statuses at `callback`.
pub fn messaging(sim: &Sim, callback: Option<&str>) -> Arc<dyn Provider> {
    let account = sim.messaging().account();
    let options = MessagingOptions {
        account_sid: account.account_sid.clone(),
        auth: auth(sim),
        from: account.from.first().cloned(),
        status_callback: callback.map(|url| url.parse().unwrap()),
        signing_token: Some(account.auth_token.clone().into()),
        ..messaging_options(&sim.url())
    };
    Arc::new(Messaging::new(options).unwrap())
}

/// One that asks for statuses at `callback`.
pub fn telesign(sim: &Sim, product: Product, callback: Option<&str>) -> Arc<dyn Provider> {
    let account = sim.telesign().account();
    let options = TelesignOptions {
        customer_id: account.customer_id.clone(),
        api_key: account.api_key.clone().into(),
        callback_url: callback.map(|url| url.parse().unwrap()),
        ..telesign_options(&sim.url(), product)
    };
    Arc::new(Telesign::new(options).unwrap())
}

const PRODUCTS: [Product; 3] = [Product::Omnichannel, Product::SmsVerify, Product::Messaging];

pub fn everybody(sim: &Sim) -> Vec<Arc<dyn Provider>> {
    let mut all = vec![verify(sim), messaging(sim, None)];
    all.extend(PRODUCTS.map(|product| telesign(sim, product, None)));
    all.push(Arc::new(Webhook::new(webhook_options(&sim.url())).unwrap()));
    all
}

pub async fn send(provider: &dyn Provider, to: &str, channel: Channel) -> AttemptReport {
    let to = PhoneNumber::parse(to, None).unwrap();
    let message = Outgoing { to, channel, locale: Some("EN-US".to_owned()), ..message() };
    provider.send(&message, Hints::default(), budget()).await
}

#[tokio::test]
async fn every_kinds_code_reaches_the_handset_by_every_way_it_carries() {
    for n in 0..6 {
        let sim = sim().await;
        let provider = everybody(&sim).remove(n);
        let ways: Vec<_> =
            [Channel::Sms, Channel::Voice].into_iter().filter(|way| provider.carries(*way)).collect();
        for (sent, channel) in (1..).zip(&ways) {
            let report = send(provider.as_ref(), PHONE, *channel).await;
            assert_eq!(report.outcome, Accepted, "{} {channel}: {report:?}", provider.kind());
            assert!(report.provider_ref.is_some());
            let inbox = sim.handset().wait_for(PHONE, sent, PATIENCE).await.unwrap();
            let last = inbox.last().unwrap();
            assert_eq!((inbox.len(), last.code.as_str()), (sent, "019284"), "{} {channel}", provider.kind());
            let way = if *channel == Channel::Sms { "sms" } else { "call" };
            assert_eq!(last.channel, way, "{}", provider.kind());
        }
        sim.shutdown().await;
    }
}

#[tokio::test]
async fn e3_every_kind_that_takes_reports_takes_one() {
    let sim = sim().await;
    for provider in everybody(&sim) {
        let report = send(provider.as_ref(), PHONE, Channel::Sms).await;
        let reference = report.provider_ref.unwrap();
        let subject = Subject::Reference(&reference);
        let reported = provider.report(subject, Verdict::Approved, PATIENCE).await;
        assert_eq!(reported.is_ok(), provider.reports(), "{} {reported:?}", provider.kind());
        match (provider.kind(), provider.reports()) {
            ("twilio-verify", _) => assert!(sim.twilio().approved(&reference)),
            ("twilio-messaging", _) => {
                let last = sim.messaging().reports().pop().unwrap();
                assert_eq!((last.message_sid, last.outcome.as_str()), (Some(reference), "confirmed"));
            }
            ("telesign", true) => {
                assert_eq!(sim.telesign().reports().pop().unwrap().reference_id, Some(reference));
            }
            ("webhook", _) => assert_eq!(sim.webhook().reports()[0].path, format!("report/{reference}")),
            _ => {}
        }
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn e3_a_verification_is_approved_by_number_too_and_then_gone() {
    let sim = sim().await;
    let provider = verify(&sim);
    let reference = send(provider.as_ref(), PHONE, Channel::Sms).await.provider_ref.unwrap();
    let phone = PhoneNumber::parse(PHONE, None).unwrap();
    let now = SystemClock.now().checked_add(PATIENCE).unwrap();
    assert_eq!(provider.open(&phone, now, PATIENCE).await, Ok(reference.clone()));
    assert!(provider.report(Subject::Phone(&phone), Verdict::Approved, PATIENCE).await.is_ok());
    assert!(sim.twilio().approved(&reference));
    let again = provider.report(Subject::Reference(&reference), Verdict::Approved, PATIENCE).await;
    assert_eq!(again, Err(telephony::ReportError::Gone));
    sim.shutdown().await;
}

/// What became of a message that a fault struck, and what is found of it afterwards.
async fn looked_up(provider: &dyn Provider, to: &str, channel: Channel) -> (AttemptReport, Found) {
    let started_at = SystemClock.now();
    let report = send(provider, to, channel).await;
    let to = PhoneNumber::parse(to, None).unwrap();
    let sought = Sought { to: &to, channel, started_at, ended_at: SystemClock.now(), except: &[] };
    (report, provider.find(sought, PATIENCE).await.unwrap())
}

#[tokio::test]
async fn c4_c5_c6_what_was_taken_is_found_and_what_was_not_is_not() {
    let sim = sim().await;
    for provider in [verify(&sim), messaging(&sim, None)] {
        for channel in [Channel::Sms, Channel::Voice] {
            let (report, found) = looked_up(provider.as_ref(), PHONE, channel).await;
            let (provider_ref, attempt_ref) = (report.provider_ref.unwrap(), report.attempt_ref);
            assert_eq!(found, Found::Taken { provider_ref, attempt_ref }, "{} {channel}", provider.kind());

            let (report, found) = looked_up(provider.as_ref(), "+15005550040", channel).await;
            assert_eq!((report.outcome, report.provider_ref), (Ambiguous, None), "reset after it was taken");
            assert!(matches!(found, Found::Taken { .. }), "{} {channel} {found:?}", provider.kind());

            let (report, found) = looked_up(provider.as_ref(), "+15005550030", channel).await;
            assert_eq!((report.outcome, found), (Ambiguous, Found::NotTaken), "a 500 and nothing taken");
        }
        // The same number, an hour before.
        let to = PhoneNumber::parse(PHONE, None).unwrap();
        let before = SystemClock.now().checked_sub(Duration::from_secs(3_600)).unwrap();
        let sought =
            Sought { to: &to, channel: Channel::Sms, started_at: before, ended_at: before, except: &[] };
        assert_eq!(provider.find(sought, PATIENCE).await, Ok(Found::NotTaken), "{}", provider.kind());
    }
    sim.shutdown().await;
}
