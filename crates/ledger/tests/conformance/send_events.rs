use ledger::Retention;
use otp::{
    Answer, Channel, EventSource, Fact, LogRead, OktaSendEvent, SendEventKind, SendNoted, SendOutcome, SentBy,
};

use super::Bench;
use super::facts::*;

pub(crate) async fn a9_the_first_copy_of_a_send_event_counts(bench: Bench) {
    let delivered = SendNoted { source: EventSource::Hook, received_at: at(5), ..sent_by_okta("s", 4) };
    let found = SendNoted { node: "node-b".to_owned(), ..sent_by_okta("s", 4) };
    for facts in [[&found, &delivered], [&delivered, &found]] {
        bench.clear().await;
        for fact in facts {
            bench.apply(&[Fact::SendNoted(fact.clone())]).await;
        }
        let one_by_one = bench.dump().await;
        let together = bench.dump_of(&facts.map(|fact| Fact::SendNoted(fact.clone()))).await;
        assert_eq!(one_by_one, together);
        let rows = &together["okta_send_events"];
        assert_eq!(rows.len(), 1);
        assert!(rows[0].contains("source='hook'") && rows[0].contains("node='node-a'"), "{rows:?}");
        assert!(rows[0].contains("sent_by='okta'") && rows[0].contains("outcome='sent'"), "{rows:?}");
        assert!(rows[0].contains("published_at='2026-11-20T10:00:04.250000Z'"), "{rows:?}");
    }
}

pub(crate) async fn a_log_is_read_as_far_as_the_furthest_said(bench: Bench) {
    let read = |name: &str, s| Fact::LogRead(LogRead { org: org(name), until: at(s) });
    assert_eq!(bench.ledger.log_read_until(&org("main")).await.unwrap(), None);
    bench.apply(&[read("main", 30), read("main", 10), read("other", 99)]).await;
    bench.apply(&[read("main", 20)]).await;
    assert_eq!(bench.ledger.log_read_until(&org("main")).await.unwrap(), Some(at(30)));
    assert_eq!(bench.ledger.log_read_until(&org("other")).await.unwrap(), Some(at(99)));
    assert_eq!(bench.ledger.log_read_until(&org("third")).await.unwrap(), None);
}

const FALLBACKS: &str = "SELECT coalesce(answer, '-') || ' ' || coalesce(channel, '-') || ' ' || coalesce(country, '-') || ' '
    || transactions || ' ' || okta_sent || ' ' || okta_failed || ' ' || okta_denied || ' ' || okta_delivered || ' '
    || okta_undelivered || ' ' || hook_failures AS line FROM analytics_okta_fallbacks ORDER BY 1";

pub(crate) async fn what_okta_did_stands_beside_what_it_was_told(bench: Bench) {
    let of = |uuid: &str, seconds, change: fn(&mut OktaSendEvent)| {
        let mut noted = sent_by_okta(uuid, seconds);
        change(&mut noted.event);
        Fact::SendNoted(noted)
    };
    let told = |n, seconds, answer| {
        let hook = hook(n, seconds);
        [Fact::HookReceived(hook.clone()), Fact::HookAnswered(answered(&hook, seconds + 1, answer))]
    };
    bench.apply(&told(1, 0, Answer::Pending)).await;
    bench.apply(&told(2, 1_000, Answer::Successful)).await;
    bench
        .apply(&[
            // After an answer; beside the newest hook in the minute before it.
            of("a", 2, |_| {}),
            // Our answer came too late for Okta, or never reached it.
            of("b", 1_003, |event| event.country = None),
            // Nothing of ours: another user, another channel, a minute later, before the hook.
            of("c", 2, |event| event.okta_user_id = Some("00u2".to_owned())),
            of("d", 2, |event| event.channel = Some(Channel::Voice)),
            of("e", 1_060, |_| {}),
            of("f", 989, |_| {}),
            of("g", 3, |event| event.outcome = SendOutcome::Failed),
            of("h", 4_000, |event| (event.outcome, event.sent_by) = (SendOutcome::Denied, None)),
            of("i", 4_000, |event| {
                (event.kind, event.outcome) = (SendEventKind::Status, SendOutcome::Delivered)
            }),
            of("j", 4_000, |event| {
                (event.kind, event.outcome) = (SendEventKind::Status, SendOutcome::Undelivered)
            }),
            of("k", 4_000, |event| {
                (event.kind, event.outcome, event.sent_by) =
                    (SendEventKind::HookFailed, SendOutcome::Failed, None);
                (event.channel, event.country, event.okta_user_id) = (None, None, None);
            }),
            // What the hook sent is no doing of Okta's.
            of("l", 2, |event| event.sent_by = Some(SentBy::Hook)),
            of("m", 2, |event| event.sent_by = None),
        ])
        .await;
    let lines = bench.lines(FALLBACKS).await;
    assert_eq!(
        lines,
        [
            "- - - 0 0 0 0 0 0 1",
            "- sms US 0 3 0 1 1 1 0",
            "- voice US 0 1 0 0 0 0 0",
            "PENDING sms US 1 1 1 0 0 0 0",
            "SUCCESSFUL sms US 0 1 0 0 0 0 0",
        ]
    );
}

