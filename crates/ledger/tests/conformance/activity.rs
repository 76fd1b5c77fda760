//! What a dashboard counts and times.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::{Activity, ActivityQuery, CallTimes, Percentiles, Pile, RecentCalls, Tally, Timings};
use otp::{
    Answer, AttemptEnded, AttemptOutcome, Channel, EventState, Fact, FeedbackReported, HookReceived,
    ReportResult, SealedPhone, Settler, TransactionSettled, TransactionStatus,
};

use super::Bench;
use super::facts::*;

const HOUR: i64 = 3_600;

/// Three hours from ten o'clock, by the hour.
fn hours() -> ActivityQuery {
    let since: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
    ActivityQuery {
        since,
        until: since + SignedDuration::from_hours(3),
        step: Duration::from_secs(3_600),
        most: 10_000,
    }
}

fn abroad(hook: HookReceived, country: &str, channel: Channel) -> HookReceived {
    let phone = hook.phone.clone().map(|phone| SealedPhone { country: country.parse().unwrap(), ..phone });
    HookReceived { phone, channel: Some(channel), ..hook }
}

fn ended_as(hook: &HookReceived, n: u128, status: TransactionStatus, provider: &str) -> Vec<Fact> {
    let seconds = hook.received_at.duration_since(at(0)).as_secs();
    let end = settled(n, seconds + 1, status, Settler::Dispatcher);
    let end = TransactionSettled { provider: Some(provider.to_owned()), ..end };
    vec![Fact::HookReceived(hook.clone()), Fact::TransactionSettled(end)]
}

fn entered(uuid: &str, n: u128, seconds: i64) -> Fact {
    Fact::EventSettled(otp::EventSettled {
        verified_at: Some(at(seconds)),
        ..event_settled(uuid, seconds, EventState::Done, Some(n))
    })
}

