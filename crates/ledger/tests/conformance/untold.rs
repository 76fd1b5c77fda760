use ledger::{UntoldQuery, UntoldSend};
use otp::{
    AttemptEnded, AttemptOutcome, EventSettled, EventState, Fact, FeedbackReported, HookReceived,
    ReportResult, Settler, TransactionSettled, TransactionStatus,
};

use super::Bench;
use super::facts::*;

/// A call that `provider` took below `reference`.
fn taken(n: u128, call: u8, provider: &str, reference: &str) -> Fact {
    Fact::AttemptEnded(AttemptEnded {
        provider: provider.to_owned(),
        provider_ref: Some(reference.to_owned()),
        ..ended(n, call, i64::from(call), AttemptOutcome::Accepted)
    })
}

/// A transaction that ended below `reference`; its code lives so many seconds.
fn sent(n: u128, seconds: i64, life: Option<i64>, reference: &str) -> [Fact; 2] {
    let received = HookReceived { otp_expires_at: life.map(|life| at(seconds + life)), ..hook(n, seconds) };
    let settled = TransactionSettled {
        provider_ref: Some(reference.to_owned()),
        ..settled(n, seconds + 1, TransactionStatus::Accepted, Settler::Dispatcher)
    };
    [Fact::HookReceived(received), Fact::TransactionSettled(settled)]
}

/// Its code was entered, as this event says.
fn entered(n: u128, uuid: &str) -> [Fact; 2] {
    let settled =
        EventSettled { verified_at: Some(at(9)), ..event_settled(uuid, 10, EventState::Done, Some(n)) };
    [Fact::EventReceived(event(uuid, 1, 9)), Fact::EventSettled(settled)]
}

fn told(uuid: &str, n: u128, reference: &str) -> Fact {
    Fact::FeedbackReported(FeedbackReported {
        provider_ref: Some(reference.to_owned()),
        ..reported(uuid, 11, ReportResult::Reported, Some(n))
    })
}

pub(crate) async fn p6_the_second_message_of_a_login_is_to_be_told(bench: Bench) {
    // 1 was entered and went out twice, 2 went out twice and was not entered, 3 was entered and went out once.
    for (n, references) in [(1, ["VE1", "SM1"]), (2, ["VE2", "SM2"])] {
        bench.apply(&sent(n, 0, None, references[1])).await;
        bench.apply(&[taken(n, 1, "a", references[0]), taken(n, 2, "b", references[1])]).await;
    }
    bench.apply(&sent(3, 0, None, "VE3")).await;
    bench.apply(&[taken(3, 1, "a", "VE3")]).await;
    assert_eq!(bench.ledger.second_messages(at(-60), 10).await.unwrap(), []);
    bench.apply(&entered(1, "ev1")).await;
    bench.apply(&entered(3, "ev3")).await;
    let send = |provider: &str, reference: &str| UntoldSend {
        transaction: tx(1),
        org: hook(1, 0).org,
        event_uuid: Some("ev1".to_owned()),
        provider: provider.to_owned(),
        provider_ref: reference.to_owned(),
    };
    let found = bench.ledger.second_messages(at(-60), 10).await.unwrap();
    assert_eq!(found, [send("a", "VE1"), send("b", "SM1")]);
    assert_eq!(bench.ledger.second_messages(at(-60), 1).await.unwrap().len(), 1);
    assert_eq!(bench.ledger.second_messages(at(60), 10).await.unwrap(), [], "too long ago");
    bench.apply(&[told("ev1", 1, "SM1")]).await;
    assert_eq!(bench.ledger.second_messages(at(-60), 10).await.unwrap(), [send("a", "VE1")]);
    bench.apply(&[told("ev1", 1, "VE1")]).await;
    assert_eq!(bench.ledger.second_messages(at(-60), 10).await.unwrap(), []);
}

pub(crate) async fn p6_what_nobody_entered_is_known_when_it_is_over(bench: Bench) {
    let over = |seconds: i64| UntoldQuery { received_after: at(-600), over_at: at(seconds), limit: 10 };
    let found = async |seconds: i64| -> Vec<_> {
        let sends = bench.ledger.abandoned(&over(seconds)).await.unwrap();
        assert!(sends.iter().all(|send| send.event_uuid.is_none() && send.provider == "verify"));
        sends.into_iter().map(|send| (send.transaction, send.provider_ref)).collect()
    };
    let one = |n: u128, reference: &str| (tx(n), reference.to_owned());
    bench.apply(&sent(1, 0, Some(100), "VE1")).await;
    bench.apply(&sent(2, 0, None, "VE2")).await;
    // Two codes of one verification.
    bench.apply(&sent(3, 0, Some(100), "VE3")).await;
    bench.apply(&sent(4, 50, Some(100), "VE3")).await;
    // Entered.
    bench.apply(&sent(5, 0, Some(100), "VE5")).await;
    bench.apply(&entered(5, "ev5")).await;
    assert_eq!(found(99).await, []);
    assert_eq!(found(100).await, [one(1, "VE1")]);
    assert_eq!(found(150).await, [one(1, "VE1"), one(3, "VE3"), one(4, "VE3")]);
    assert_eq!(found(299).await.len(), 3);
    assert_eq!(found(300).await[1], one(2, "VE2"), "five minutes, where Okta does not say");
    let late = UntoldQuery { received_after: at(1), ..over(300) };
    assert_eq!(bench.ledger.abandoned(&late).await.unwrap().len(), 1, "only those after");
    bench.apply(&[told("", 3, "VE3")]).await;
    assert_eq!(found(300).await, [one(1, "VE1"), one(2, "VE2")]);
}
