//! Did Okta send instead of us? And what no delivery brought.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sim::{Channel, Fault, OktaOp, Purpose, VerifyOp};

use crate::harness::{PATIENCE, Row, World, until};

/// Reads the log every second, of everything there is.
const READS: &str = "system_log = { enabled = true, interval = '1s', lag = '0s' }";

const FALLBACKS: &str = "SELECT coalesce(answer, '-') AS answer, coalesce(channel, '-') AS channel, coalesce(country, '-') AS country,
    transactions, okta_sent, okta_delivered, hook_failures FROM analytics_okta_fallbacks ORDER BY 1, 2, 3";

async fn reading() -> World {
    World::with(|settings| settings.org_more = READS.to_owned()).await
}

fn cells(rows: &[Row], columns: &[&str]) -> Vec<String> {
    rows.iter()
        .map(|row| columns.iter().map(|name| row[*name].to_owned()).collect::<Vec<_>>().join(" "))
        .collect()
}

/// What was asked of the System Log.
fn asked(world: &World) -> Vec<sim::ApiRequest> {
    world.sim.okta().requests().into_iter().filter(|it| it.path == "/api/v1/logs").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_says_that_it_sent_itself_and_the_view_shows_it() {
    let world = reading().await;
    let okta = world.sim.okta();
    okta.configure(|it| {
        it.own_telephony = true;
        it.event_types.push("inline_hook.executed".to_owned());
    });
    // One that we refuse: it is answered, and Okta sends.
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::twilio(60200));
    let refused = world.user("ana");
    let login = okta.login(&refused.id, Channel::Sms).await.unwrap();
    assert!(!login.is_sent(), "{login:?}");
    world.sim.twilio().heal();
    // One whose hook finds nobody.
    let (hook, events) = (okta.hook_url().unwrap(), okta.events_url().unwrap());
    okta.point_at("http://127.0.0.1:9/", &events);
    let unheard = world.user("bob");
    assert!(!okta.login(&unheard.id, Channel::Voice).await.unwrap().is_sent());
    okta.point_at(&hook, &events);
    // One that goes well is nothing to tell.
    let served = world.user("eve");
    world.login(&served, Channel::Sms).await;
    let failures = okta.queued_events();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    assert!(okta.flush_events().await.unwrap().is_received());

    let complete = |rows: &[Row]| {
        rows.iter().filter(|row| &row["okta_delivered"] == "1").count() == 2 && rows.len() == 4
    };
    let rows = world.rows_when(FALLBACKS, complete).await;
    let columns =
        ["answer", "channel", "country", "transactions", "okta_sent", "okta_delivered", "hook_failures"];
    let country = |phone: &str| if phone.starts_with("+1") { "US" } else { "?" };
    let (a, b) = (country(&login.request.phone), country(unheard.mobile_phone.as_ref().unwrap()));
    assert_eq!(
        cells(&rows, &columns),
        [
            // What the event hook brought: the hook gave no answer. It says of nobody.
            "- - - 0 0 0 1".to_owned(),
            format!("- sms {a} 0 0 1 0"),
            format!("- voice {b} 0 1 1 0"),
            // The answer, and what Okta did after it.
            format!("error sms {a} 1 1 0 0"),
        ]
    );
    let sources = "SELECT DISTINCT kind || ' ' || source || ' ' || coalesce(sent_by, '-') AS it FROM okta_send_events ORDER BY 1";
    let rows = world.rows(sources).await;
    assert_eq!(cells(&rows, &["it"]), ["hook_failed hook -", "send log okta", "status log -"]);
    // No number and no name is kept.
    let rows = world.rows("SELECT phone_prefix FROM okta_send_events WHERE kind = 'send'").await;
    assert_eq!(cells(&rows, &["phone_prefix"]), ["+1555555", "+1555555"]);
    let digits = login.request.phone.trim_start_matches("+1").to_owned();
    assert_eq!(digits.len(), 10);
    for file in
        ["data/ledger.db", "data/ledger.db-wal", "data/journal/journal.db", "data/journal/journal.db-wal"]
    {
        let bytes = std::fs::read(world.path(file)).unwrap_or_default();
        for secret in [digits.as_str(), refused.login.as_str()] {
            assert!(
                !bytes.windows(secret.len()).any(|it| it == secret.as_bytes()),
                "{secret} is readable in {file}"
            );
        }
    }
    assert!(!world.server.log().contains(&digits));
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_of_enrolment_come_by_the_event_hook_alone() {
    let world = World::start().await;
    let okta = world.sim.okta();
    okta.configure(|it| {
        it.own_telephony = true;
        let kinds = ["system.sms.send_phone_verification_message", "inline_hook.executed"];
        it.event_types.extend(kinds.map(str::to_owned));
    });
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::twilio(60200));
    let user = world.user("ana");
    let enrolment = okta.ask_for_code(&user.id, Channel::Sms, Purpose::PreEnrollment).await.unwrap();
    assert!(!enrolment.is_sent() && enrolment.hook.http_status == Some(200), "{enrolment:?}");
    let delivered = okta.queued_events();
    assert_eq!(delivered.len(), 1, "the hook did answer: {delivered:#?}");
    assert!(okta.flush_events().await.unwrap().is_received());
    // A second time: it is one event.
    assert!(okta.deliver(delivered).await.is_received());
    world.drained().await;
    let rows = world.rows("SELECT kind, sent_by, outcome, source FROM okta_send_events").await;
    assert_eq!(cells(&rows, &["kind", "sent_by", "outcome", "source"]), ["send okta sent hook"]);
    let rows = world.rows(FALLBACKS).await;
    assert_eq!(cells(&rows, &["answer", "transactions", "okta_sent"]), ["error 1 1"]);
    assert_eq!(asked(&world), [], "off by default");
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_an_event_that_no_delivery_brought_is_taken_from_the_log_once() {
    let mut world = reading().await;
    let mut lost = Vec::new();
    for name in ["ana", "bob"] {
        let user = world.user(name);
        let login = world.login(&user, Channel::Sms).await;
        world.sim.okta().enter_code(&user.id, login.code()).await.unwrap();
        let events = world.sim.okta().take_events();
        assert_eq!(events.len(), 1);
        lost.push((login, events));
    }
    for (login, events) in &lost {
        let uuid = events[0]["uuid"].as_str().unwrap();
        let row = world.event_when(uuid, "done").await;
        assert_eq!((&row["source"], &row["deliveries"]), ("log", "1"));
        assert!(world.sim.twilio().approved(&login.request.phone));
    }
    // The delivery comes after all, and the log is read again by a process that remembers nothing.
    for (_, events) in &lost {
        assert!(world.sim.okta().deliver(events.clone()).await.is_received());
    }
    let pages = asked(&world).len();
    world.crash().await;
    until("the log was read again", async || (asked(&world).len() > pages + 1).then_some(())).await;
    world.drained().await;
    let rows = world.rows("SELECT source, deliveries, state FROM okta_events").await;
    assert_eq!(cells(&rows, &["source", "deliveries", "state"]), ["log 2 done", "log 2 done"]);
    let rows = world.rows("SELECT result FROM feedback_reports").await;
    assert_eq!(cells(&rows, &["result"]), ["reported", "reported"], "each was reported once");
    let lag = "SELECT sum(repaired) AS repaired FROM analytics_feedback_lag";
    assert_eq!(&world.rows(lag).await[0]["repaired"], "2");
    // What was delivered is no loss.
    let user = world.user("eve");
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    let pages = asked(&world).len();
    until("the log was read once more", async || (asked(&world).len() > pages + 1).then_some(())).await;
    world.drained().await;
    let sources = world.rows("SELECT count(*) AS n FROM okta_events WHERE source = 'hook'").await;
    let deliveries = world.rows("SELECT sum(deliveries) AS n FROM okta_events").await;
    // Where the log was read before the delivery was in the books, it counts as one more; it is reported once in any case.
    assert!(&sources[0]["n"] == "1" || &deliveries[0]["n"] == "6", "{sources:?} {deliveries:?}");
    let rows = world.rows("SELECT result FROM feedback_reports").await;
    assert_eq!(cells(&rows, &["result"]), ["reported", "reported", "reported"]);
}

/// An event of the log's own: Okta sent a code to somebody.
fn sent_by_okta(n: usize, published: Timestamp) -> Value {
    json!({
        "uuid": format!("00000000-0000-4000-8000-{n:012}"),
        "published": published.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "eventType": "system.sms.send_factor_verify_message",
        "outcome": { "result": "SUCCESS", "reason": null },
        "target": [{ "id": "00ufake", "type": "User" }],
        "debugContext": { "debugData": { "is_sms_hook_failover": "true", "phone_number": "+12025550101" } },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_killed_in_the_middle_of_the_log_nothing_is_skipped_or_doubled() {
    let mut world = World::start().await;
    let okta = world.sim.okta().clone();
    let now = world.sim.clock().now();
    let events = 1_250;
    for n in 0..events {
        let ago = jiff::SignedDuration::from_millis(i64::try_from(events - n).unwrap() * 2_000);
        okta.log_event(sent_by_okta(n, now - ago));
    }
    // Of three pages the second never comes.
    okta.fail_every(OktaOp::Logs, 2, Fault::Delay(Duration::from_secs(60)));
    world.settings.org_more = READS.to_owned();
    world.restart().await;
    let count = "SELECT count(*) AS n FROM okta_send_events";
    world.row_when(count, "n", "500").await;
    until("the second page is asked for", async || (asked(&world).len() == 2).then_some(())).await;
    assert_eq!(world.rows("SELECT * FROM okta_log_cursors").await, [], "not read to its end");
    world.server.kill();
    okta.heal();
    world.start_again().await;
    world.row_when(count, "n", "1250").await;
    let cursor = world.rows_when("SELECT * FROM okta_log_cursors", |rows| rows.len() == 1).await;
    // As far as Okta's own clock had come, which it tells in whole seconds.
    let read_until: Timestamp = cursor[0]["read_until"].parse().unwrap();
    assert!(read_until.as_second() >= now.as_second(), "{cursor:?}");
    let all = world.rows("SELECT min(uuid) AS first, max(uuid) AS last FROM okta_send_events").await;
    assert_eq!(
        cells(&all, &["first", "last"]),
        ["00000000-0000-4000-8000-000000000000 00000000-0000-4000-8000-000000001249"]
    );
    let shown = world.rows("SELECT sum(okta_sent) AS n FROM analytics_okta_fallbacks").await;
    assert_eq!(&shown[0]["n"], "1250");
    // The next life goes on from there, not from the beginning.
    world.restart().await;
    let pages = asked(&world).len();
    until("the log was read on", async || (asked(&world).len() > pages).then_some(())).await;
    let since = asked(&world).last().unwrap().query.clone().unwrap();
    let (_, since) = since.split_once("since=").unwrap();
    let since: Timestamp = since.split('&').next().unwrap().replace("%3A", ":").parse().unwrap();
    assert!(since > now - jiff::SignedDuration::from_mins(3), "{since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_the_logs_rate_limit_is_obeyed_and_holds_up_nothing_else() {
    let mut world = World::start().await;
    let reset = world.sim.clock().now().as_second() + 8;
    let limited = Fault::okta("E0000047")
        .with_header("x-rate-limit-limit", "60")
        .with_header("x-rate-limit-reset", &reset.to_string());
    world.sim.okta().fail_next(OktaOp::Logs, limited);
    world.settings.org_more = READS.to_owned();
    world.restart().await;
    until("it is refused", async || (asked(&world).len() == 1).then_some(())).await;
    // Meanwhile a user whose send is unknown here is looked up at once.
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    until("it is asked again", async || (asked(&world).len() >= 2).then_some(())).await;
    let asked = asked(&world);
    assert_eq!(asked[0].status, Some(429));
    assert!(asked[1].at.as_second() >= reset, "asked again too early: {asked:#?}");
    assert_eq!(asked[0].query, asked[1].query, "for the same page");
    assert_eq!(world.sim.okta().faults_waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_token_that_may_not_read_the_log_is_told_once() {
    let mut world = World::start().await;
    world.sim.okta().fail_always(OktaOp::Logs, Fault::okta("E0000006"));
    world.settings.org_more = READS.to_owned();
    world.restart().await;
    let said = "Okta refuses to show its System Log";
    until("the refusal is told", async || (!world.server.lines(said).is_empty()).then_some(())).await;
    let metric = r#"ringback_system_log_pages_total{org="main",result="refused"} 1"#;
    until("it is counted", async || world.admin("/metrics").await.text.contains(metric).then_some(())).await;
    assert_eq!(asked(&world).len(), 1, "it does not spin");
    // Codes go on.
    let user = world.user("ana");
    world.login(&user, Channel::Sms).await;
    assert!(tokio::time::timeout(PATIENCE, world.restart()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_work_are_named() {
    let place = tempfile::tempdir().unwrap();
    let toml = format!(
        "[okta.orgs.main]\nhook_secrets = ['{}']\n[okta.orgs.main.system_log]\nenabled = true\ninterval = '10ms'\nlag = '1h'\nafter = 1\n",
        "s".repeat(32)
    );
    std::fs::write(place.path().join("ringback.toml"), toml).unwrap();
    let said = crate::harness::ringback(place.path(), &["config", "check"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    for name in ["enabled", "interval", "lag", "after"] {
        assert!(said.err.contains(&format!("okta.orgs.main.system_log.{name}")), "{name}: {}", said.err);
    }
}
