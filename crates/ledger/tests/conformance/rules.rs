//! The comparisons, one by one. Each is tried in both orders.

use otp::{Answer, AttemptOutcome, EventState, Fact, Reading, ReportResult, Settler, TransactionStatus};

use super::facts::*;
use super::{Bench, Dump};

/// The dump after two facts, which must not depend on their order.
async fn both(bench: &Bench, a: Fact, b: Fact) -> Dump {
    let forwards = bench.dump_of(&[a.clone(), b.clone()]).await;
    let backwards = bench.dump_of(&[b, a]).await;
    assert_eq!(forwards, backwards);
    forwards
}

fn only<'d>(dump: &'d Dump, table: &str) -> &'d str {
    assert_eq!(dump[table].len(), 1, "{:?}", dump[table]);
    &dump[table][0]
}

pub(crate) async fn a9_recovery_never_overrules_the_dispatcher(bench: Bench) {
    let sent = settled(1, 1, TransactionStatus::Accepted, Settler::Dispatcher);
    let recovered = settled(1, 100, TransactionStatus::Ambiguous, Settler::Recovery);
    let dump = both(&bench, Fact::TransactionSettled(sent), Fact::TransactionSettled(recovered)).await;
    assert!(only(&dump, "otp_transactions").contains("status='accepted'"), "{dump:?}");
}

pub(crate) async fn a9_among_equals_the_later_settle_counts(bench: Bench) {
    let early = settled(1, 1, TransactionStatus::Accepted, Settler::Dispatcher);
    let late = settled(1, 2, TransactionStatus::Failed, Settler::Dispatcher);
    let dump = both(&bench, Fact::TransactionSettled(early), Fact::TransactionSettled(late)).await;
    assert!(only(&dump, "otp_transactions").contains("status='failed'"), "{dump:?}");
}

pub(crate) async fn a9_what_is_known_replaces_ambiguous(bench: Bench) {
    let known = ended(1, 1, 0, AttemptOutcome::Accepted);
    let recovered = ended(1, 1, 100, AttemptOutcome::Ambiguous);
    let dump = both(&bench, Fact::AttemptEnded(known), Fact::AttemptEnded(recovered)).await;
    assert!(only(&dump, "send_attempts").contains("outcome='accepted'"), "{dump:?}");
    let late = ended(1, 1, 100, AttemptOutcome::NotSent);
    let early = ended(1, 1, 0, AttemptOutcome::RejectedNumber);
    let dump = both(&bench, Fact::AttemptEnded(early), Fact::AttemptEnded(late.clone())).await;
    assert!(only(&dump, "send_attempts").contains("outcome='not_sent'"), "{dump:?}");
    let early = ended(1, 1, 0, AttemptOutcome::Accepted);
    let dump = both(&bench, Fact::AttemptEnded(early), Fact::AttemptEnded(late)).await;
    assert!(only(&dump, "send_attempts").contains("outcome='accepted'"), "whoever looked in vain: {dump:?}");
}

pub(crate) async fn a9_an_ended_attempt_is_not_set_back(bench: Bench) {
    let start = Fact::AttemptStarted(started(1, 1, 0));
    let alone = bench.dump_of(std::slice::from_ref(&start)).await;
    assert!(only(&alone, "send_attempts").contains("outcome=NULL"), "{alone:?}");
    let dump = both(&bench, start, Fact::AttemptEnded(ended(1, 1, 5, AttemptOutcome::Accepted))).await;
    assert!(only(&dump, "send_attempts").contains("outcome='accepted'"), "{dump:?}");
    assert!(only(&dump, "send_attempts").contains("started_at='2026-11-20T10:00:05.250000Z'"), "{dump:?}");
}

pub(crate) async fn a9_the_first_answer_is_the_one_okta_had(bench: Bench) {
    let first = answered(&hook(1, 0), 1, Answer::Successful);
    let second = answered(&hook(1, 0), 2, Answer::Error);
    let dump = both(&bench, Fact::HookAnswered(first), Fact::HookAnswered(second)).await;
    assert!(only(&dump, "otp_transactions").contains("answer='SUCCESSFUL'"), "{dump:?}");
    let one = answered(&hook(1, 0), 1, Answer::Successful);
    let other = answered(&hook(1, 0), 1, Answer::Pending);
    let dump = both(&bench, Fact::HookAnswered(one), Fact::HookAnswered(other)).await;
    assert!(only(&dump, "otp_transactions").contains("answer='PENDING'"), "by word: {dump:?}");
}

pub(crate) async fn a9_an_event_counts_its_deliveries(bench: Bench) {
    let (one, two) = (Fact::EventReceived(event("ev", 1, 0)), Fact::EventReceived(event("ev", 2, 5)));
    let dump = both(&bench, one.clone(), two.clone()).await;
    let row = only(&dump, "okta_events");
    assert!(row.contains("deliveries=2"), "{row}");
    assert!(row.contains("received_at='2026-11-20T10:00:00.250000Z'"), "the earliest: {row}");
    let again = bench.dump_of(&[one.clone(), two.clone(), one.clone(), two, one]).await;
    assert_eq!(again, dump, "the same delivery counts once");
}

