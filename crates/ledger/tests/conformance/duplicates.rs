use ledger::EarlierHook;
use otp::{Answer, Fact, FailureClass, HookReceived, Settler, TransactionSettled, TransactionStatus};

use super::Bench;
use super::facts::*;
use super::order::permutations;

/// The same hook of Okta as another node took it.
fn copy(n: u128, seconds: i64, node: &str) -> HookReceived {
    HookReceived { okta_event_id: Some("same".to_owned()), node: node.to_owned(), ..hook(n, seconds) }
}

pub(crate) async fn a10_the_smallest_id_of_a_hook_is_the_first_in_any_order(bench: Bench) {
    let copies = [copy(11, 0, "node-a"), copy(12, 0, "node-b"), copy(13, 1, "node-c"), copy(14, 2, "node-d")];
    let facts: Vec<Vec<Fact>> = copies.iter().map(accepted).collect();
    let expected = bench.dump_of(&facts.concat()).await;
    let rows = &expected["otp_transactions"];
    assert_eq!(rows.len(), 4);
    assert!(rows[0].contains("duplicate_of=NULL"), "{}", rows[0]);
    let first = format!("duplicate_of='{}'", tx(11));
    assert!(rows[1..].iter().all(|row| row.contains(&first)), "{rows:#?}");
    assert_eq!(expected["send_attempts"].len(), 4, "the attempts are kept");
    for order in permutations(copies.len()) {
        bench.clear().await;
        for i in &order {
            bench.apply(&facts[*i]).await;
        }
        assert_eq!(bench.dump().await, expected, "{order:?}");
    }
}

pub(crate) async fn a10_hooks_without_an_id_and_of_other_orgs_are_no_duplicates(bench: Bench) {
    let odd = |n| HookReceived { okta_event_id: None, ..hook(n, 0) };
    let elsewhere = HookReceived { org: org("other"), ..copy(3, 0, "node-a") };
    let hooks = [odd(1), odd(2), elsewhere, copy(4, 0, "node-a")];
    bench.apply(&hooks.map(Fact::HookReceived)).await;
    let rows = &bench.dump().await["otp_transactions"];
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.contains("duplicate_of=NULL")), "{rows:#?}");
}

async fn earlier(bench: &Bench, org_name: &str, id: &str) -> Option<EarlierHook> {
    let asked = [(org(org_name), id.to_owned())];
    bench.ledger.earlier_hooks(&asked).await.unwrap().pop().unwrap()
}

pub(crate) async fn p4_a_hook_that_a_crash_left_is_known(bench: Bench) {
    let crashed = TransactionSettled {
        failure_class: Some(FailureClass::Crash),
        ..settled(1, 1, TransactionStatus::Ambiguous, Settler::Recovery)
    };
    bench.apply(&[Fact::HookReceived(hook(1, 0))]).await;
    assert_eq!(
        earlier(&bench, "main", "hook-1").await,
        Some(EarlierHook::Unanswered(tx(1))),
        "somebody is at it"
    );
    bench.apply(&[Fact::TransactionSettled(crashed)]).await;
    assert_eq!(earlier(&bench, "main", "hook-1").await, Some(EarlierHook::Unanswered(tx(1))));
    // Refused with 503: it may be tried again, here or elsewhere.
    let refused = TransactionSettled {
        failure_class: Some(FailureClass::NotSent),
        ..settled(2, 1, TransactionStatus::Failed, Settler::Dispatcher)
    };
    bench.apply(&[Fact::HookReceived(hook(2, 0)), Fact::TransactionSettled(refused)]).await;
    assert_eq!(earlier(&bench, "main", "hook-2").await, None);
    let again = HookReceived { okta_event_id: Some("hook-2".to_owned()), ..copy(12, 5, "node-b") };
    bench.apply(&[Fact::HookReceived(again)]).await;
    assert_eq!(earlier(&bench, "main", "hook-2").await, Some(EarlierHook::Unanswered(tx(12))));
}

pub(crate) async fn a10_the_answer_of_a_hook_is_the_earliest_of_its_copies(bench: Bench) {
    let (first, second) = (copy(11, 0, "node-a"), copy(12, 0, "node-b"));
    assert_eq!(earlier(&bench, "main", "same").await, None);
    bench.apply(&[Fact::HookReceived(first.clone()), Fact::HookReceived(second.clone())]).await;
    assert_eq!(
        earlier(&bench, "main", "same").await,
        Some(EarlierHook::Unanswered(tx(11))),
        "not answered yet"
    );
    bench.apply(&[Fact::HookAnswered(answered(&first, 9, Answer::Error))]).await;
    bench.apply(&[Fact::HookAnswered(answered(&second, 5, Answer::Successful))]).await;
    let Some(EarlierHook::Answered(stored)) = earlier(&bench, "main", "same").await else {
        panic!("answered")
    };
    assert_eq!((stored.transaction, stored.answer, stored.answered_at), (tx(12), Answer::Successful, at(5)));
    assert_eq!(stored.failure_class, None);
    assert_eq!(stored.provider.as_deref(), Some("VERIFY"));
    assert_eq!(stored.provider_ref.as_deref(), Some("VE-answer"));
    assert_eq!(stored.attempt_ref.as_deref(), Some("VL-answer"));
    assert_eq!(earlier(&bench, "other", "same").await, None);
    assert_eq!(earlier(&bench, "main", "else").await, None);
}

pub(crate) async fn a10_many_answers_come_in_the_order_asked(bench: Bench) {
    assert_eq!(bench.ledger.earlier_hooks(&[]).await.unwrap(), []);
    for n in 1..=3 {
        bench.apply(&accepted(&hook(n, 0))).await;
    }
    bench.apply(&accepted(&copy(11, 0, "node-a"))).await;
    bench.apply(&[Fact::HookReceived(copy(12, 0, "node-b"))]).await;
    bench.apply(&[Fact::HookReceived(hook(4, 0))]).await;
    let asked = ["hook-3", "none", "same", "hook-1", "hook-4", "hook-3", "sa\0me"];
    let asked: Vec<_> = asked.map(|id| (org("main"), id.to_owned())).into();
    let answers = bench.ledger.earlier_hooks(&asked).await.unwrap();
    let found: Vec<_> = answers
        .iter()
        .map(|answer| {
            answer.as_ref().map(|it| match it {
                EarlierHook::Answered(it) => (it.transaction, true),
                EarlierHook::Unanswered(transaction) => (*transaction, false),
            })
        })
        .collect();
    let answered = |n| Some((tx(n), true));
    let expected =
        [answered(3), None, answered(11), answered(1), Some((tx(4), false)), answered(3), answered(11)];
    assert_eq!(found, expected);
    let elsewhere = bench.ledger.earlier_hooks(&[(org("other"), "hook-1".to_owned())]).await.unwrap();
    assert_eq!(elsewhere, [None]);
}
