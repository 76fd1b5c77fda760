use std::time::Duration;

use ledger::{EventQuery, ReadError, SendQuery, SendRecord, TransactionFilter};
use otp::{
    Channel, EventState, Fact, HookReceived, Purpose, ReportResult, Settler, TransactionId,
    TransactionStatus, Verdict,
};

use super::Bench;
use super::facts::*;

/// The sends of `00u1` in the ten minutes before `seconds`.
fn query(seconds: i64) -> SendQuery {
    SendQuery {
        org: org("main"),
        okta_user_id: "00u1".to_owned(),
        channel: None,
        purpose: None,
        after: at(seconds - 600),
        before: at(seconds),
    }
}

async fn find(bench: &Bench, query: &SendQuery) -> Option<TransactionId> {
    bench.ledger.find_send(query).await.unwrap().map(|send| send.transaction)
}

fn with_end(hook: &HookReceived, n: u128, status: TransactionStatus) -> [Fact; 2] {
    [Fact::HookReceived(hook.clone()), Fact::TransactionSettled(settled(n, 1, status, Settler::Dispatcher))]
}

pub(crate) async fn e7_nothing_is_found_before_the_send_is_in_the_books(bench: Bench) {
    assert_eq!(find(&bench, &query(60)).await, None);
    bench.apply(&accepted(&hook(1, 0))).await;
    assert_eq!(find(&bench, &query(60)).await, Some(tx(1)));
}

pub(crate) async fn many_events_are_matched_together(bench: Bench) {
    let other_user = HookReceived { okta_user_id: Some("00u2".to_owned()), ..hook(2, 20) };
    for hook in [hook(1, 10), other_user] {
        bench.apply(&accepted(&hook)).await;
    }
    bench.apply(&[Fact::EventReceived(event("ev-1", 1, 30))]).await;
    let sends_to = |user: &str| Some(SendQuery { okta_user_id: user.to_owned(), ..query(60) });
    let asked =
        [("ev-9", sends_to("00u2")), ("ev-1", sends_to("00u1")), ("ev-1", None), ("ev-1", sends_to("00u3"))];
    let asked = asked.map(|(uuid, send)| EventQuery { event: event_id(uuid), send });
    let found = bench.ledger.match_events(&asked).await.unwrap();
    let found: Vec<_> = found
        .into_iter()
        .map(Result::unwrap)
        .map(|it| (it.state, it.send.map(|send| send.transaction)))
        .collect();
    let queued = Some(EventState::Queued);
    assert_eq!(found, [(None, Some(tx(2))), (queued, Some(tx(1))), (queued, None), (queued, None)]);
    assert!(bench.ledger.match_events(&[]).await.unwrap().is_empty());
}

pub(crate) async fn the_newest_send_of_the_user_is_found(bench: Bench) {
    let other_user = HookReceived { okta_user_id: Some("00u2".to_owned()), ..hook(8, 50) };
    let other_org = HookReceived { org: org("other"), ..hook(9, 50) };
    for hook in [hook(2, 20), hook(3, 10), hook(1, 30), other_user, other_org] {
        bench.apply(&accepted(&hook)).await;
    }
    let found = bench.ledger.find_send(&query(60)).await.unwrap().unwrap();
    let expected = SendRecord {
        transaction: tx(1),
        channel: Some(Channel::Sms),
        purpose: Purpose::MfaVerification,
        status: TransactionStatus::Accepted,
        provider: Some("verify".to_owned()),
        provider_ref: Some("VE1".to_owned()),
        phone_sealed: Some("v1.key.1".to_owned()),
        phone_hmac: Some(hmac(1)),
        received_at: at(30),
        otp_expires_at: Some(at(330)),
        verified_at: None,
        feedback: None,
        newer_in_flight: false,
    };
    assert_eq!(found, expected);
    assert_eq!(find(&bench, &query(25)).await, Some(tx(2)), "seen from an earlier event");
    let other = SendQuery { okta_user_id: "00u3".to_owned(), ..query(60) };
    assert_eq!(find(&bench, &other).await, None);
}

pub(crate) async fn the_window_is_open_at_its_start_and_closed_at_its_end(bench: Bench) {
    bench.apply(&accepted(&hook(1, 10))).await;
    let window = |after, before| SendQuery { after: at(after), before: at(before), ..query(0) };
    assert_eq!(find(&bench, &window(9, 10)).await, Some(tx(1)));
    assert_eq!(find(&bench, &window(10, 11)).await, None);
    assert_eq!(find(&bench, &window(0, 9)).await, None);
}

pub(crate) async fn what_was_not_sent_is_never_found(bench: Bench) {
    use TransactionStatus::{Accepted, Ambiguous, Blocked, Failed, Received, Rejected};
    for status in [Failed, Rejected, Blocked, Received] {
        bench.clear().await;
        bench.apply(&with_end(&hook(1, 0), 1, status)).await;
        assert_eq!(bench.count("otp_transactions").await, 1);
        assert_eq!(find(&bench, &query(60)).await, None, "{status:?}");
    }
    for status in [Accepted, Ambiguous] {
        bench.clear().await;
        bench.apply(&with_end(&hook(1, 0), 1, status)).await;
        bench.apply(&with_end(&hook(2, 30), 2, Failed)).await;
        let found = bench.ledger.find_send(&query(60)).await.unwrap().unwrap();
        assert_eq!((found.transaction, found.status), (tx(1), status));
        assert!(!found.newer_in_flight, "the newer one has ended");
    }
}

