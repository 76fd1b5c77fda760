use ledger::{EarlierHook, TransactionFilter, UnresolvedQuery, UnresolvedSend};
use otp::{
    Answer, AttemptEnded, AttemptOutcome, Channel, Fact, FailureClass, HookAnswered, ReceiptReceived,
    Settler, TransactionSettled, TransactionStatus,
};

use super::Bench;
use super::facts::*;
use super::order::permutations;

/// All of the tests' first hours.
fn all() -> UnresolvedQuery {
    UnresolvedQuery { started_after: at(-1), started_before: at(10_000), after: None, limit: 100 }
}

async fn found(bench: &Bench, query: UnresolvedQuery) -> Vec<UnresolvedSend> {
    bench.ledger.unresolved_sends(&query).await.unwrap()
}

/// A call of which nobody knows: it has no references.
fn unknown(n: u128, call: u8, seconds: i64) -> AttemptEnded {
    AttemptEnded {
        http_status: None,
        provider_ref: None,
        attempt_ref: None,
        ..ended(n, call, seconds, AttemptOutcome::Ambiguous)
    }
}

/// What the dispatcher or recovery says of a transaction nobody knows of.
fn ambiguous(n: u128, seconds: i64, why: FailureClass, by: Settler) -> TransactionSettled {
    TransactionSettled {
        failure_class: Some(why),
        provider_ref: None,
        ..settled(n, seconds, TransactionStatus::Ambiguous, by)
    }
}

/// What the reconciler says of one that the provider does not have.
fn not_accepted(n: u128, seconds: i64) -> TransactionSettled {
    TransactionSettled {
        failure_class: Some(FailureClass::NotAccepted),
        provider_ref: None,
        ..settled(n, seconds, TransactionStatus::Failed, Settler::Reconciler)
    }
}

pub(crate) async fn c4_c5_an_unresolved_send_comes_with_what_is_needed_to_ask(bench: Bench) {
    assert_eq!(found(&bench, all()).await, []);
    let call =
        AttemptEnded { http_status: Some(502), provider_code: Some("20500".to_owned()), ..unknown(1, 1, 5) };
    bench
        .apply(&[
            Fact::HookReceived(hook(1, 4)),
            Fact::AttemptStarted(started(1, 1, 5)),
            Fact::AttemptEnded(call),
            Fact::TransactionSettled(ambiguous(1, 6, FailureClass::Ambiguous, Settler::Dispatcher)),
        ])
        .await;
    let send = UnresolvedSend {
        transaction: tx(1),
        n: 1,
        provider: "verify".to_owned(),
        started_at: at(5),
        ended_at: at(6),
        http_status: Some(502),
        provider_code: Some("20500".to_owned()),
        org: Some(org("main")),
        channel: Some(Channel::Sms),
        phone_sealed: Some("v1.key.1".to_owned()),
        phone_hmac: Some(hmac(1)),
        status: TransactionStatus::Ambiguous,
        otp_expires_at: Some(at(304)),
        received_at: Some(at(4)),
        receipt: None,
    };
    assert_eq!(found(&bench, all()).await, [send]);
}

pub(crate) async fn c4_c5_only_ambiguous_calls_are_unresolved(bench: Bench) {
    bench.apply(&accepted(&hook(1, 0))).await;
    bench
        .apply(&[
            // Begun, and perhaps under way.
            Fact::AttemptStarted(started(2, 1, 1)),
            Fact::AttemptEnded(ended(3, 1, 2, AttemptOutcome::NotSent)),
            // Its hook is not in the books.
            Fact::AttemptEnded(unknown(4, 1, 3)),
            // A failover after it was accepted.
            Fact::HookReceived(hook(5, 0)),
            Fact::AttemptEnded(unknown(5, 1, 4)),
            Fact::AttemptEnded(AttemptEnded {
                provider: "backup".to_owned(),
                ..ended(5, 2, 5, AttemptOutcome::Accepted)
            }),
            Fact::TransactionSettled(settled(5, 6, TransactionStatus::Accepted, Settler::Dispatcher)),
        ])
        .await;
    let sends = found(&bench, all()).await;
    let short: Vec<_> =
        sends.iter().map(|send| (send.transaction, send.n, send.status, send.org.is_some())).collect();
    assert_eq!(
        short,
        [(tx(4), 1, TransactionStatus::Received, false), (tx(5), 1, TransactionStatus::Accepted, true),]
    );
    assert_eq!((sends[0].received_at, &sends[0].phone_sealed), (None, &None));
    // What recovery says of the one that was under way.
    bench.apply(&[Fact::AttemptEnded(unknown(2, 1, 1))]).await;
    assert_eq!(found(&bench, all()).await[0].transaction, tx(2));
}