pub(crate) async fn a9_the_first_delivery_is_the_event(bench: Bench) {
    let mut early = event("ev", 1, 0);
    early.event.reading = Reading::Nothing;
    let late = event("ev", 2, 5);
    let dump = both(&bench, Fact::EventReceived(early), Fact::EventReceived(late)).await;
    let row = only(&dump, "okta_events");
    assert!(row.contains("state='skipped'") && row.contains("reading='nothing'"), "{row}");
    assert!(row.contains("settled_at='2026-11-20T10:00:00.250000Z'"), "{row}");
}

pub(crate) async fn a9_a_settled_event_is_not_put_back(bench: Bench) {
    let end = Fact::EventSettled(event_settled("ev", 3, EventState::Done, Some(1)));
    let dump = both(&bench, Fact::EventReceived(event("ev", 1, 0)), end.clone()).await;
    let row = only(&dump, "okta_events");
    assert!(row.contains("state='done'") && row.contains("deliveries=1"), "{row}");
    let (one, two) = (Fact::EventReceived(event("ev", 1, 0)), Fact::EventReceived(event("ev", 2, 60)));
    let dump = bench.dump_of(&[end, one, two]).await;
    let row = only(&dump, "okta_events");
    assert!(row.contains("state='done'") && row.contains("deliveries=2"), "{row}");
}

pub(crate) async fn a9_a_replayed_event_ends_as_its_last_settle_says(bench: Bench) {
    let dead = event_settled("ev", 3, EventState::Dead, None);
    let replayed = event_settled("ev", 90, EventState::Done, Some(1));
    let dump = both(&bench, Fact::EventSettled(dead), Fact::EventSettled(replayed)).await;
    assert!(only(&dump, "okta_events").contains("state='done'"), "{dump:?}");
}

pub(crate) async fn a9_a_replayed_event_is_queued_until_a_later_end(bench: Bench) {
    let replay = || Fact::EventReplayed(replayed("ev", 50));
    let settle = |seconds| Fact::EventSettled(event_settled("ev", seconds, EventState::Expired, None));
    let dump = both(&bench, settle(3), replay()).await;
    let row = only(&dump, "okta_events");
    assert!(row.contains("state='queued'") && row.contains("note='replayed'"), "{row}");
    assert!(row.contains("deliveries=0"), "a replay is no delivery: {row}");
    let dump = both(&bench, settle(51), replay()).await;
    assert!(only(&dump, "okta_events").contains("state='expired'"), "{dump:?}");
    let matched =
        bench.ledger.match_events(&[ledger::EventQuery { event: event_id("ev"), send: None }]).await;
    let matched = matched.unwrap().remove(0).unwrap();
    assert_eq!((matched.state, matched.settled_at), (Some(EventState::Expired), Some(at(51))));
    // A dead letter of before it waits no more, one of after it does.
    let dump = both(&bench, Fact::DeadLettered(dead("ev", 40)), replay()).await;
    assert!(only(&dump, "dead_letters").contains("replayed_at='2026-11-20T10:00:50.250000Z'"), "{dump:?}");
    let dump = both(&bench, Fact::DeadLettered(dead("ev", 60)), replay()).await;
    assert!(only(&dump, "dead_letters").contains("replayed_at=NULL"), "{dump:?}");
    let dump = bench
        .dump_of(&[Fact::EventReplayed(replayed("ev", 90)), Fact::DeadLettered(dead("ev", 40)), replay()])
        .await;
    assert!(only(&dump, "dead_letters").contains("replayed_at='2026-11-20T10:00:50"), "the first: {dump:?}");
}

pub(crate) async fn a9_the_earliest_verification_counts(bench: Bench) {
    let entered = |uuid, seconds, verified| {
        Fact::EventSettled(otp::EventSettled {
            verified_at: Some(at(verified)),
            ..event_settled(uuid, seconds, EventState::Done, Some(1))
        })
    };
    let dump = both(&bench, entered("ev-1", 30, 10), entered("ev-2", 20, 15)).await;
    assert!(
        only(&dump, "otp_transactions").contains("verified_at='2026-11-20T10:00:10.250000Z'"),
        "{dump:?}"
    );
    assert_eq!(dump["okta_events"].len(), 2);
}

pub(crate) async fn a9_a_report_with_effect_outranks_one_without(bench: Bench) {
    let report = |seconds, result| Fact::FeedbackReported(reported("ev", seconds, result, Some(1)));
    let dump = both(&bench, report(1, ReportResult::Reported), report(9, ReportResult::AlreadyFinal)).await;
    let row = only(&dump, "feedback_reports");
    assert!(row.contains("result='reported'"), "what a second try sees is no news: {row}");
    let dump = both(&bench, report(1, ReportResult::Dead), report(9, ReportResult::Expired)).await;
    assert!(only(&dump, "feedback_reports").contains("result='expired'"), "{dump:?}");
    let dump = both(&bench, report(1, ReportResult::Reported), report(9, ReportResult::Reported)).await;
    assert!(
        only(&dump, "feedback_reports").contains("reported_at='2026-11-20T10:00:01.250000Z'"),
        "{dump:?}"
    );
    let by_number = Fact::FeedbackReported(reported("ev", 1, ReportResult::Reported, None));
    let dump = both(&bench, report(1, ReportResult::Reported), by_number).await;
    assert_eq!(dump["feedback_reports"].len(), 2, "two reports about two things");
}