pub(crate) async fn an_event_keeps_the_way_it_first_came(bench: Bench) {
    let delivered = |seconds| Fact::EventReceived(event("ev", 1, seconds));
    let found = |seconds| {
        Fact::EventReceived(otp::EventReceived { source: EventSource::Log, ..event("ev", 2, seconds) })
    };
    for (facts, source) in [([found(10), delivered(20)], "log"), ([found(20), delivered(10)], "hook")] {
        let [a, b] = facts;
        for facts in [[a.clone(), b.clone()], [b, a]] {
            bench.clear().await;
            bench.apply(&facts[..1]).await;
            bench.apply(&facts[1..]).await;
            let lines = bench.lines("SELECT source || ' ' || deliveries AS line FROM okta_events").await;
            assert_eq!(lines, [format!("{source} 2")]);
        }
    }
}

pub(crate) async fn a11_odd_send_events_are_stored_or_put_aside(bench: Bench) {
    let odd = "a\0b \u{202e}é🂡'\"\\;--\u{1}";
    let noted = sent_by_okta(odd, 0);
    let text = || Some(odd.to_owned());
    let strange = OktaSendEvent {
        event_type: odd.to_owned(),
        okta_user_id: text(),
        phone_prefix: text(),
        provider: text(),
        provider_ref: text(),
        reason: Some("r".repeat(100_000)),
        published_at: Some(jiff::Timestamp::MIN),
        ..noted.event.clone()
    };
    let too_long = sent_by_okta(&"x".repeat(513), 1);
    let reference = OktaSendEvent { provider_ref: Some("x".repeat(513)), ..sent_by_okta("y", 1).event };
    let facts = [
        Fact::SendNoted(SendNoted { event: strange, ..noted.clone() }),
        Fact::SendNoted(too_long),
        Fact::SendNoted(SendNoted { event: reference, ..noted }),
    ];
    let applied = bench.ledger.apply(&facts).await.unwrap();
    assert_eq!(applied.quarantined.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 2]);
    assert!(applied.quarantined[0].1.starts_with("send_noted: "), "{applied:?}");
    let kept = odd.replace('\0', "");
    let lines = bench.lines("SELECT uuid || '|' || provider AS line FROM okta_send_events").await;
    assert_eq!(lines, [format!("{kept}|{kept}")]);
}

pub(crate) async fn s11_old_send_events_go_and_the_cursor_stays(bench: Bench) {
    bench
        .apply(&[
            Fact::SendNoted(sent_by_okta("old", 0)),
            Fact::SendNoted(sent_by_okta("young", 500)),
            Fact::LogRead(LogRead { org: org("main"), until: at(0) }),
        ])
        .await;
    let hour = std::time::Duration::from_secs(3_600);
    let retention = Retention { phone: hour, transactions: hour };
    let purged = bench.ledger.purge(at(3_600 + 300), retention).await.unwrap();
    assert_eq!(purged.send_events, 1);
    assert_eq!(bench.lines("SELECT uuid AS line FROM okta_send_events").await, ["young"]);
    assert_eq!(bench.ledger.log_read_until(&org("main")).await.unwrap(), Some(at(0)));
}