pub(crate) async fn c5_what_is_attributed_below_a_reference(bench: Bench) {
    let below = |n: u128, attempt: Option<&str>| {
        let ended = AttemptEnded {
            provider_ref: Some("VE1".to_owned()),
            attempt_ref: attempt.map(str::to_owned),
            ..ended(n, 1, 5, AttemptOutcome::Accepted)
        };
        let settled = TransactionSettled {
            provider_ref: Some("VE1".to_owned()),
            ..settled(n, 6, TransactionStatus::Accepted, Settler::Dispatcher)
        };
        [Fact::AttemptEnded(ended), Fact::TransactionSettled(settled)]
    };
    bench.apply(&below(1, Some("VL1"))).await;
    bench.apply(&below(2, Some("VL2"))).await;
    bench.apply(&below(3, None)).await;
    bench.apply(&accepted(&hook(4, 0))).await;
    bench.apply(&[Fact::AttemptEnded(unknown(9, 1, 5))]).await;
    let send = found(&bench, all()).await.remove(0);
    let mut known = bench.ledger.attributed(&send, "VE1").await.unwrap();
    known.sort();
    assert_eq!(known, ["VE1", "VL1", "VL2"]);
    assert_eq!(bench.ledger.attributed(&send, "VE9").await.unwrap(), [""; 0]);
    let own = UnresolvedSend { transaction: tx(2), n: 1, ..send };
    let mut known = bench.ledger.attributed(&own, "VE1").await.unwrap();
    known.sort();
    assert_eq!(known, ["VE1", "VL1"], "another worker has settled this one meanwhile");
}

pub(crate) async fn c5_when_the_next_send_to_the_number_began(bench: Bench) {
    // The same number as the first one's.
    let again = |n: u128, seconds: i64, provider: &str| {
        let hook = otp::HookReceived { phone: hook(1, 0).phone, ..hook(n, seconds) };
        let call = AttemptEnded { provider: provider.to_owned(), ..unknown(n, 1, seconds) };
        [Fact::HookReceived(hook), Fact::AttemptEnded(call)]
    };
    bench.apply(&again(1, 5, "verify")).await;
    bench.apply(&again(2, 7, "backup")).await;
    bench.apply(&[Fact::HookReceived(hook(3, 8)), Fact::AttemptEnded(unknown(3, 1, 8))]).await;
    let next = async |n: u128| {
        let send = found(&bench, all()).await.into_iter().find(|send| send.transaction == tx(n)).unwrap();
        bench.ledger.next_send(&send).await.unwrap()
    };
    assert_eq!(next(1).await, None, "another provider's, and another number's");
    bench.apply(&again(4, 12, "verify")).await;
    bench.apply(&again(5, 9, "verify")).await;
    assert_eq!(next(1).await, Some(at(9)));
    assert_eq!(next(5).await, Some(at(12)));
    assert_eq!(next(4).await, None);
    // What the provider has a reference for is not mistaken for another send, nor is what it did not take.
    let known = AttemptEnded { provider: "verify".to_owned(), ..ended(5, 1, 9, AttemptOutcome::Accepted) };
    bench.apply(&[Fact::AttemptEnded(known)]).await;
    assert_eq!(next(1).await, Some(at(12)));
    let refused = AttemptEnded {
        outcome: AttemptOutcome::RejectedLimit,
        provider: "verify".to_owned(),
        ..unknown(4, 1, 12)
    };
    bench.apply(&[Fact::AttemptEnded(refused)]).await;
    assert_eq!(next(1).await, None);
}

pub(crate) async fn c4_c5_unresolved_sends_come_in_pages_of_a_span(bench: Bench) {
    // Two at each moment, and one transaction with two calls at the same.
    let calls = [(1, 1, 10), (2, 1, 10), (3, 1, 20), (3, 2, 20), (4, 1, 30), (5, 1, 30)];
    bench.apply(&calls.map(|(n, call, s)| Fact::AttemptEnded(unknown(n, call, s)))).await;
    let places = async |query: UnresolvedQuery| {
        let sends = found(&bench, query).await;
        sends.iter().map(|send| (send.started_at, send.transaction, send.n)).collect::<Vec<_>>()
    };
    let expected = calls.map(|(n, call, s)| (at(s), tx(n), call));
    assert_eq!(places(all()).await, expected, "oldest first");
    let span = UnresolvedQuery { started_after: at(10), started_before: at(20), ..all() };
    assert_eq!(places(span.clone()).await, expected[2..4], "open at its start, closed at its end");
    assert_eq!(places(UnresolvedQuery { limit: 1, ..span.clone() }).await, expected[2..3]);
    let after = Some((at(10), tx(1), 1));
    assert_eq!(places(UnresolvedQuery { after, ..span }).await, expected[2..4], "a place before the span");
    for size in 1..=4 {
        let mut query = UnresolvedQuery { limit: size, ..all() };
        let mut gathered = Vec::new();
        loop {
            let page = places(query.clone()).await;
            let Some(last) = page.last() else { break };
            query.after = Some(*last);
            gathered.extend(page);
        }
        assert_eq!(gathered, expected, "pages of {size}");
    }
    let many: Vec<Fact> = (100..1_200).map(|n| Fact::AttemptEnded(unknown(n, 1, 50))).collect();
    bench.apply(&many).await;
    assert_eq!(places(UnresolvedQuery { limit: u32::MAX, ..all() }).await.len(), 1_000);
}

