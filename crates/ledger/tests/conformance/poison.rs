use otp::{AttemptEnded, AttemptOutcome, EventState, Fact, HookReceived};

use super::Bench;
use super::facts::*;

/// The call that [`too_long`] is the end of: one that no other fact has.
pub(crate) const TOO_LONG_N: u8 = 99;

/// A fact no database takes: what is indexed is bounded.
pub(crate) fn too_long(n: u128) -> AttemptEnded {
    AttemptEnded { provider_ref: Some("x".repeat(513)), ..ended(n, TOO_LONG_N, 0, AttemptOutcome::Accepted) }
}

pub(crate) async fn a11_a_refused_fact_is_reported_and_the_others_are_applied(bench: Bench) {
    let good: Vec<Fact> = (1..=50).flat_map(|n| accepted(&hook(n, 0))).collect();
    let expected = bench.dump_of(&good).await;
    assert_eq!(expected["otp_transactions"].len(), 50);
    let mut mixed = good.clone();
    mixed.insert(0, Fact::AttemptEnded(too_long(1)));
    mixed.insert(100, Fact::AttemptEnded(too_long(2)));
    mixed.insert(101, Fact::AttemptEnded(too_long(3)));
    mixed.push(Fact::AttemptEnded(too_long(4)));
    for _ in 0..2 {
        bench.clear().await;
        let applied = bench.ledger.apply(&mixed).await.unwrap();
        let positions: Vec<usize> = applied.quarantined.iter().map(|(position, _)| *position).collect();
        assert_eq!(positions, [0, 100, 101, mixed.len() - 1]);
        for (_, reason) in &applied.quarantined {
            assert!(reason.starts_with("attempt_ended: "), "{reason}");
            assert!(!reason.contains("xxx"), "the content is not repeated: {reason}");
        }
        assert_eq!(bench.dump().await, expected);
    }
}

pub(crate) async fn a11_a_refused_fact_leaves_nothing_behind(bench: Bench) {
    // Two statements each, and the second is refused: the first must not remain.
    let mut event = event("ev", 1, 0);
    event.event.okta_user_id = Some("u".repeat(3_000));
    let smaller = HookReceived {
        okta_user_id: Some("u".repeat(3_000)),
        okta_event_id: Some("hook-5".to_owned()),
        ..hook(2, 0)
    };
    let facts = [Fact::HookReceived(hook(5, 0)), Fact::HookReceived(smaller), Fact::EventReceived(event)];
    let applied = bench.ledger.apply(&facts).await.unwrap();
    assert_eq!(applied.quarantined.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [1, 2]);
    let dump = bench.dump().await;
    assert_eq!(dump["otp_transactions"].len(), 1);
    assert!(dump["otp_transactions"][0].contains("duplicate_of=NULL"), "{dump:?}");
    assert!(dump["okta_events"].is_empty() && dump["okta_event_deliveries"].is_empty(), "{dump:?}");
    // What comes after the refused fact still finds its place.
    bench.apply(&[Fact::EventSettled(event_settled("ev", 3, EventState::Done, None))]).await;
    assert_eq!(bench.ledger.event_state(&event_id("ev")).await.unwrap(), Some(EventState::Done));
}

pub(crate) async fn a11_nul_and_odd_text_is_stored(bench: Bench) {
    let odd = "a\0b \u{202e}é🂡\u{fffd}'\"\\;--\u{7f}\u{1}";
    let kept = odd.replace('\0', "");
    let mut received = event(odd, 1, 0);
    received.event.reason = Some(odd.to_owned());
    received.event.result = Some("\0".to_owned());
    let hook = HookReceived {
        locale: Some(odd.to_owned()),
        okta_event_id: Some(odd.to_owned()),
        okta_user_id: Some(odd.to_owned()),
        node: odd.to_owned(),
        ..hook(1, 0)
    };
    let mut facts = accepted(&hook);
    facts.push(Fact::EventReceived(received));
    facts.push(Fact::DeadLettered(otp::DeadLettered { reason: odd.to_owned(), ..dead(odd, 1) }));
    facts.push(Fact::FeedbackReported(otp::FeedbackReported {
        provider_ref: Some(odd.to_owned()),
        ..reported(odd, 1, otp::ReportResult::Reported, Some(1))
    }));
    facts.push(Fact::Quarantined(otp::Quarantined { reason: odd.to_owned(), ..quarantined(1, 0) }));
    bench.apply(&facts).await;
    // Found under the text as it came and as it is kept.
    for uuid in [odd, kept.as_str()] {
        let found = bench.ledger.event(None, uuid).await.unwrap();
        assert_eq!(found.len(), 1, "{uuid:?}");
        assert_eq!(found[0].event.reason.as_deref(), Some(kept.as_str()));
        assert_eq!(found[0].event.result, None, "nothing is left of it");
        assert_eq!(found[0].dead_letters[0].reason, kept);
        assert_eq!(found[0].reports[0].provider_ref.as_deref(), Some(kept.as_str()));
        assert!(bench.ledger.earlier_hooks(&[(org("main"), uuid.to_owned())]).await.unwrap()[0].is_some());
    }
    assert_eq!(bench.count("quarantine").await, 1);
}

pub(crate) async fn a11_a_value_too_large_is_no_poison(bench: Bench) {
    let long_ago: jiff::Timestamp = jiff::Timestamp::MIN;
    let mut received = event("ev", 1, 0);
    received.event.published_at = Some(long_ago);
    received.event.reason = Some("r".repeat(1_000_000));
    let end = otp::EventSettled { attempts: u32::MAX, ..event_settled("ev", 1, EventState::Done, None) };
    bench
        .apply(&[
            Fact::Quarantined(otp::Quarantined { bytes: u64::MAX, ..quarantined(1, 0) }),
            Fact::EventReceived(received),
            Fact::EventSettled(end),
        ])
        .await;
    let found = bench.ledger.event(Some(&org("main")), "ev").await.unwrap();
    assert_eq!(found[0].event.attempts, u32::MAX);
    assert_eq!(found[0].event.reason.as_ref().map(String::len), Some(1_000_000));
    assert_eq!(found[0].event.published_at, Some("0001-01-01T00:00:00Z".parse().unwrap()));
}
