use ledger::{DeadLetterFilter, EventFilter, TransactionFilter};
use otp::{
    Answer, AttemptOutcome, Channel, EventState, Fact, Factor, HookReceived, Reading, ReportResult, Settler,
    TransactionStatus,
};

use super::Bench;
use super::facts::*;

pub(crate) async fn transactions_are_filtered_and_newest_first(bench: Bench) {
    let other = HookReceived { org: org("other"), okta_user_id: Some("00u2".to_owned()), ..hook(3, 30) };
    bench.apply(&[accepted(&hook(1, 10)), accepted(&hook(2, 20)), accepted(&other)].concat()).await;
    bench.apply(&[Fact::HookReceived(hook(4, 5))]).await;
    let ids = async |filter: TransactionFilter| {
        let rows = bench.ledger.transactions(&filter).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let all = TransactionFilter::default;
    assert_eq!(ids(all()).await, [tx(3), tx(2), tx(1), tx(4)]);
    assert_eq!(ids(TransactionFilter { limit: 2, ..all() }).await, [tx(3), tx(2)]);
    assert_eq!(ids(TransactionFilter { org: Some(org("main")), ..all() }).await, [tx(2), tx(1), tx(4)]);
    assert_eq!(ids(TransactionFilter { okta_user_id: Some("00u2".into()), ..all() }).await, [tx(3)]);
    assert_eq!(ids(TransactionFilter { status: Some(TransactionStatus::Received), ..all() }).await, [tx(4)]);
    assert_eq!(
        ids(TransactionFilter { since: Some(at(10)), until: Some(at(30)), ..all() }).await,
        [tx(2), tx(1)]
    );
    let rows = bench.ledger.transactions(&TransactionFilter { limit: 1, ..all() }).await.unwrap();
    assert_eq!(rows[0].phone.as_deref(), Some("+1555555••••"));
    assert_eq!((rows[0].answer, rows[0].answered_at), (Some(Answer::Successful), Some(at(31))));
    let json = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!(json["status"], "accepted");
    assert_eq!(json["purpose"], "mfa-verification");
    assert_eq!(json["received_at"], "2026-11-20T10:00:30.25Z");
    assert!(json.get("phone_sealed").is_none());
}

pub(crate) async fn a_transaction_comes_with_all_that_came_of_it(bench: Bench) {
    assert_eq!(bench.ledger.transaction(tx(1)).await.unwrap(), None);
    bench.apply(&accepted(&hook(1, 0))).await;
    bench.apply(&accepted(&hook(2, 0))).await;
    let second = otp::AttemptEnded { http_status: Some(503), ..ended(1, 2, 3, AttemptOutcome::Ambiguous) };
    bench
        .apply(&[
            Fact::AttemptEnded(second),
            Fact::EventReceived(event("ev", 1, 20)),
            Fact::EventSettled(event_settled("ev", 21, EventState::Done, Some(1))),
            Fact::FeedbackReported(reported("ev", 21, ReportResult::Reported, Some(1))),
        ])
        .await;
    let detail = bench.ledger.transaction(tx(1)).await.unwrap().unwrap();
    assert_eq!(detail.transaction.id, tx(1));
    assert_eq!(detail.transaction.okta_event_id.as_deref(), Some("hook-1"));
    let attempts: Vec<_> = detail.attempts.iter().map(|a| (a.n, a.outcome, a.http_status)).collect();
    assert_eq!(
        attempts,
        [(1, Some(AttemptOutcome::Accepted), Some(201)), (2, Some(AttemptOutcome::Ambiguous), Some(503))]
    );
    assert_eq!(detail.events.len(), 1);
    assert_eq!((detail.events[0].uuid.as_str(), detail.events[0].state), ("ev", EventState::Done));
    assert_eq!(detail.reports.len(), 1);
    assert_eq!(detail.reports[0].provider_ref.as_deref(), Some("VE1"));
    assert!(serde_json::to_string(&detail).unwrap().contains("\"outcome\":\"ambiguous\""));
}

pub(crate) async fn events_are_filtered_and_come_with_all_that_came_of_them(bench: Bench) {
    let mut elsewhere = event("ev-1", 9, 50);
    elsewhere.event.id.org = org("other");
    bench
        .apply(&[
            Fact::EventReceived(event("ev-1", 1, 10)),
            Fact::EventReceived(event("ev-2", 1, 20)),
            Fact::EventReceived(elsewhere),
            Fact::EventSettled(event_settled("ev-2", 21, EventState::Dead, None)),
            Fact::DeadLettered(dead("ev-2", 21)),
            Fact::FeedbackReported(reported("ev-2", 21, ReportResult::Dead, None)),
        ])
        .await;
    let uuids = async |filter: EventFilter| {
        let rows = bench.ledger.events(&filter).await.unwrap();
        rows.iter().map(|row| format!("{}/{}", row.org, row.uuid)).collect::<Vec<_>>()
    };
    let all = EventFilter::default;
    assert_eq!(uuids(all()).await, ["other/ev-1", "main/ev-2", "main/ev-1"]);
    assert_eq!(uuids(EventFilter { limit: 1, ..all() }).await, ["other/ev-1"]);
    assert_eq!(uuids(EventFilter { org: Some(org("main")), ..all() }).await, ["main/ev-2", "main/ev-1"]);
    assert_eq!(uuids(EventFilter { state: Some(EventState::Dead), ..all() }).await, ["main/ev-2"]);
    assert_eq!(uuids(EventFilter { since: Some(at(10)), until: Some(at(20)), ..all() }).await, ["main/ev-1"]);
    assert!(uuids(EventFilter { okta_user_id: Some("00u9".into()), ..all() }).await.is_empty());
    assert_eq!(bench.ledger.event(None, "ev-1").await.unwrap().len(), 2, "one per org");
    let detail = bench.ledger.event(Some(&org("main")), "ev-2").await.unwrap();
    assert_eq!(detail.len(), 1);
    assert_eq!(detail[0].dead_letters.len(), 1);
    assert_eq!(detail[0].reports[0].result, ReportResult::Dead);
    assert!(bench.ledger.event(None, "ev-9").await.unwrap().is_empty());
    assert_eq!(bench.ledger.event_state(&event_id("ev-1")).await.unwrap(), Some(EventState::Queued));
    assert_eq!(bench.ledger.event_state(&event_id("ev-9")).await.unwrap(), None);
}

pub(crate) async fn an_event_comes_back_as_it_went_in(bench: Bench) {
    let factors = [Factor::Phone(Channel::Voice), Factor::PhoneUnknownChannel, Factor::Other];
    let readings = [Reading::CodeAccepted, Reading::PhoneEnrolled, Reading::Nothing];
    for (i, (factor, reading)) in factors.into_iter().zip(readings).enumerate() {
        let mut received = event(&format!("ev-{i}"), 1, 0);
        (received.event.factor, received.event.reading) = (factor, reading);
        received.event.reason = Some("because".to_owned());
        bench.apply(&[Fact::EventReceived(received.clone())]).await;
        let found = bench.ledger.event(None, &received.event.id.uuid).await.unwrap();
        assert_eq!(found[0].event.event(), Some(received.event));
    }
    bench.apply(&[Fact::EventSettled(event_settled("only-its-end", 1, EventState::Dead, None))]).await;
    assert_eq!(bench.ledger.event(None, "only-its-end").await.unwrap()[0].event.event(), None);
}

pub(crate) async fn dead_letters_wait_until_they_are_replayed(bench: Bench) {
    let letters = [dead("ev-1", 10), dead("ev-2", 20)].map(Fact::DeadLettered);
    bench.apply(&letters).await;
    let uuids = async |filter: DeadLetterFilter| {
        let rows = bench.ledger.dead_letters(&filter).await.unwrap();
        rows.into_iter().map(|row| row.event_uuid).collect::<Vec<_>>()
    };
    let waiting = DeadLetterFilter::default;
    assert_eq!(uuids(waiting()).await, ["ev-2", "ev-1"]);
    assert_eq!(uuids(DeadLetterFilter { since: Some(at(15)), ..waiting() }).await, ["ev-2"]);
    assert_eq!(uuids(DeadLetterFilter { limit: 1, ..waiting() }).await, ["ev-2"]);
    assert!(uuids(DeadLetterFilter { org: Some(org("other")), ..waiting() }).await.is_empty());
    assert_eq!(uuids(DeadLetterFilter { until: Some(at(10)), ..waiting() }).await, ["ev-1"]);
    let of = |reason: &str| DeadLetterFilter { reason: Some(reason.to_owned()), ..waiting() };
    assert_eq!(uuids(of("was away")).await.len(), 2);
    assert!(uuids(of("was here")).await.is_empty());
    bench
        .apply(&[Fact::EventReplayed(replayed("ev-2", 100)), Fact::EventReplayed(replayed("ev-2", 99))])
        .await;
    bench.apply(&letters).await;
    assert_eq!(uuids(waiting()).await, ["ev-1"], "the fact that comes again does not wake it");
    let all = bench.ledger.dead_letters(&DeadLetterFilter { waiting: false, ..waiting() }).await.unwrap();
    assert_eq!((all[0].replayed_at, all[0].attempts), (Some(at(99)), 8));
    // Given up once more: a letter of its own.
    bench.apply(&[Fact::DeadLettered(dead("ev-2", 200))]).await;
    assert_eq!(uuids(waiting()).await, ["ev-2", "ev-1"]);
}

pub(crate) async fn the_overview_counts(bench: Bench) {
    assert_eq!(bench.ledger.overview(None).await.unwrap(), ledger::Overview::default());
    let copy = HookReceived { okta_event_id: Some("hook-1".to_owned()), ..hook(2, 10) };
    bench.apply(&[accepted(&hook(1, 10)), accepted(&copy), accepted(&hook(3, 100))].concat()).await;
    let failed = settled(4, 101, TransactionStatus::Failed, Settler::Dispatcher);
    let entered = otp::EventSettled {
        verified_at: Some(at(20)),
        ..event_settled("ev-1", 21, EventState::Done, Some(1))
    };
    bench
        .apply(&[
            Fact::HookReceived(hook(4, 100)),
            Fact::TransactionSettled(failed),
            Fact::AttemptStarted(started(4, 1, 100)),
            Fact::EventReceived(event("ev-1", 1, 20)),
            Fact::EventSettled(entered),
            Fact::EventReceived(event("ev-2", 1, 120)),
            Fact::FeedbackReported(reported("ev-1", 21, ReportResult::Reported, Some(1))),
            Fact::DeadLettered(dead("ev-2", 130)),
            Fact::Quarantined(quarantined(1, 130)),
        ])
        .await;
    let all = bench.ledger.overview(None).await.unwrap();
    assert_eq!(all.transactions, [("accepted".to_owned(), 2), ("failed".to_owned(), 1)].into());
    assert_eq!(all.answers, [("SUCCESSFUL".to_owned(), 2)].into());
    assert_eq!(all.attempts, [("accepted".to_owned(), 3), ("open".to_owned(), 1)].into());
    assert_eq!(all.events, [("done".to_owned(), 1), ("queued".to_owned(), 1)].into());
    assert_eq!(all.reports, [("reported".to_owned(), 1)].into());
    assert_eq!((all.verified, all.duplicates, all.dead_letters, all.quarantined), (1, 1, 1, 1));
    let late = bench.ledger.overview(Some(at(50))).await.unwrap();
    assert_eq!(late.transactions, [("accepted".to_owned(), 1), ("failed".to_owned(), 1)].into());
    assert_eq!((late.verified, late.duplicates, late.dead_letters), (0, 0, 1));
}

pub(crate) async fn a_listing_ends_at_a_thousand(bench: Bench) {
    let hooks: Vec<Fact> = (1..=1_100).map(|n| Fact::HookReceived(hook(n, 0))).collect();
    bench.apply(&hooks).await;
    assert_eq!(bench.count("otp_transactions").await, 1_100);
    let rows = bench.ledger.transactions(&TransactionFilter { limit: u32::MAX, ..Default::default() }).await;
    assert_eq!(rows.unwrap().len(), 1_000);
}