pub(crate) async fn c4_c5_a_receipt_shows_that_the_provider_took_it(bench: Bench) {
    let hooks = [hook(1, 0), hook(2, 0)].map(Fact::HookReceived);
    bench.apply(&hooks).await;
    bench.apply(&[Fact::AttemptEnded(unknown(1, 1, 0)), Fact::AttemptEnded(unknown(2, 1, 1))]).await;
    let old = ReceiptReceived { attempt_ref: Some("VL-old".to_owned()), ..receipt(1, 10, "sent") };
    let other = ReceiptReceived { provider: "backup".to_owned(), ..receipt(1, 30, "delivered") };
    let nameless = ReceiptReceived { transaction: None, ..receipt(2, 30, "delivered") };
    bench.apply(&[old, other, nameless].map(Fact::ReceiptReceived)).await;
    let receipts = async || {
        let sends = found(&bench, all()).await;
        sends.into_iter().map(|send| send.receipt).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(receipts().await, [Some((text("VE1"), text("VL-old"))), None]);
    bench.apply(&[Fact::ReceiptReceived(receipt(1, 20, "delivered"))]).await;
    assert_eq!(receipts().await, [Some((text("VE1"), text("VL1"))), None], "the newest");
    let bare = ReceiptReceived { provider_ref: None, attempt_ref: None, ..receipt(2, 40, "delivered") };
    bench.apply(&[Fact::ReceiptReceived(bare)]).await;
    assert_eq!(receipts().await[1], Some((None, None)), "it proves as much without references");
}

/// Every order of `facts` ends in the same rows; those.
async fn any_order(bench: &Bench, facts: &[Fact]) -> super::Dump {
    let expected = bench.dump_of(facts).await;
    for order in permutations(facts.len()) {
        bench.clear().await;
        for i in &order {
            bench.apply(&facts[*i..=*i]).await;
        }
        assert_eq!(bench.dump().await, expected, "{order:?}");
    }
    bench.apply(facts).await;
    assert_eq!(bench.dump().await, expected, "and again");
    expected
}

/// What was said of an ambiguous transaction before it was looked up, by the dispatcher and (where it crashed) by recovery, which saw
/// the call later.
fn before() -> Vec<Fact> {
    vec![
        Fact::AttemptEnded(unknown(1, 1, 0)),
        Fact::TransactionSettled(ambiguous(1, 1, FailureClass::Ambiguous, Settler::Dispatcher)),
        Fact::TransactionSettled(ambiguous(1, 900, FailureClass::Crash, Settler::Recovery)),
    ]
}

pub(crate) async fn c4_c5_what_the_reconciler_found_is_how_it_ends(bench: Bench) {
    // It keeps the moment at which the call ended: known outranks ambiguous whenever it was said.
    let ended_so = ended(1, 1, 0, AttemptOutcome::Accepted);
    let took_it = settled(1, 60, TransactionStatus::Accepted, Settler::Reconciler);
    let facts = [before(), vec![Fact::AttemptEnded(ended_so), Fact::TransactionSettled(took_it)]].concat();
    any_order(&bench, &facts).await;
    let detail = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    assert_eq!(detail.transaction.status, TransactionStatus::Accepted);
    assert_eq!((detail.transaction.failure_class, detail.transaction.settled_at), (None, Some(at(60))));
    assert_eq!(detail.transaction.provider_ref.as_deref(), Some("VE1"));
    assert_eq!(detail.attempts[0].outcome, Some(AttemptOutcome::Accepted));
    assert_eq!(detail.attempts[0].attempt_ref.as_deref(), Some("VL1"));
    assert_eq!(found(&bench, all()).await, []);
}

pub(crate) async fn c4_c5_what_the_provider_does_not_have_was_not_accepted(bench: Bench) {
    let not_sent = AttemptEnded { outcome: AttemptOutcome::NotSent, ..unknown(1, 1, 0) };
    let facts = [before(), vec![Fact::AttemptEnded(not_sent), Fact::TransactionSettled(not_accepted(1, 60))]]
        .concat();
    any_order(&bench, &facts).await;
    let detail = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    assert_eq!(detail.transaction.status, TransactionStatus::Failed);
    assert_eq!(detail.transaction.failure_class, Some(FailureClass::NotAccepted));
    assert_eq!(detail.attempts[0].outcome, Some(AttemptOutcome::NotSent));
    assert_eq!(found(&bench, all()).await, []);
    let failed = TransactionFilter { status: Some(TransactionStatus::Failed), ..Default::default() };
    let rows = bench.ledger.transactions(&failed).await.unwrap();
    assert_eq!(rows[0].failure_class, Some(FailureClass::NotAccepted));
    assert_eq!(serde_json::to_value(&rows[0]).unwrap()["failure_class"], "not_accepted");
}

pub(crate) async fn c4_c5_a_hook_that_was_not_accepted_is_still_known(bench: Bench) {
    let known = async || {
        let asked = [(org("main"), "hook-1".to_owned())];
        bench.ledger.earlier_hooks(&asked).await.unwrap().pop().unwrap()
    };
    bench.apply(&[Fact::HookReceived(hook(1, 0)), Fact::TransactionSettled(not_accepted(1, 60))]).await;
    assert_eq!(known().await, Some(EarlierHook::Unanswered(tx(1))), "its code is not sent anew");
    let answer = HookAnswered {
        failure_class: Some(FailureClass::NotAccepted),
        ..answered(&hook(1, 0), 1, Answer::Pending)
    };
    bench.apply(&[Fact::HookAnswered(answer)]).await;
    let Some(EarlierHook::Answered(told)) = known().await else { panic!("answered") };
    assert_eq!(told.failure_class, Some(FailureClass::NotAccepted));
}

pub(crate) async fn c4_c5_a_failover_is_not_undone_by_what_became_of_the_first_call(bench: Bench) {
    // All that the reconciler writes where another provider took it: the end of the call, and no word about the transaction.
    let took_it = TransactionSettled {
        provider: Some("backup".to_owned()),
        provider_ref: Some("B1".to_owned()),
        ..settled(1, 3, TransactionStatus::Accepted, Settler::Dispatcher)
    };
    let second = AttemptEnded { provider: "backup".to_owned(), ..ended(1, 2, 2, AttemptOutcome::Accepted) };
    let facts = [
        Fact::AttemptEnded(unknown(1, 1, 0)),
        Fact::AttemptEnded(second),
        Fact::TransactionSettled(took_it),
        Fact::TransactionSettled(ambiguous(1, 900, FailureClass::Crash, Settler::Recovery)),
        Fact::AttemptEnded(AttemptEnded { outcome: AttemptOutcome::NotSent, ..unknown(1, 1, 0) }),
    ];
    any_order(&bench, &facts).await;
    let detail = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    assert_eq!(detail.transaction.status, TransactionStatus::Accepted);
    assert_eq!(detail.transaction.provider.as_deref(), Some("backup"));
    let outcomes: Vec<_> = detail.attempts.iter().map(|attempt| attempt.outcome.unwrap()).collect();
    assert_eq!(outcomes, [AttemptOutcome::NotSent, AttemptOutcome::Accepted]);
}

pub(crate) async fn c4_c5_of_two_who_looked_the_one_that_found_it_is_right(bench: Bench) {
    let found = ended(1, 1, 5, AttemptOutcome::Accepted);
    let missed = AttemptEnded { outcome: AttemptOutcome::NotSent, ..unknown(1, 1, 5) };
    let later = settled(1, 50, TransactionStatus::Accepted, Settler::Reconciler);
    let facts = [
        Fact::AttemptEnded(unknown(1, 1, 5)),
        Fact::AttemptEnded(found),
        Fact::AttemptEnded(missed),
        Fact::TransactionSettled(later),
        Fact::TransactionSettled(not_accepted(1, 60)),
    ];
    let dump = any_order(&bench, &facts).await;
    assert!(dump["send_attempts"][0].contains("outcome='accepted'"), "{dump:?}");
    assert!(dump["otp_transactions"][0].contains("status='accepted'"), "{dump:?}");
}

pub(crate) async fn c4_c5_the_reconcilers_word_outranks_even_an_accepted_one(bench: Bench) {
    // The books know ranks, not reasons: it is for the reconciler to say nothing of a transaction that another provider took.
    let took_it = settled(1, 3, TransactionStatus::Accepted, Settler::Dispatcher);
    let facts = [Fact::TransactionSettled(took_it), Fact::TransactionSettled(not_accepted(1, 60))];
    let dump = any_order(&bench, &facts).await;
    assert!(dump["otp_transactions"][0].contains("status='failed'"), "{dump:?}");
}
