//! Any sequence of operations, against a list.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use journal::{Record, Seq};
use proptest::prelude::*;
use support::{Place, read_all, until_crash};

#[derive(Clone, Debug)]
enum Step {
    /// Appends of these sizes, at the same time.
    Append(Vec<usize>),
    Advance(u64),
    Close,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(1_usize..90, 1..6).prop_map(Step::Append),
        2 => (0_u64..200).prop_map(Step::Advance),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
    ]
}

/// One life of the process: until it is closed, crashes, or there is nothing left to do.
async fn live(place: &Place, steps: &mut impl Iterator<Item = Step>, model: &mut Vec<(Seq, Record)>) -> bool {
    let journal = place.open("a").await;
    check(&journal, model).await;
    for step in steps {
        match step {
            Step::Append(sizes) => {
                let batches = sizes.iter().enumerate().map(|(n, size)| {
                    let record =
                        |m: usize| Record::new(format!("kind{}", m % 3), n as u16, vec![m as u8; m * 40]);
                    (0..*size).map(record).collect::<Vec<_>>()
                });
                let answers = futures_util::future::join_all(batches.map(|batch| {
                    let journal = journal.clone();
                    async move { (journal.append(batch.clone()).await.unwrap(), batch) }
                }));
                for (places, batch) in answers.await {
                    assert_eq!(places.clone().count(), batch.len());
                    model.extend(places.zip(batch));
                }
                model.sort_by_key(|(seq, _)| *seq);
            }
            Step::Advance(back) => {
                let before = journal.cursor("c").await.unwrap();
                let to = journal.last().saturating_sub(back);
                journal.advance("c", to).await.unwrap();
                assert_eq!(journal.cursor("c").await.unwrap(), to.max(before));
            }
            Step::Close => {
                check(&journal, model).await;
                journal.close().await;
                return true;
            }
            Step::Crash => {
                std::mem::forget(journal);
                return true;
            }
        }
    }
    check(&journal, model).await;
    false
}

async fn check(journal: &journal::Journal, model: &[(Seq, Record)]) {
    let found: Vec<_> = read_all(journal).await.into_iter().map(|entry| (entry.seq, entry.record)).collect();
    assert_eq!(found, model);
    assert_eq!(journal.last(), model.len() as Seq);
    assert!(journal.cursor("c").await.unwrap() <= journal.last());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn p5_what_is_read_is_what_was_acknowledged(steps in prop::collection::vec(step(), 1..12)) {
        let place = Place::new();
        let (mut steps, mut model) = (steps.into_iter(), Vec::new());
        while until_crash(live(&place, &mut steps, &mut model)) {}
    }
}
