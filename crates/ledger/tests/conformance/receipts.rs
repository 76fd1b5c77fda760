use otp::{AttemptOutcome, Fact, ReceiptReceived};

use super::facts::*;
use super::{Bench, Dump};

async fn both(bench: &Bench, a: &ReceiptReceived, b: &ReceiptReceived) -> Dump {
    let (a, b) = (Fact::ReceiptReceived(a.clone()), Fact::ReceiptReceived(b.clone()));
    let forwards = bench.dump_of(&[a.clone(), b.clone()]).await;
    let backwards = bench.dump_of(&[b.clone(), a.clone()]).await;
    assert_eq!(forwards, backwards, "in one batch");
    bench.clear().await;
    for fact in [b, a] {
        bench.apply(&[fact]).await;
    }
    assert_eq!(bench.dump().await, forwards, "one after the other");
    forwards
}

async fn statuses(bench: &Bench, n: u128) -> Vec<String> {
    let detail = bench.ledger.transaction(tx(n)).await.unwrap().unwrap();
    detail.receipts.into_iter().map(|receipt| receipt.status).collect()
}

pub(crate) async fn a9_the_first_copy_of_a_receipt_counts(bench: Bench) {
    let first = receipt(1, 10, "delivered");
    let again =
        ReceiptReceived { reported_at: Some(at(11)), transaction: None, ..receipt(1, 12, "delivered") };
    let dump = both(&bench, &first, &again).await;
    assert_eq!(dump["delivery_receipts"].len(), 1, "a callback that comes twice: {dump:?}");
    let row = &dump["delivery_receipts"][0];
    assert!(row.contains("received_at='2026-11-20T10:00:10.250000Z'"), "{row}");
    assert!(row.contains("reported_at='2026-11-20T10:00:09.250000Z'"), "{row}");
    assert!(row.contains(&format!("transaction_id='{}'", tx(1))), "{row}");
    // At one moment the one that says more.
    let silent = ReceiptReceived { transaction: None, reported_at: Some(at(50)), ..first.clone() };
    let dump = both(&bench, &first, &silent).await;
    assert!(dump["delivery_receipts"][0].contains("reported_at='2026-11-20T10:00:09.250000Z'"), "{dump:?}");
    let silent = ReceiptReceived { reported_at: None, ..first.clone() };
    let dump = both(&bench, &first, &silent).await;
    assert!(dump["delivery_receipts"][0].contains("reported_at='2026-11-20T10:00:09.250000Z'"), "{dump:?}");
}

pub(crate) async fn a9_receipts_that_say_different_things_are_different(bench: Bench) {
    let one = receipt(1, 10, "delivered");
    let of = |provider_ref: Option<&str>, attempt_ref: Option<&str>| ReceiptReceived {
        provider_ref: provider_ref.map(Into::into),
        attempt_ref: attempt_ref.map(Into::into),
        ..one.clone()
    };
    for other in [
        ReceiptReceived { provider: "backup".to_owned(), ..one.clone() },
        ReceiptReceived { status: "undelivered".to_owned(), ..one.clone() },
        ReceiptReceived { error_code: Some("30003".to_owned()), ..one.clone() },
        of(Some("VE1"), None),
        of(None, Some("VL1")),
        of(Some("VL1"), Some("VE1")),
        of(Some("VE1/VL1"), None),
    ] {
        let dump = both(&bench, &one, &other).await;
        assert_eq!(dump["delivery_receipts"].len(), 2, "{other:?}");
    }
    // Nothing, and an empty text, are one.
    let dump = both(&bench, &of(Some("VE1"), None), &of(Some("VE1\0"), Some(""))).await;
    assert_eq!(dump["delivery_receipts"].len(), 1);
    // Without any reference it is about its transaction.
    let (mine, yours) = (of(None, None), ReceiptReceived { transaction: Some(tx(2)), ..of(None, None) });
    let dump = both(&bench, &mine, &yours).await;
    assert_eq!(dump["delivery_receipts"].len(), 2);
}

