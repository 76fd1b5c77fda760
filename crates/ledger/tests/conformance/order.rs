use otp::{Answer, AttemptOutcome, EventState, Fact, Reading, ReportResult, Settler, TransactionStatus};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::Bench;
use super::facts::*;

/// Facts about few things at few moments, so that they meet. What one node says once (a hook; an event in one delivery) is a
/// function of what it is about; whatever may be said twice in two ways is said in every way.
pub(crate) fn any_fact() -> impl Strategy<Value = Fact> {
    let n = || 1u128..5;
    let seconds = || 0i64..2;
    let uuid = || prop::sample::select(vec!["ev-1", "ev-2"]);
    prop_oneof![
        n().prop_map(|n| Fact::HookReceived(hook_of(n))),
        (n(), 1u8..3, seconds(), provider()).prop_map(|(n, call, s, provider)| {
            Fact::AttemptStarted(otp::AttemptStarted { provider, ..started(n, call, s) })
        }),
        (1u128..3, 1u8..2, seconds(), any_outcome(), provider(), maybe_code()).prop_map(
            |(n, call, s, outcome, provider, provider_code)| {
                Fact::AttemptEnded(otp::AttemptEnded {
                    provider,
                    provider_code,
                    ..ended(n, call, s, outcome)
                })
            }
        ),
        (n(), seconds(), any_status(), any_settler(), maybe_code()).prop_map(
            |(n, s, status, by, provider_ref)| {
                Fact::TransactionSettled(otp::TransactionSettled {
                    provider_ref,
                    ..settled(n, s, status, by)
                })
            }
        ),
        (n(), seconds(), any_answer(), any_outcome(), maybe_code()).prop_map(
            |(n, s, answer, outcome, attempt_ref)| {
                let failure_class = outcome.failure_class();
                Fact::HookAnswered(otp::HookAnswered {
                    failure_class,
                    attempt_ref,
                    ..answered(&hook_of(n), s, answer)
                })
            }
        ),
        (uuid(), 1u128..4).prop_map(|(uuid, delivery)| Fact::EventReceived(delivery_of(uuid, delivery))),
        (uuid(), seconds(), any_state(), prop::option::of(n()), prop::option::of(seconds()), maybe_code())
            .prop_map(|(uuid, s, state, n, verified, note)| {
                let end = event_settled(uuid, s, state, n);
                Fact::EventSettled(otp::EventSettled { note, verified_at: verified.map(at), ..end })
            }),
        (uuid(), seconds(), any_result(), prop::option::of(n()), any_verdict()).prop_map(
            |(uuid, s, result, n, verdict)| {
                Fact::FeedbackReported(otp::FeedbackReported { verdict, ..reported(uuid, s, result, n) })
            }
        ),
        (uuid(), 0i64..2, 1u32..4).prop_map(|(uuid, s, attempts)| {
            Fact::DeadLettered(otp::DeadLettered { attempts, ..dead(uuid, s) })
        }),
        (uuid(), seconds()).prop_map(|(uuid, s)| Fact::EventReplayed(replayed(uuid, s))),
        n().prop_map(|n| Fact::Quarantined(quarantined(n, 0))),
        any_receipt(),
        any_send_event(),
        (0i64..3).prop_map(|s| Fact::LogRead(otp::LogRead { org: org("main"), until: at(s) })),
        // One that is refused wherever it stands.
        n().prop_map(|n| Fact::AttemptEnded(super::poison::too_long(n))),
    ]
}

/// Few references, so that copies meet; what is no part of a receipt's id is said in every way.
fn any_receipt() -> impl Strategy<Value = Fact> {
    let reference = prop::sample::select(vec![None, Some("VE1".to_owned()), Some("VE1\0".to_owned())]);
    let code = prop::sample::select(vec![None, Some(String::new()), Some("30003".to_owned())]);
    let moments = (0i64..2, prop::option::of(0i64..2));
    (reference, code, moments, prop::option::of(1u128..3)).prop_map(
        |(provider_ref, error_code, (s, reported), n)| {
            Fact::ReceiptReceived(otp::ReceiptReceived {
                provider_ref,
                attempt_ref: None,
                error_code,
                transaction: n.map(tx),
                reported_at: reported.map(at),
                ..receipt(1, s, "delivered")
            })
        },
    )
}