pub(crate) async fn every_code_is_counted_once_and_where_it_belongs(bench: Bench) {
    let query = hours();
    let nothing = bench.ledger.activity(&query).await.unwrap();
    assert_eq!(nothing.by_time.len(), 3, "an hour in which nothing was is an hour");
    assert!(nothing.by_time.iter().all(|(_, tally)| *tally == Tally::default()));
    assert!(nothing.by_country.is_empty() && nothing.cut_at.is_none());

    use TransactionStatus::{Accepted, Ambiguous, Blocked, Failed, Rejected};
    let copy = HookReceived { okta_event_id: Some("hook-1".to_owned()), ..hook(20, 0) };
    let facts = [
        // The first instant of the span, and the last before its end.
        ended_as(&HookReceived { received_at: query.since, ..hook(1, 0) }, 1, Accepted, "verify"),
        ended_as(&hook(2, 5), 2, Accepted, "verify"),
        ended_as(&abroad(hook(3, HOUR), "FR", Channel::Voice), 3, Ambiguous, "verify"),
        ended_as(&abroad(hook(4, HOUR), "FR", Channel::Sms), 4, Failed, "backup"),
        ended_as(&abroad(hook(5, HOUR), "FR", Channel::Sms), 5, Rejected, "backup"),
        ended_as(&HookReceived { phone: None, channel: None, ..hook(6, HOUR) }, 6, Blocked, "backup"),
        vec![Fact::HookReceived(hook(7, 2 * HOUR))],
        // Neither a copy, nor what was before or after.
        ended_as(&copy, 20, Accepted, "verify"),
        ended_as(&hook(8, -1), 8, Accepted, "verify"),
        ended_as(&HookReceived { received_at: query.until, ..hook(9, 0) }, 9, Accepted, "verify"),
        // Entered: one that was accepted, and one of which nobody knew.
        vec![entered("ev-1", 1, 40), entered("ev-3", 3, HOUR + 40)],
    ];
    bench.apply(&facts.concat()).await;
    let found = bench.ledger.activity(&query).await.unwrap();
    let at_hour = |n: i64| query.since + SignedDuration::from_hours(n);
    let first = Tally { codes: 2, used: 1, unused: 1, ..Tally::default() };
    let second = Tally { codes: 4, used: 1, failed: 2, blocked: 1, ..Tally::default() };
    let third = Tally { codes: 1, open: 1, ..Tally::default() };
    assert_eq!(found.by_time, [(at_hour(0), first), (at_hour(1), second), (at_hour(2), third)]);
    let word = |word: &str| Some(word.to_owned());
    let france = Tally { codes: 3, used: 1, failed: 2, ..Tally::default() };
    let home = Tally { codes: 3, used: 1, unused: 1, open: 1, ..Tally::default() };
    let nowhere = Tally { codes: 1, blocked: 1, ..Tally::default() };
    assert_eq!(found.by_country, [(word("FR"), france), (word("US"), home), (None, nowhere)]);
    let codes = |list: &[(Option<String>, Tally)]| -> Vec<(String, u64)> {
        list.iter().map(|(word, tally)| (word.clone().unwrap_or_default(), tally.codes)).collect()
    };
    let pairs = |pairs: &[(&str, u64)]| pairs.iter().map(|(w, n)| ((*w).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(codes(&found.by_channel), pairs(&[("sms", 5), ("", 1), ("voice", 1)]));
    assert_eq!(codes(&found.by_provider), pairs(&[("backup", 3), ("verify", 3), ("", 1)]));
    let mut all = Tally::default();
    found.by_time.iter().for_each(|(_, tally)| all.add(tally));
    assert_eq!((all.codes, all.sent()), (7, 3));
}

pub(crate) async fn of_too_many_codes_the_newest_are_counted(bench: Bench) {
    let hooks: Vec<Fact> = (1..=30).map(|n| Fact::HookReceived(hook(n, i64::try_from(n).unwrap()))).collect();
    bench.apply(&hooks).await;
    let query = ActivityQuery { most: 10, ..hours() };
    let Activity { by_time, cut_at, .. } = bench.ledger.activity(&query).await.unwrap();
    assert_eq!(by_time.iter().map(|(_, tally)| tally.codes).sum::<u64>(), 10);
    assert_eq!(cut_at, Some(Timestamp::from_second(at(21).as_second()).unwrap()), "it says where it ends");
    let enough = ActivityQuery { most: 31, ..hours() };
    assert_eq!(bench.ledger.activity(&enough).await.unwrap().cut_at, None);
}

pub(crate) async fn what_took_how_long_is_the_nearest_rank(bench: Bench) {
    let query = hours();
    assert_eq!(bench.ledger.timings(&query).await.unwrap(), Timings::default());
    let micros = |us: i64| SignedDuration::from_micros(us);
    let mut facts = Vec::new();
    for n in 1..=100_i64 {
        let id = u128::try_from(n).unwrap();
        // The odd microsecond crosses a second, and is kept.
        let hook = HookReceived { received_at: at(n) + micros(700_001), ..hook(id, n) };
        let took = micros(n * 10_000);
        let answer = otp::HookAnswered {
            answered_at: hook.received_at + took,
            ..answered(&hook, 0, Answer::Successful)
        };
        let begun = hook.received_at + micros(7);
        let call = AttemptEnded {
            started_at: begun,
            ended_at: begun + took / 2,
            ..ended(id, 1, n, if n > 90 { AttemptOutcome::NotSent } else { AttemptOutcome::Accepted })
        };
        facts.extend([Fact::HookReceived(hook), Fact::HookAnswered(answer), Fact::AttemptEnded(call)]);
    }
    let backup =
        |call, outcome| AttemptEnded { provider: "backup".to_owned(), ..ended(100, call, 3_000, outcome) };
    facts.extend([
        Fact::AttemptEnded(backup(2, AttemptOutcome::Ambiguous)),
        Fact::AttemptEnded(backup(3, AttemptOutcome::RejectedFraud)),
        // One that has not ended is a call and takes no time yet.
        Fact::AttemptStarted(otp::AttemptStarted { provider: "backup".to_owned(), ..started(100, 4, 3_001) }),
        Fact::EventReceived(event("ev-1", 1, 50)),
        Fact::FeedbackReported(reported("ev-1", 53, ReportResult::Reported, Some(1))),
        Fact::EventReceived(event("ev-2", 1, 50)),
        Fact::FeedbackReported(FeedbackReported {
            reported_at: at(50) - micros(5),
            ..reported("ev-2", 0, ReportResult::Reported, Some(2))
        }),
        // What had no effect, and what nobody knows the begin of, has no lag.
        Fact::EventReceived(event("ev-3", 1, 50)),
        Fact::FeedbackReported(reported("ev-3", 999, ReportResult::Expired, Some(3))),
        Fact::FeedbackReported(reported("ev-4", 999, ReportResult::Reported, Some(4))),
    ]);
    bench.apply(&facts).await;
    let found = bench.ledger.timings(&query).await.unwrap();
    let ms = |ms| Some(Duration::from_millis(ms));
    assert_eq!(found.answers, Percentiles { count: 100, p50: ms(500), p95: ms(950), p99: ms(990) });
    // A report before its event (two clocks) took no time.
    let reports = Percentiles { count: 2, p50: Some(Duration::ZERO), p95: ms(3_000), p99: ms(3_000) };
    assert_eq!(found.reports, reports);
    let [backup, verify] = found.calls.as_slice() else { panic!("two providers: {:?}", found.calls) };
    let second = Percentiles { count: 2, p50: ms(1_000), p95: ms(1_000), p99: ms(1_000) };
    let expected = CallTimes {
        provider: "backup".to_owned(),
        calls: 3,
        ambiguous: 1,
        refused: 1,
        took: second,
        ..CallTimes::default()
    };
    assert_eq!(*backup, expected);
    assert_eq!((verify.calls, verify.accepted, verify.failed), (100, 90, 10));
    assert_eq!(verify.took, Percentiles { count: 100, p50: ms(250), p95: ms(475), p99: ms(495) });
    // Of more than are to be timed, the newest.
    let few = ActivityQuery { most: 20, ..query };
    let found = bench.ledger.timings(&few).await.unwrap();
    assert_eq!((found.answers.count, found.answers.p50), (2, ms(990)));
}

pub(crate) async fn what_wants_attention_is_counted_from_its_own_moment(bench: Bench) {
    let day = 24 * HOUR;
    let now = at(day);
    assert_eq!(bench.ledger.attention(now).await.unwrap(), ledger::Attention::default());
    let unsure = |n, seconds| Fact::AttemptEnded(ended(n, 1, seconds, AttemptOutcome::Ambiguous));
    bench
        .apply(&[
            // A dead letter waits until somebody replays it, however old it is.
            Fact::DeadLettered(dead("ev-old", -9 * day)),
            Fact::DeadLettered(dead("ev-new", 10)),
            Fact::Quarantined(quarantined(1, 30)),
            Fact::Quarantined(quarantined(2, -30)),
            unsure(1, 60),
            unsure(2, day - 121),
            unsure(3, day - 119),
            unsure(4, -1),
            Fact::AttemptEnded(ended(5, 1, day - 60, AttemptOutcome::Misconfigured)),
            Fact::AttemptEnded(ended(6, 1, day - 60, AttemptOutcome::Accepted)),
            Fact::AttemptStarted(started(7, 1, day - 60)),
            Fact::EventReceived(event("ev-waits", 1, day - 61)),
            Fact::EventReceived(event("ev-young", 1, day - 59)),
            Fact::EventReceived(event("ev-done", 1, day - 70)),
            Fact::EventSettled(event_settled("ev-done", day - 69, EventState::Done, None)),
        ])
        .await;
    let found = bench.ledger.attention(now).await.unwrap();
    assert_eq!(found.dead_letters, Pile { count: 2, oldest: Some(at(-9 * day)) });
    assert_eq!(found.quarantined, Pile { count: 1, oldest: Some(at(30)) });
    assert_eq!(found.unresolved, Pile { count: 2, oldest: Some(at(60)) });
    assert_eq!(found.waiting_events, Pile { count: 1, oldest: Some(at(day - 61)) });
    let calls = RecentCalls { provider: "verify".to_owned(), calls: 4, misconfigured: 1, unsure: 3 };
    assert_eq!(found.recent_calls, [calls]);
    bench.apply(&[Fact::EventReplayed(replayed("ev-old", day))]).await;
    let left = bench.ledger.attention(now).await.unwrap().dead_letters;
    assert_eq!(left, Pile { count: 1, oldest: Some(at(10)) });
}
