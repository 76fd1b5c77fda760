//! What goes right.

use otp::AttemptOutcome::Accepted;
use otp::{Channel, Verdict};
use telephony::{Hints, Outgoing, ReportError, Subject};

use super::kinds::{KINDS, Says};
use crate::server::{Server, head};
use crate::setup::{budget, message};

#[tokio::test]
async fn every_kind_sends_by_every_way_it_carries() {
    for kind in KINDS {
        for channel in kind.channels {
            let says = if *channel == Channel::Sms { Says::Taken } else { Says::Calling };
            for reply in (kind.answers)(says) {
                let server = Server::start([reply]).await;
                let message = Outgoing { channel: *channel, ..message() };
                let report = (kind.provider)(&server.url).send(&message, Hints::default(), budget()).await;
                assert_eq!((report.outcome, report.cause), (Accepted, None), "{} {channel}", kind.name);
                assert!(report.provider_ref.is_some(), "{} {channel}: somebody can point at it", kind.name);
                let request = server.requests().remove(0);
                assert!(head(&request).starts_with("POST /"), "{}", kind.name);
                let user = format!("user-agent: ringback/{}", env!("CARGO_PKG_VERSION"));
                assert!(head(&request).contains(&user) && !head(&request).contains("accept-encoding"));
                let code = request.contains("019284") || request.contains("0%2C+1%2C+9%2C+2%2C+8%2C+4");
                assert!(code, "{} {channel}: {request}", kind.name);
                assert!(!head(&request).contains("5555550101"), "no number in what proxies log: {request}");
            }
        }
    }
}

#[tokio::test]
async fn s17_what_is_no_reference_of_theirs_goes_nowhere() {
    for kind in KINDS.iter().filter(|kind| kind.name != "webhook") {
        let server = Server::start([]).await;
        let provider = (kind.provider)(&server.url);
        for odd in ["", "../../Services", "SM?x=y", "a b", "%2e%2e"] {
            let timeout = std::time::Duration::from_secs(30);
            let reported = provider.report(Subject::Reference(odd), Verdict::Approved, timeout).await;
            let refused = matches!(reported, Err(ReportError::Refused | ReportError::Unsupported));
            assert!(refused, "{} {odd:?}: {reported:?}", kind.name);
        }
        assert!(server.requests().is_empty(), "{}", kind.name);
    }
}