/// Few events that meet, by both ways and in every wording.
fn any_send_event() -> impl Strategy<Value = Fact> {
    let source = prop::sample::select(vec![otp::EventSource::Hook, otp::EventSource::Log]);
    let outcome = prop::sample::select(vec![otp::SendOutcome::Sent, otp::SendOutcome::Denied]);
    (prop::sample::select(vec!["s-1", "s-2"]), source, outcome, maybe_code(), 0i64..2, prop::bool::ANY)
        .prop_map(|(uuid, source, outcome, reason, s, said)| {
            let noted = sent_by_okta(uuid, s);
            let published_at = said.then(|| at(0));
            let event = otp::OktaSendEvent { outcome, reason, published_at, ..noted.event.clone() };
            Fact::SendNoted(otp::SendNoted { event, source, ..noted })
        })
}

/// Two hooks, each taken by two nodes.
fn hook_of(n: u128) -> otp::HookReceived {
    otp::HookReceived {
        okta_event_id: Some(format!("hook-{}", n % 2)),
        ..hook(n, i64::try_from(n % 3).unwrap())
    }
}

/// Two of the three deliveries come at the same moment, and one reads the event differently.
fn delivery_of(uuid: &str, delivery: u128) -> otp::EventReceived {
    let mut received = event(uuid, delivery, i64::from(delivery == 1));
    if delivery == 3 {
        received.source = otp::EventSource::Log;
    }
    if delivery == 2 {
        received.event.reading = Reading::Nothing;
    }
    received
}

fn provider() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["backup".to_owned(), "verify".to_owned()])
}

fn maybe_code() -> impl Strategy<Value = Option<String>> {
    prop::sample::select(vec![
        None,
        Some(String::new()),
        Some("20429".to_owned()),
        Some("60203\0".to_owned()),
    ])
}

fn any_outcome() -> impl Strategy<Value = AttemptOutcome> {
    prop::sample::select(vec![AttemptOutcome::Accepted, AttemptOutcome::NotSent, AttemptOutcome::Ambiguous])
}

fn any_status() -> impl Strategy<Value = TransactionStatus> {
    any_outcome().prop_map(AttemptOutcome::status)
}

fn any_settler() -> impl Strategy<Value = Settler> {
    prop::sample::select(vec![Settler::Recovery, Settler::Dispatcher, Settler::Reconciler])
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop::sample::select(vec![Answer::Successful, Answer::Error])
}

fn any_state() -> impl Strategy<Value = EventState> {
    prop::sample::select(vec![EventState::Queued, EventState::Done, EventState::Dead])
}

fn any_result() -> impl Strategy<Value = ReportResult> {
    use ReportResult::{AlreadyFinal, Dead, Expired, Reported, Unsupported};
    prop::sample::select(vec![Reported, AlreadyFinal, Expired, Unsupported, Dead])
}

fn any_verdict() -> impl Strategy<Value = otp::Verdict> {
    prop::sample::select(vec![otp::Verdict::Approved, otp::Verdict::Canceled])
}

/// How the same facts reach the books another time.
#[derive(Debug, Clone)]
struct Way {
    /// Every fact at least once, in any order.
    order: Vec<usize>,
    /// Where one batch ends and the next begins.
    cuts: Vec<Index>,
}

fn facts_and_a_way() -> impl Strategy<Value = (Vec<Fact>, Way)> {
    prop::collection::vec(any_fact(), 1..40)
        .prop_flat_map(|facts| {
            let again = prop::collection::vec(0..facts.len(), 0..20);
            (Just(facts), again)
        })
        .prop_flat_map(|(facts, again)| {
            let order: Vec<usize> = (0..facts.len()).chain(again).collect();
            (Just(facts), Just(order).prop_shuffle(), prop::collection::vec(any::<Index>(), 0..6))
        })
        .prop_map(|(facts, order, cuts)| (facts, Way { order, cuts }))
}