pub(crate) async fn a_transaction_comes_with_its_receipts(bench: Bench) {
    let nameless = |n, seconds, status| ReceiptReceived { transaction: None, ..receipt(n, seconds, status) };
    let failed = ReceiptReceived {
        error_code: Some("30003".to_owned()),
        reported_at: None,
        ..receipt(1, 30, "undelivered")
    };
    let receipts = [
        failed,
        // Found by its references, before and after its transaction is known.
        nameless(1, 10, "queued"),
        ReceiptReceived { provider_ref: None, ..nameless(1, 20, "sent") },
        ReceiptReceived { attempt_ref: None, ..nameless(1, 25, "sending") },
        // Of somebody else: another transaction, another provider, a reference nobody knows.
        receipt(2, 11, "theirs"),
        ReceiptReceived { provider_ref: Some("VE1".to_owned()), ..receipt(2, 12, "theirs too") },
        ReceiptReceived { provider: "backup".to_owned(), ..nameless(1, 13, "another's") },
        nameless(9, 14, "unknown"),
    ];
    bench.apply(&receipts.map(Fact::ReceiptReceived)).await;
    bench.apply(&[accepted(&hook(1, 0)), accepted(&hook(2, 0))].concat()).await;
    assert_eq!(statuses(&bench, 1).await, ["queued", "sent", "sending", "undelivered"]);
    assert_eq!(statuses(&bench, 2).await, ["theirs", "theirs too"]);
    let detail = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    let (first, last) = (&detail.receipts[0], &detail.receipts[3]);
    assert_eq!((first.provider_ref.as_deref(), first.attempt_ref.as_deref()), (Some("VE1"), Some("VL1")));
    assert_eq!((first.transaction_id, first.reported_at, first.received_at), (None, Some(at(9)), at(10)));
    assert_eq!((last.transaction_id, last.error_code.as_deref()), (Some(tx(1)), Some("30003")));
    assert_eq!((last.provider.as_str(), last.reported_at), ("verify", None));
    let json = serde_json::to_value(&detail).unwrap();
    assert_eq!(json["receipts"][3]["status"], "undelivered");
    assert_eq!(json["receipts"][3]["received_at"], "2026-11-20T10:00:30.25Z");
}

pub(crate) async fn a_receipt_about_one_attempt_of_a_message_is_that_ones(bench: Bench) {
    // Verify: two codes within ten minutes are one message with two attempts.
    let of = |n| otp::AttemptEnded {
        provider_ref: Some("VE".to_owned()),
        ..ended(n, 1, 0, AttemptOutcome::Accepted)
    };
    let said = |attempt_ref: Option<&str>, seconds, status: &str| ReceiptReceived {
        provider_ref: Some("VE".to_owned()),
        attempt_ref: attempt_ref.map(Into::into),
        transaction: None,
        ..receipt(1, seconds, status)
    };
    bench
        .apply(&[
            Fact::HookReceived(hook(1, 0)),
            Fact::HookReceived(hook(2, 0)),
            Fact::AttemptEnded(of(1)),
            Fact::AttemptEnded(of(2)),
            Fact::ReceiptReceived(said(Some("VL1"), 1, "first")),
            Fact::ReceiptReceived(said(Some("VL2"), 2, "second")),
            Fact::ReceiptReceived(said(Some("VL3"), 3, "a third attempt")),
            Fact::ReceiptReceived(said(None, 4, "whichever")),
        ])
        .await;
    assert_eq!(statuses(&bench, 1).await, ["first", "a third attempt", "whichever"]);
    assert_eq!(statuses(&bench, 2).await, ["second", "a third attempt", "whichever"]);
}

pub(crate) async fn a11_odd_receipts_are_stored_or_put_aside(bench: Bench) {
    let odd = "a\0b \u{202e}é🂡'\"\\;--\u{1}";
    let kept = odd.replace('\0', "");
    let text = || Some(odd.to_owned());
    let strange = ReceiptReceived {
        provider: odd.to_owned(),
        provider_ref: text(),
        attempt_ref: text(),
        error_code: text(),
        reported_at: Some(jiff::Timestamp::MIN),
        ..receipt(1, 0, odd)
    };
    // As long as they may be, in the widest letters.
    let wide = Some("🂡".repeat(512));
    let long = ReceiptReceived {
        provider_ref: wide.clone(),
        attempt_ref: wide,
        error_code: Some("e".repeat(100_000)),
        ..receipt(1, 1, &"s".repeat(100_000))
    };
    let too_long = ReceiptReceived { attempt_ref: Some("x".repeat(513)), ..receipt(1, 2, "delivered") };
    let too_long_too = ReceiptReceived { provider_ref: Some("x".repeat(513)), ..receipt(1, 2, "delivered") };
    let facts = [strange, too_long, long, too_long_too].map(Fact::ReceiptReceived);
    let applied = bench.ledger.apply(&facts).await.unwrap();
    assert_eq!(applied.quarantined.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 3]);
    assert!(applied.quarantined[0].1.starts_with("receipt_received: "), "{applied:?}");
    bench.apply(&[Fact::HookReceived(hook(1, 0))]).await;
    let detail = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    assert_eq!(detail.receipts.len(), 2);
    let found = &detail.receipts[0];
    assert_eq!((&found.provider, &found.status), (&kept, &kept));
    assert_eq!((found.provider_ref.as_ref(), found.error_code.as_ref()), (Some(&kept), Some(&kept)));
    assert_eq!(found.reported_at, Some("0001-01-01T00:00:00Z".parse().unwrap()));
}
