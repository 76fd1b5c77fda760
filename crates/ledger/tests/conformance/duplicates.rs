use otp::{Answer, Fact, HookReceived};

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

pub(crate) async fn a10_the_answer_of_a_hook_is_the_earliest_of_its_copies(bench: Bench) {
    let (first, second) = (copy(11, 0, "node-a"), copy(12, 0, "node-b"));
    assert_eq!(bench.ledger.answer_for(&org("main"), "same").await.unwrap(), None);
    bench.apply(&[Fact::HookReceived(first.clone()), Fact::HookReceived(second.clone())]).await;
    assert_eq!(bench.ledger.answer_for(&org("main"), "same").await.unwrap(), None, "not answered yet");
    bench.apply(&[Fact::HookAnswered(answered(&first, 9, Answer::Error))]).await;
    bench.apply(&[Fact::HookAnswered(answered(&second, 5, Answer::Successful))]).await;
    let stored = bench.ledger.answer_for(&org("main"), "same").await.unwrap().unwrap();
    assert_eq!((stored.transaction, stored.answer, stored.answered_at), (tx(12), Answer::Successful, at(5)));
    assert_eq!(stored.failure_class, None);
    assert_eq!(stored.provider.as_deref(), Some("VERIFY"));
    assert_eq!(stored.provider_ref.as_deref(), Some("VE-answer"));
    assert_eq!(stored.attempt_ref.as_deref(), Some("VL-answer"));
    assert_eq!(bench.ledger.answer_for(&org("other"), "same").await.unwrap(), None);
    assert_eq!(bench.ledger.answer_for(&org("main"), "else").await.unwrap(), None);
}

pub(crate) async fn a10_many_answers_come_in_the_order_asked(bench: Bench) {
    assert_eq!(bench.ledger.answers_for(&[]).await.unwrap(), []);
    for n in 1..=3 {
        bench.apply(&accepted(&hook(n, 0))).await;
    }
    bench.apply(&accepted(&copy(11, 0, "node-a"))).await;
    bench.apply(&[Fact::HookReceived(copy(12, 0, "node-b"))]).await;
    bench.apply(&[Fact::HookReceived(hook(4, 0))]).await;
    let asked = ["hook-3", "none", "same", "hook-1", "hook-4", "hook-3", "sa\0me"];
    let asked: Vec<_> = asked.map(|id| (org("main"), id.to_owned())).into();
    let answers = bench.ledger.answers_for(&asked).await.unwrap();
    let found: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|it| it.transaction)).collect();
    assert_eq!(found, [Some(tx(3)), None, Some(tx(11)), Some(tx(1)), None, Some(tx(3)), Some(tx(11))]);
    for (answer, (org, id)) in answers.iter().zip(&asked) {
        assert_eq!(&bench.ledger.answer_for(org, id).await.unwrap(), answer);
    }
    let elsewhere = bench.ledger.answers_for(&[(org("other"), "hook-1".to_owned())]).await.unwrap();
    assert_eq!(elsewhere, [None]);
}
