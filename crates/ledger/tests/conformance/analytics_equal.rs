//! The views of the two databases side by side: to the last digit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use otp::{
    Answer, AttemptEnded, AttemptOutcome, Channel, EventSource, Fact, FailureClass, HookReceived,
    OktaSendEvent, ReportResult, SealedPhone, SendEventKind, SendNoted, SendOutcome, Settler,
    TransactionStatus, Verdict,
};

use super::facts::*;
use super::{postgres, sqlite};

const VIEWS: [&str; 6] = [
    "analytics_deliveries_hourly",
    "analytics_conversion_by_country",
    "analytics_provider_health",
    "analytics_feedback_lag",
    "analytics_okta_fallbacks",
    "analytics_fraud_watch",
];

/// Codes of three hours, which end in every way.
const CODES: i64 = 180;

fn micros(n: i64) -> SignedDuration {
    SignedDuration::from_micros(n)
}

/// How long the `n`th code's answer took: no two the same, some longer than Okta waits, with digits to the last place.
fn took(n: i64) -> SignedDuration {
    micros(80_001 + n * 7_919 % 900_000 + if n % 17 == 0 { 2_800_013 } else { 0 })
}

fn hook_of(n: i64) -> HookReceived {
    let (country, prefix) = [("us", "+1555555"), ("gb", "+4477009"), ("fr", "+3363998")][n as usize % 3];
    let user = n % 11;
    let mut hook = hook(n.unsigned_abs().into(), 0);
    hook.received_at = at(n * 53) + micros(n * 1_003);
    hook.org = org(if n % 8 < 2 { "partners" } else { "main" });
    hook.channel = if n % 7 == 0 { Some(Channel::Voice) } else { Some(Channel::Sms) };
    hook.okta_user_id = Some(format!("00u{user}"));
    hook.phone = Some(SealedPhone {
        country: country.parse().unwrap(),
        prefix: prefix.to_owned(),
        ..phone(user.unsigned_abs().into())
    });
    hook
}

fn end_of(n: i64) -> (TransactionStatus, AttemptOutcome, Answer) {
    match n % 10 {
        6 => (TransactionStatus::Ambiguous, AttemptOutcome::Ambiguous, Answer::Pending),
        7 => (TransactionStatus::Failed, AttemptOutcome::NotSent, Answer::Error),
        8 => (TransactionStatus::Rejected, AttemptOutcome::RejectedNumber, Answer::Error),
        9 if n % 4 == 1 => (TransactionStatus::Failed, AttemptOutcome::Misconfigured, Answer::Failed),
        9 => (TransactionStatus::Blocked, AttemptOutcome::RejectedFraud, Answer::Error),
        _ => (TransactionStatus::Accepted, AttemptOutcome::Accepted, Answer::Successful),
    }
}

/// Its hook, calls, end, answer, and the event and report of one that was entered.
fn code(n: i64) -> Vec<Fact> {
    let hook = hook_of(n);
    let (id, at) = (hook.transaction, hook.received_at);
    let (status, outcome, answer) = end_of(n);
    let provider = if n % 4 == 0 { "telesign" } else { "verify" };
    let mut facts = vec![Fact::HookReceived(hook.clone())];
    if n % 30 == 29 {
        // Still under way.
        facts.push(Fact::AttemptStarted(otp::AttemptStarted {
            started_at: at,
            ..started(n.unsigned_abs().into(), 1, 0)
        }));
        return facts;
    }
    let call = |place: u8, provider: &str, begun: Timestamp, took, outcome| {
        Fact::AttemptEnded(AttemptEnded {
            transaction: id,
            provider: provider.to_owned(),
            started_at: begun,
            ended_at: begun + took,
            ..ended(n.unsigned_abs().into(), place, 0, outcome)
        })
    };
    let first = took(n) / 2;
    if n % 9 == 0 {
        facts.push(call(1, "verify", at, first, AttemptOutcome::NotSent));
        facts.push(call(2, "telesign", at + first, first, outcome));
    } else {
        facts.push(call(1, provider, at, took(n), outcome));
    }
    facts.push(Fact::TransactionSettled(otp::TransactionSettled {
        transaction: id,
        provider: Some(provider.to_owned()),
        settled_at: at + took(n),
        ..settled(1, 0, status, Settler::Dispatcher)
    }));
    facts.push(Fact::HookAnswered(otp::HookAnswered {
        failure_class: (answer != Answer::Successful).then_some(match n % 10 {
            6 => FailureClass::Ambiguous,
            9 => FailureClass::RejectedFraud,
            _ => FailureClass::NotAccepted,
        }),
        answered_at: at + took(n),
        ..answered(&hook, 0, answer)
    }));
    if status == TransactionStatus::Accepted && n % 6 != 1 {
        let entered = at + took(n) + micros(9_000_017 + n * 104_729 % 50_000_000);
        facts.extend(entered_code(n, &hook, provider, entered));
    }
    facts
}

