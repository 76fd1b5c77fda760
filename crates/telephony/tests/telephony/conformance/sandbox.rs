//! What goes wrong with the simulated vendors on purpose.

use std::sync::Arc;

use otp::AttemptOutcome::*;
use otp::{Channel, FailureClass, PhoneNumber, SystemClock};
use sim::KnownNumber;
use telephony::telesign::{Product, Telesign, TelesignOptions};
use telephony::twilio::lookup::{Lookup, LookupOptions};
use telephony::twilio::messaging::{Messaging, MessagingOptions};
use telephony::twilio::verify::{Verify, VerifyOptions};
use telephony::{Level, Outgoing, Provider};

use super::simulator::{PATIENCE, PHONE, auth, everybody, messaging, send, sim, telesign, verify};
use crate::setup::{message, messaging_options, options, telesign_options};

#[tokio::test]
async fn c7_c8_c9_c10_c11_c12_every_sandbox_number_says_what_it_stands_for() {
    let sim = sim().await;
    let [verify, messaging, telesign] =
        [verify(&sim), messaging(&sim, None), telesign(&sim, Product::Omnichannel, None)];
    for (provider, number, expected) in [
        (&verify, "+15005550001", RejectedNumber),
        (&verify, "+15005550003", RejectedNumber),
        (&verify, "+15005550004", RejectedFraud),
        (&verify, "+15005550009", RejectedNumber),
        (&verify, "+15005550020", NotSent),
        (&verify, "+15005550021", RejectedLimit),
        (&verify, "+15005550022", RejectedLimit),
        (&verify, "+15005550032", Ambiguous),
        (&messaging, "+15005550001", RejectedNumber),
        (&messaging, "+15005550002", Misconfigured),
        (&messaging, "+15005550003", Misconfigured),
        (&messaging, "+15005550004", RejectedNumber),
        (&messaging, "+15005550009", RejectedNumber),
        (&messaging, "+15005550020", NotSent),
        (&messaging, "+15005550032", Ambiguous),
        (&telesign, "+15005550001", RejectedNumber),
        (&telesign, "+15005550002", Misconfigured),
        (&telesign, "+15005550003", RejectedNumber),
        (&telesign, "+15005550004", RejectedFraud),
        (&telesign, "+15005550005", RejectedFraud),
        (&telesign, "+15005550020", NotSent),
        (&telesign, "+15005550021", Misconfigured),
        (&telesign, "+15005550032", Ambiguous),
    ] {
        let report = send(provider.as_ref(), number, Channel::Sms).await;
        assert_eq!(report.outcome, expected, "{} {number}: {report:?}", provider.kind());
        assert!(sim.handset().inbox(number).is_empty(), "{} {number}", provider.kind());
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn c12_credentials_that_are_wrong_are_found_out_without_a_code() {
    let sim = sim().await;
    for provider in everybody(&sim).iter().filter(|it| it.kind() != "webhook") {
        let findings = provider.check(PATIENCE).await;
        assert!(findings.iter().all(|it| it.level != Level::Fail), "{} {findings:?}", provider.kind());
    }
    let other = TelesignOptions {
        customer_id: sim.telesign().account().customer_id.clone(),
        ..telesign_options(&sim.url(), Product::Omnichannel)
    };
    let token = VerifyOptions {
        account_sid: sim.twilio().account().account_sid.clone(),
        service_sid: sim.twilio().account().service_sid.clone(),
        ..options(&sim.url())
    };
    let account = MessagingOptions {
        account_sid: sim.messaging().account().account_sid.clone(),
        ..messaging_options(&sim.url())
    };
    let wrong: [Arc<dyn Provider>; 3] = [
        Arc::new(Telesign::new(other).unwrap()),
        Arc::new(Verify::new(token).unwrap()),
        Arc::new(Messaging::new(account).unwrap()),
    ];
    for provider in wrong {
        let findings = provider.check(PATIENCE).await;
        assert!(findings.iter().any(|it| it.level == Level::Fail), "{} {findings:?}", provider.kind());
        let report = send(provider.as_ref(), PHONE, Channel::Sms).await;
        assert_eq!(report.outcome, Misconfigured, "{} {report:?}", provider.kind());
    }
    assert!(sim.handset().phones().is_empty());
    sim.shutdown().await;
}

#[tokio::test]
async fn numbers_are_looked_up() {
    let sim = sim().await;
    sim.lookup().know(KnownNumber::new("+1202555019", "landline", 7));
    sim.lookup().know(KnownNumber::new("+12025550166", "mobile", 99));
    let options = LookupOptions {
        account_sid: sim.lookup().account().account_sid.clone(),
        auth: auth(&sim),
        base_url: sim.url().parse().unwrap(),
        budget: PATIENCE,
        ttl: PATIENCE,
        refuse_landlines: true,
        most_risk: 75,
    };
    let lookup = Arc::new(Lookup::new(options, Arc::new(SystemClock)).unwrap());
    for (number, expected) in [
        (PHONE, None),
        ("+12025550199", Some(FailureClass::RejectedNumber)),
        ("+12025550166", Some(FailureClass::RejectedFraud)),
        (PHONE, None),
    ] {
        let message = Outgoing { to: PhoneNumber::parse(number, None).unwrap(), ..message() };
        assert_eq!(lookup.vet(&message).await, expected, "{number}");
    }
    assert_eq!(sim.lookup().sends().len(), 3, "each of them once");
    sim.shutdown().await;
}