fn is_poison(fact: &Fact) -> bool {
    matches!(fact, Fact::AttemptEnded(end) if end.n == super::poison::TOO_LONG_N)
}

/// Applies `facts` in batches that end at `cuts`; how many were refused.
async fn apply_in_batches(bench: &Bench, facts: &[Fact], cuts: &[Index]) -> usize {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(facts.len() + 1)).collect();
    ends.push(facts.len());
    ends.sort_unstable();
    let (mut begin, mut refused) = (0, 0);
    for end in ends {
        refused += bench.ledger.apply(&facts[begin..end]).await.unwrap().quarantined.len();
        begin = end;
    }
    refused
}

pub(crate) async fn a9_any_order_repetition_and_cut_ends_in_the_same_rows(bench: Bench) {
    let runtime = tokio::runtime::Handle::current();
    let config = Config { failure_persistence: None, ..Config::default() };
    let seen = tokio::task::spawn_blocking(move || {
        let mut rows = std::collections::BTreeMap::<String, usize>::new();
        let seen = std::cell::RefCell::new(&mut rows);
        TestRunner::new(config)
            .run(&facts_and_a_way(), |(facts, way)| {
                runtime.block_on(async {
                    bench.clear().await;
                    let refused = apply_in_batches(&bench, &facts, &[]).await;
                    prop_assert_eq!(refused, facts.iter().filter(|fact| is_poison(fact)).count());
                    let expected = bench.dump().await;
                    bench.clear().await;
                    let again: Vec<Fact> = way.order.iter().map(|i| facts[*i].clone()).collect();
                    let refused = apply_in_batches(&bench, &again, &way.cuts).await;
                    prop_assert_eq!(refused, again.iter().filter(|fact| is_poison(fact)).count());
                    prop_assert_eq!(&bench.dump().await, &expected);
                    for (table, lines) in expected {
                        *seen.borrow_mut().entry(table).or_default() += lines.len();
                    }
                    Ok(())
                })
            })
            .unwrap();
        rows
    })
    .await
    .unwrap();
    for (table, rows) in seen {
        assert!(rows > 0, "{table} was never written to");
    }
}

pub(crate) async fn a9_a_transaction_may_begin_with_any_of_its_facts(bench: Bench) {
    let mut facts = accepted(&hook(1, 0));
    let end =
        otp::EventSettled { verified_at: Some(at(20)), ..event_settled("ev", 21, EventState::Done, Some(1)) };
    facts.push(Fact::EventSettled(end));
    let expected = bench.dump_of(&facts).await;
    assert_eq!(expected["otp_transactions"].len(), 1);
    assert!(!expected["otp_transactions"][0].contains("verified_at=NULL"), "{expected:?}");
    let mut ways = 0;
    for order in permutations(facts.len()) {
        bench.clear().await;
        for i in &order {
            bench.apply(&facts[*i..=*i]).await;
        }
        assert_eq!(bench.dump().await, expected, "{order:?}");
        ways += 1;
    }
    assert_eq!(ways, 720);
}

pub(crate) fn permutations(n: usize) -> Vec<Vec<usize>> {
    let Some(last) = n.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for shorter in permutations(last) {
        for place in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(place, last);
            all.push(longer);
        }
    }
    all
}

pub(crate) async fn a9_two_drainers_at_once_end_in_the_same_rows(bench: Bench) {
    let facts: Vec<Fact> = (1..=200u128).flat_map(|n| accepted(&hook_of(n))).collect();
    let expected = bench.dump_of(&facts).await;
    assert_eq!(expected["otp_transactions"].len(), 200);
    bench.clear().await;
    let other = bench.another().await;
    let forwards = async {
        for batch in facts.chunks(7) {
            bench.apply(batch).await;
        }
    };
    let backwards = async {
        for batch in facts.rchunks(5) {
            other.apply(batch).await.unwrap();
        }
    };
    tokio::join!(forwards, backwards);
    assert_eq!(bench.dump().await, expected);
}