fn entered_code(n: i64, hook: &HookReceived, provider: &str, entered: Timestamp) -> Vec<Fact> {
    let uuid = format!("ev-{n}");
    let came = entered + micros(1_100_003 + n * 1_009 % 700_000);
    let reported_at = came + micros(90_007 + n * 31_337 % 2_000_000);
    let mut received = event(&uuid, n.unsigned_abs().into(), 0);
    received.event.id.org = hook.org.clone();
    (received.event.published_at, received.received_at) = (Some(entered), came);
    received.source = if n % 8 == 0 { EventSource::Log } else { EventSource::Hook };
    let id = received.event.id.clone();
    let result = if n % 13 == 0 { ReportResult::AlreadyFinal } else { ReportResult::Reported };
    let verdict = if n % 19 == 0 { Verdict::Canceled } else { Verdict::Approved };
    let mut facts = vec![
        Fact::FeedbackReported(otp::FeedbackReported {
            event: id.clone(),
            provider: provider.to_owned(),
            verdict,
            reported_at,
            ..reported(&uuid, 0, result, Some(n.unsigned_abs().into()))
        }),
        Fact::EventSettled(otp::EventSettled {
            event: id,
            transaction: Some(hook.transaction),
            verified_at: Some(entered),
            settled_at: reported_at,
            ..event_settled(&uuid, 0, otp::EventState::Done, None)
        }),
    ];
    // Of some reports the event never came.
    if n % 21 != 0 {
        facts.push(Fact::EventReceived(received));
    }
    facts
}

/// What Okta did after some of them, and without any.
fn sends() -> Vec<Fact> {
    let mut facts = Vec::new();
    for n in (6..CODES).step_by(5) {
        let hook = hook_of(n);
        let mut noted = sent_by_okta(&format!("s-{n}"), 0);
        let event: &mut OktaSendEvent = &mut noted.event;
        event.id.org = hook.org.clone();
        event.channel = hook.channel;
        event.okta_user_id = hook.okta_user_id.clone();
        event.country = (n % 2 == 0).then(|| hook.phone.clone().unwrap().country);
        event.published_at = Some(hook.received_at + micros(3_000_000 + n * 800_003));
        event.outcome = match n % 4 {
            0 => SendOutcome::Failed,
            1 => SendOutcome::Denied,
            _ => SendOutcome::Sent,
        };
        facts.push(Fact::SendNoted(noted.clone()));
        for (kind, outcome) in [
            (
                SendEventKind::Status,
                if n % 3 == 0 { SendOutcome::Undelivered } else { SendOutcome::Delivered },
            ),
            (SendEventKind::HookFailed, SendOutcome::Failed),
        ] {
            let uuid = format!("{}-{}", kind.as_str(), noted.event.id.uuid);
            let mut event = OktaSendEvent { kind, outcome, ..noted.event.clone() };
            event.id.uuid = uuid;
            event.published_at = Some(hook.received_at + micros(n * 9_000_000_007));
            facts.push(Fact::SendNoted(SendNoted { event, ..noted.clone() }));
        }
    }
    facts
}

/// The value at the nearest rank, by hand.
fn nearest_rank(values: &[SignedDuration], percent: usize) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    format!("{:?}", sorted[rank - 1].as_micros() as f64 / 1e6)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s28_every_view_gives_the_same_rows_in_both_databases() {
    let (file, server) = (sqlite::fresh().await, postgres::fresh().await);
    let mut facts: Vec<Fact> = (0..CODES).flat_map(code).chain(sends()).collect();
    // A copy of a hook by another node counts nowhere.
    let copy = HookReceived { transaction: tx(9_999), ..hook_of(1) };
    facts.push(Fact::HookReceived(copy));
    file.apply(&facts).await;
    // In another order, in small pieces.
    facts.reverse();
    for facts in facts.chunks(37) {
        server.apply(facts).await;
    }
    for view in VIEWS {
        let (columns, rows) = file.view(view).await;
        let (also, same) = server.view(view).await;
        assert_eq!(columns, also, "{view}");
        assert!(rows.len() > 3, "{view}");
        for (row, other) in rows.iter().zip(&same) {
            assert_eq!(row, other, "{view}: {columns:?}");
        }
        assert_eq!(rows.len(), same.len(), "{view}");
        for (place, column) in columns.iter().enumerate() {
            let values: BTreeSet<&str> = rows.iter().map(|row| row[place].as_str()).collect();
            assert!(values.len() > 1 || column == "day", "{view}.{column} is always {values:?}");
        }
    }
    // And they are the right ones.
    let mut calls = BTreeMap::<(String, String), Vec<SignedDuration>>::new();
    for fact in &facts {
        if let Fact::AttemptEnded(end) = fact {
            let hour = end.started_at.strftime("%Y-%m-%dT%H:00:00.000000Z").to_string();
            let took = end.ended_at.duration_since(end.started_at);
            calls.entry((hour, end.provider.clone())).or_default().push(took);
        }
    }
    let (columns, rows) = file.view("analytics_provider_health").await;
    let place = |name: &str| columns.iter().position(|column| column == name).unwrap();
    assert_eq!(rows.len(), calls.len());
    for row in &rows {
        let took = &calls[&(row[0].clone(), row[1].clone())];
        for (column, percent) in
            [("seconds_p50", 50), ("seconds_p95", 95), ("seconds_p99", 99), ("seconds_max", 100)]
        {
            assert_eq!(row[place(column)], nearest_rank(took, percent), "{column} of {row:?}");
        }
        let open = row[place("open")].parse::<usize>().unwrap();
        assert_eq!(row[place("attempts")], (took.len() + open).to_string());
    }
}
