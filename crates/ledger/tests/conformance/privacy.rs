use std::time::Duration;

use ledger::{Purged, Retention, TransactionFilter};
use otp::{EventState, Fact, HookReceived, PhoneNumber, ReportResult, Settler, TransactionStatus, Vault};

use super::Bench;
use super::facts::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Numbers for a minute, rows for an hour.
const RETENTION: Retention =
    Retention { phone: Duration::from_secs(60), transactions: Duration::from_secs(3_600) };

pub(crate) async fn s10_no_number_is_in_the_books_or_in_a_listing(bench: Bench) {
    let vault = Vault::from_base64(KEY).unwrap();
    let number = PhoneNumber::parse("+15555550101", None).unwrap();
    let kept = vault.keep(&number, tx(1)).unwrap();
    let hook = HookReceived { phone: Some(kept.clone()), ..hook(1, 0) };
    bench.apply(&accepted(&hook)).await;
    let dump = format!("{:?}", bench.dump().await);
    assert!(dump.contains(&kept.sealed), "it is there, sealed");
    let rows = bench.ledger.transactions(&TransactionFilter::default()).await.unwrap();
    let listed = serde_json::to_string(&rows).unwrap();
    assert!(listed.contains("+1555555••••") && !listed.contains(&kept.sealed), "{listed}");
    for text in [&dump, &listed] {
        assert!(!text.contains("5555550101") && !text.contains("0101\""), "{text}");
    }
    if let Some(folder) = &bench.files {
        let mut bytes = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            bytes += content.len();
            assert!(!content.windows(10).any(|window| window == b"5555550101"));
        }
        assert!(bytes > 0);
    }
}

pub(crate) async fn s11_numbers_are_forgotten_before_rows(bench: Bench) {
    let hooks: Vec<Fact> = (1..=1_200).map(|n| Fact::HookReceived(hook(n, 0))).collect();
    bench.apply(&hooks).await;
    bench.apply(&accepted(&hook(2_000, 100))).await;
    assert_eq!(bench.ledger.purge(at(59), RETENTION).await.unwrap(), Purged::default(), "too early");
    let purged = bench.ledger.purge(at(120), RETENTION).await.unwrap();
    assert_eq!(purged, Purged { phones: 1_200, ..Purged::default() });
    let rows = &bench.dump().await["otp_transactions"];
    assert_eq!(rows.iter().filter(|row| row.contains("phone_sealed=NULL")).count(), 1_200);
    assert_eq!(
        rows.iter().filter(|row| row.contains("phone_hmac=NULL")).count(),
        0,
        "they can still be joined"
    );
    assert!(rows.iter().any(|row| row.contains("phone_sealed='v1.key.2000'")), "the young one stays");
}

pub(crate) async fn s11_rows_go_in_steps_and_young_ones_stay(bench: Bench) {
    let of = |n: u128, seconds: i64| {
        let uuid = format!("ev-{n}");
        let mut facts = accepted(&hook(n, seconds));
        facts.push(Fact::EventReceived(event(&uuid, n, seconds)));
        facts.push(Fact::EventSettled(event_settled(&uuid, seconds, EventState::Done, Some(n))));
        facts.push(Fact::FeedbackReported(reported(&uuid, seconds, ReportResult::Reported, Some(n))));
        facts.push(Fact::DeadLettered(dead(&uuid, seconds)));
        facts.push(Fact::EventReplayed(replayed(&uuid, seconds)));
        facts.push(Fact::Quarantined(quarantined(n, seconds)));
        facts.push(Fact::ReceiptReceived(receipt(n, seconds, "delivered")));
        facts.push(Fact::SendNoted(sent_by_okta(&uuid, seconds - 60)));
        facts
    };
    let young: Vec<Fact> = (5_001..=5_003).flat_map(|n| of(n, 5_000)).collect();
    let expected = bench.dump_of(&young).await;
    assert!(expected.iter().all(|(table, rows)| rows.len() == 3 || table == "okta_log_cursors"));
    let old: Vec<Fact> = (1..=1_100).flat_map(|n| of(n, 0)).collect();
    bench.apply(&old).await;
    let purged = bench.ledger.purge(at(5_010), RETENTION).await.unwrap();
    let all = Purged {
        phones: 1_100,
        transactions: 1_100,
        attempts: 1_100,
        events: 1_100,
        reports: 1_100,
        receipts: 1_100,
        send_events: 1_100,
        dead_letters: 1_100,
        quarantined: 1_100,
    };
    assert_eq!(purged, all);
    assert_eq!(bench.dump().await, expected);
    assert_eq!(bench.ledger.purge(at(5_010), RETENTION).await.unwrap(), Purged::default());
}

pub(crate) async fn s11_two_may_purge_at_once(bench: Bench) {
    let hooks: Vec<Fact> = (1..=3_000).map(|n| Fact::HookReceived(hook(n, 0))).collect();
    bench.apply(&hooks).await;
    let other = bench.another().await;
    let (one, two) =
        tokio::join!(bench.ledger.purge(at(5_000), RETENTION), other.purge(at(5_000), RETENTION));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.transactions + two.transactions, 3_000, "{one:?} {two:?}");
    assert_eq!(bench.ledger.purge(at(5_000), RETENTION).await.unwrap(), Purged::default());
    assert_eq!(bench.count("otp_transactions").await, 0);
}

pub(crate) async fn s11_a_forgotten_number_does_not_come_back(bench: Bench) {
    let facts = accepted(&hook(1, 0));
    bench.apply(&facts).await;
    assert_eq!(bench.ledger.purge(at(100), RETENTION).await.unwrap().phones, 1);
    bench.apply(&facts).await;
    let rows = &bench.dump().await["otp_transactions"];
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("phone_sealed=NULL"), "drained again: {}", rows[0]);
}

pub(crate) async fn s11_rows_whose_beginning_never_came_go_too(bench: Bench) {
    bench
        .apply(&[
            Fact::TransactionSettled(settled(1, 0, TransactionStatus::Ambiguous, Settler::Recovery)),
            Fact::EventSettled(otp::EventSettled {
                verified_at: Some(at(0)),
                ..event_settled("ev", 0, EventState::Done, Some(2))
            }),
            Fact::HookAnswered(answered(&hook(3, 0), 5_000, otp::Answer::Error)),
        ])
        .await;
    assert_eq!(bench.count("otp_transactions").await, 3);
    let purged = bench.ledger.purge(at(5_000), RETENTION).await.unwrap();
    assert_eq!(purged, Purged { transactions: 2, events: 1, ..Purged::default() });
    assert_eq!(bench.count("otp_transactions").await, 1);
}
