use std::time::Duration;

use ledger::UnattributedQuery;
use otp::{
    Channel, EventReceived, EventSettled, EventState, Fact, FeedbackReported, HookReceived, OktaEvent,
    Purpose, Reading, ReportResult,
};

use super::Bench;
use super::facts::*;

const LIFE: Duration = Duration::from_secs(600);

/// The uuids of events after `seconds` that ended without their sends.
async fn found(bench: &Bench, seconds: i64) -> Vec<String> {
    let query = UnattributedQuery { received_after: at(seconds), life: LIFE, limit: 10 };
    let events = bench.ledger.unattributed(&query).await.unwrap();
    events.into_iter().map(|event| event.end.event.uuid).collect()
}

fn of_user(user: &str, event: EventReceived) -> EventReceived {
    let okta_user_id = Some(user.to_owned());
    EventReceived { event: OktaEvent { okta_user_id, ..event.event }, ..event }
}

/// An event of `user` that ended so, without a send.
fn over(uuid: &str, user: &str, seconds: i64, state: EventState) -> [Fact; 2] {
    let received = of_user(user, event(uuid, 1, seconds));
    [Fact::EventReceived(received), Fact::EventSettled(event_settled(uuid, seconds + 1, state, None))]
}

/// A code for `user` that went out, by this channel and for this purpose.
fn sent(n: u128, user: &str, seconds: i64, channel: Channel, purpose: Purpose) -> Vec<Fact> {
    let okta_user_id = Some(user.to_owned());
    accepted(&HookReceived { okta_user_id, channel: Some(channel), purpose, ..hook(n, seconds) })
}

pub(crate) async fn p6_an_event_whose_send_came_later_is_found_until_it_is_attributed(bench: Bench) {
    bench.apply(&over("ev1", "00u1", 20, EventState::Done)).await;
    assert_eq!(found(&bench, 0).await, Vec::<String>::new(), "no send yet");
    bench.apply(&sent(1, "00u1", 10, Channel::Sms, Purpose::MfaVerification)).await;
    assert_eq!(found(&bench, 0).await, ["ev1"]);
    assert_eq!(found(&bench, 20).await, Vec::<String>::new(), "not so far back");
    let query = UnattributedQuery { received_after: at(0), life: LIFE, limit: 10 };
    let event = bench.ledger.unattributed(&query).await.unwrap().remove(0);
    assert_eq!((event.okta_user_id.as_str(), event.channel), ("00u1", Some(Channel::Sms)));
    assert_eq!((event.reading, event.published_at), (Reading::CodeAccepted, at(19)));
    assert_eq!(event.end, event_settled("ev1", 21, EventState::Done, None));
    assert_eq!(event.reported_ref, None);
    let told = FeedbackReported {
        provider_ref: Some("VE7".to_owned()),
        ..reported("ev1", 21, ReportResult::Reported, None)
    };
    bench.apply(&[Fact::FeedbackReported(told)]).await;
    let event = bench.ledger.unattributed(&query).await.unwrap().remove(0);
    assert_eq!(event.reported_ref.as_deref(), Some("VE7"), "what was open for the number");

    // The same word, and now with its transaction.
    let end = EventSettled { transaction: Some(tx(1)), verified_at: Some(at(19)), ..event.end };
    bench.apply(&[Fact::EventSettled(end)]).await;
    assert_eq!(found(&bench, 0).await, Vec::<String>::new());
    let known = bench.ledger.event(None, "ev1").await.unwrap().remove(0);
    assert_eq!((known.event.state, known.event.transaction_id), (EventState::Done, Some(tx(1))));
    let transaction = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    assert_eq!(transaction.transaction.verified_at, Some(at(19)));
}

pub(crate) async fn p6_only_a_send_that_may_be_meant_makes_an_event_unattributed(bench: Bench) {
    use Channel::{Sms, Voice};
    use Purpose::{MfaVerification, PreEnrollment, Unknown};
    for (n, (user, seconds, channel, purpose)) in (1u128..).zip([
        ("meant", 10, Sms, MfaVerification),
        ("other channel", 10, Voice, MfaVerification),
        ("after it", 30, Sms, MfaVerification),
        ("long before it", 20 - 1 - 601, Sms, MfaVerification),
        ("enrolled", 10, Voice, PreEnrollment),
        ("enrolled, unsaid", 10, Sms, Unknown),
        ("enrolled meanwhile", 10, Sms, MfaVerification),
    ]) {
        bench.apply(&sent(n, user, seconds, channel, purpose)).await;
        let [received, settled] = over(user, user, 20, EventState::NoMatch);
        let received = match received {
            Fact::EventReceived(received) if user.starts_with("enrolled") => {
                let reading = Reading::PhoneEnrolled;
                Fact::EventReceived(EventReceived {
                    event: OktaEvent { reading, ..received.event },
                    ..received
                })
            }
            received => received,
        };
        bench.apply(&[received, settled]).await;
    }
    assert_eq!(found(&bench, 0).await, ["enrolled", "enrolled, unsaid", "meant"]);

    // What is still worked on, was given up or asks for nothing is left alone.
    for (uuid, state) in [("queued", EventState::Queued), ("dead", EventState::Dead)] {
        bench.apply(&over(uuid, "meant", 20, state)).await;
    }
    let nothing = of_user("meant", event("nothing", 1, 20));
    let nothing =
        EventReceived { event: OktaEvent { reading: Reading::Nothing, ..nothing.event }, ..nothing };
    bench.apply(&[Fact::EventReceived(nothing)]).await;
    assert_eq!(found(&bench, 0).await, ["enrolled", "enrolled, unsaid", "meant"]);
    // Nor is there anything to find when the code is known to have been entered.
    let told = event_settled("another", 22, EventState::Done, Some(1));
    bench.apply(&[Fact::EventSettled(EventSettled { verified_at: Some(at(19)), ..told })]).await;
    assert_eq!(found(&bench, 0).await, ["enrolled", "enrolled, unsaid"]);
}