pub(crate) async fn channel_and_purpose_narrow_the_search(bench: Bench) {
    let enrol = HookReceived { purpose: Purpose::PreEnrollment, ..hook(1, 10) };
    let call = HookReceived { channel: Some(Channel::Voice), ..hook(2, 20) };
    bench.apply(&[accepted(&enrol), accepted(&call)].concat()).await;
    let sms = SendQuery { channel: Some(Channel::Sms), ..query(60) };
    let voice = SendQuery { channel: Some(Channel::Voice), ..query(60) };
    let enrolment = SendQuery { purpose: Some(Purpose::PreEnrollment), ..query(60) };
    let unlock = SendQuery { purpose: Some(Purpose::AccountUnlock), ..query(60) };
    assert_eq!(find(&bench, &sms).await, Some(tx(1)));
    assert_eq!(find(&bench, &voice).await, Some(tx(2)));
    assert_eq!(find(&bench, &enrolment).await, Some(tx(1)));
    assert_eq!(find(&bench, &unlock).await, None);
    assert_eq!(find(&bench, &query(60)).await, Some(tx(2)));
}

pub(crate) async fn e7_a_newer_send_in_flight_is_told(bench: Bench) {
    bench.apply(&accepted(&hook(1, 0))).await;
    let newer = HookReceived { channel: Some(Channel::Voice), ..hook(2, 30) };
    bench.apply(&[Fact::HookReceived(newer)]).await;
    let in_flight = async |query: &SendQuery| {
        let found = bench.ledger.find_send(query).await.unwrap().unwrap();
        assert_eq!(found.transaction, tx(1));
        found.newer_in_flight
    };
    assert!(in_flight(&query(60)).await);
    assert!(!in_flight(&query(20)).await, "it came after the event");
    assert!(!in_flight(&SendQuery { channel: Some(Channel::Sms), ..query(60) }).await, "it is a call");
}

pub(crate) async fn what_was_reported_is_told(bench: Bench) {
    bench.apply(&accepted(&hook(1, 0))).await;
    assert_eq!(bench.ledger.feedback_for(tx(1)).await.unwrap(), None);
    let dead = reported("ev-1", 40, ReportResult::Dead, Some(1));
    let done = reported("ev-2", 50, ReportResult::Reported, Some(1));
    let elsewhere = reported("ev-3", 50, ReportResult::Reported, Some(2));
    bench.apply(&[Fact::FeedbackReported(dead), Fact::FeedbackReported(elsewhere)]).await;
    let found = bench.ledger.find_send(&query(60)).await.unwrap().unwrap();
    assert_eq!(found.feedback, Some((Verdict::Approved, ReportResult::Dead)));
    bench.apply(&[Fact::FeedbackReported(done)]).await;
    let found = bench.ledger.find_send(&query(60)).await.unwrap().unwrap();
    assert_eq!(found.feedback, Some((Verdict::Approved, ReportResult::Reported)));
    let row = bench.ledger.feedback_for(tx(1)).await.unwrap().unwrap();
    assert_eq!((row.event_uuid.as_str(), row.result), ("ev-2", ReportResult::Reported));
    assert_eq!((row.transaction_id, row.provider_ref.as_deref()), (Some(tx(1)), Some("VE1")));
}

pub(crate) async fn a_reader_may_have_a_budget(bench: Bench) {
    let hooks: Vec<Fact> = (1..=1_000).map(|n| Fact::HookReceived(hook(n, 0))).collect();
    bench.apply(&hooks).await;
    // A thousand rows take longer than the timer's millisecond.
    let many = TransactionFilter { limit: 1_000, ..TransactionFilter::default() };
    let hasty = bench.ledger.within(Duration::ZERO);
    for _ in 0..10 {
        let error = hasty.transactions(&many).await.unwrap_err();
        assert!(matches!(error, ReadError::Timeout(Duration::ZERO)) && error.is_transient(), "{error}");
    }
    let patient = hasty.within(Duration::from_secs(5));
    assert!(patient.transactions(&many).await.is_err(), "a budget only shrinks");
    assert_eq!(bench.ledger.transactions(&many).await.unwrap().len(), 1_000, "readers come back");
}

pub(crate) async fn a_word_of_another_version_is_an_error(bench: Bench) {
    bench.apply(&accepted(&hook(1, 0))).await;
    bench.meddle("UPDATE otp_transactions SET channel = 'pigeon'").await;
    let error = bench.ledger.find_send(&query(60)).await.unwrap_err();
    assert!(matches!(error, ReadError::Damaged { column: "channel" }) && !error.is_transient(), "{error}");
}
