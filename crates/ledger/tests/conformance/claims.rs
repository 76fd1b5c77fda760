use std::time::Duration;

use ledger::{ClaimEnd, Ledger, Purged, ReportClaim, Retention};

use super::Bench;
use super::facts::*;

const TTL: Duration = Duration::from_secs(30);

const GRANTED: ReportClaim = ReportClaim::Granted { doubtful: false };
const DOUBTFUL: ReportClaim = ReportClaim::Granted { doubtful: true };

async fn claim(ledger: &Ledger, holder: &str, seconds: i64) -> ReportClaim {
    claim_of("VE1", ledger, holder, seconds).await
}

async fn claim_of(subject: &str, ledger: &Ledger, holder: &str, seconds: i64) -> ReportClaim {
    ledger.claim_reports(&[subject.to_owned()], holder, at(seconds), TTL).await.unwrap()[0]
}

fn end(subject: &str, done: Option<i64>) -> ClaimEnd {
    ClaimEnd { subject: subject.to_owned(), done: done.map(at) }
}

async fn settle(ledger: &Ledger, subject: &str, holder: &str, done: Option<i64>) {
    ledger.settle_claims(&[end(subject, done)], holder).await.unwrap();
}

pub(crate) async fn p6_a_report_is_one_workers_at_a_time(bench: Bench) {
    let (ledger, other) = (&bench.ledger, bench.another().await);
    assert_eq!(claim(ledger, "a", 0).await, GRANTED);
    assert_eq!(claim(&other, "b", 1).await, ReportClaim::Held);
    assert_eq!(claim(ledger, "a", 2).await, GRANTED, "it is a's already");
    assert_eq!(claim_of("VE2", ledger, "b", 1).await, GRANTED, "another report");
    settle(ledger, "VE1", "b", None).await;
    assert_eq!(claim(&other, "b", 3).await, ReportClaim::Held, "nobody gives back what another holds");
    settle(ledger, "VE1", "a", None).await;
    assert_eq!(claim(&other, "b", 4).await, GRANTED);
}

pub(crate) async fn p6_a_claim_that_ran_out_is_doubtful(bench: Bench) {
    let ledger = &bench.ledger;
    assert_eq!(claim(ledger, "a", 0).await, GRANTED);
    assert_eq!(claim(ledger, "b", 29).await, ReportClaim::Held);
    assert_eq!(claim(ledger, "b", 30).await, DOUBTFUL);
    assert_eq!(claim(ledger, "b", 31).await, DOUBTFUL, "asked again, it is no clearer");
    assert_eq!(claim(ledger, "a", 32).await, ReportClaim::Held);
    assert_eq!(claim(ledger, "c", 90).await, DOUBTFUL);
}

pub(crate) async fn p6_what_had_its_effect_is_remembered(bench: Bench) {
    let ledger = &bench.ledger;
    assert_eq!(claim(ledger, "a", 0).await, GRANTED);
    settle(ledger, "VE1", "a", Some(600)).await;
    assert_eq!(claim(ledger, "a", 1).await, ReportClaim::Done { until: at(600) });
    assert_eq!(claim(ledger, "b", 599).await, ReportClaim::Done { until: at(600) });
    settle(ledger, "VE1", "a", None).await;
    assert_eq!(claim(ledger, "b", 599).await, ReportClaim::Done { until: at(600) }, "it is not taken back");
    assert_eq!(claim(ledger, "b", 600).await, GRANTED, "forgotten, and nobody was at it");
    // The slow one ends after its claim ran out and another has it.
    assert_eq!(claim(ledger, "a", 630).await, DOUBTFUL);
    settle(ledger, "VE1", "b", Some(1_200)).await;
    assert_eq!(claim(ledger, "a", 631).await, ReportClaim::Done { until: at(1_200) });
    // One that nobody claimed.
    settle(ledger, "VE9", "a", Some(600)).await;
    assert_eq!(claim_of("VE9", ledger, "b", 1).await, ReportClaim::Done { until: at(600) });
}

pub(crate) async fn p6_many_claims_are_asked_and_ended_together(bench: Bench) {
    let (ledger, subjects) = (&bench.ledger, ["VE3", "VE1", "VE3", "VE2"].map(str::to_owned));
    assert_eq!(ledger.claim_reports(&[], "a", at(0), TTL).await.unwrap(), []);
    assert_eq!(claim(ledger, "b", 0).await, GRANTED);
    let claims = ledger.claim_reports(&subjects, "a", at(1), TTL).await.unwrap();
    assert_eq!(
        claims,
        [GRANTED, ReportClaim::Held, GRANTED, GRANTED],
        "in the order asked, the same one twice too"
    );
    ledger.settle_claims(&[end("VE3", Some(600)), end("VE2", None), end("VE1", None)], "a").await.unwrap();
    let claims = ledger.claim_reports(&subjects, "c", at(2), TTL).await.unwrap();
    let done = ReportClaim::Done { until: at(600) };
    assert_eq!(claims, [done, ReportClaim::Held, done, GRANTED]);
    ledger.settle_claims(&[], "c").await.unwrap();
}

pub(crate) async fn p6_of_many_at_once_one_is_granted(bench: Bench) {
    let other = bench.another().await;
    let asked: Vec<_> = (0..12)
        .map(|n| {
            let ledger = if n % 2 == 0 { bench.ledger.clone() } else { other.clone() };
            tokio::spawn(async move { claim(&ledger, &format!("holder-{n}"), 0).await })
        })
        .collect();
    let mut granted = 0;
    for claim in asked {
        match claim.await.unwrap() {
            ReportClaim::Granted { doubtful } => granted += i32::from(!doubtful),
            ReportClaim::Held => {}
            ReportClaim::Done { .. } => panic!("nobody reported"),
        }
    }
    assert_eq!(granted, 1);
}

pub(crate) async fn s11_old_claims_are_forgotten(bench: Bench) {
    let ledger = &bench.ledger;
    let retention = Retention { phone: TTL, transactions: Duration::from_secs(365 * 24 * 3600) };
    assert_eq!(claim(ledger, "a", 0).await, GRANTED);
    assert_eq!(ledger.purge(at(3_600), retention).await.unwrap(), Purged::default());
    assert_eq!(claim(ledger, "b", 3_600).await, DOUBTFUL, "an hour is not old");
    ledger.purge(at(100_000), retention).await.unwrap();
    assert_eq!(claim(ledger, "c", 100_000).await, GRANTED);
}
