//! An invariant that was never seen red is not trusted: each is shown a world in order, and then one in which just it is broken.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use lab::{PrivatePostgres, invariants, truth};
use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

const ANA: &str = "+15552000001";
const BOB: &str = "+15552000002";
const T1: &str = "00000000-0000-7000-8000-000000000001";
const T2: &str = "00000000-0000-7000-8000-000000000002";
const T3: &str = "00000000-0000-7000-8000-000000000003";

/// What breaks the order, and which invariants then find something.
struct Plant {
    red: &'static [&'static str],
    facts: Vec<Value>,
    sql: String,
}

fn fact(kind: &str, content: Value) -> Value {
    fact_at(Timestamp::now(), kind, content)
}

fn fact_at(at: Timestamp, kind: &str, mut content: Value) -> Value {
    content["at"] = json!(at.to_string());
    content["fact"] = json!(kind);
    content
}

fn hook(event_id: &str, phone: &str, code: &str, status: u16, said: &Value) -> Value {
    let says = if said.to_string().contains("SUCCESSFUL") { "sent" } else { "okta_sends_itself" };
    let result = json!({
        "http_status": status, "body": said.to_string(), "elapsed_ms": 90, "okta_says": { "says": says },
    });
    fact(
        "hook",
        json!({ "event_id": event_id, "user_id": "00uana", "phone": phone, "code": code, "result": result }),
    )
}

fn command(status: &str) -> Value {
    json!({ "commands": [{ "type": "com.okta.telephony.action", "value": [{ "status": status }] }] })
}

fn send(transaction: &str, phone: &str, code: &str, sid: &str) -> Value {
    let tags = json!({ "transaction": transaction });
    let content =
        json!({ "to": phone, "code": code, "verification_sid": sid, "attempt_sid": "VL", "tags": tags });
    fact("send", content)
}

fn report(at: Timestamp, target: &str, status: u16, changed: Option<&str>) -> Value {
    fact_at(
        at,
        "report",
        json!({ "target": target, "status": "approved", "http_status": status, "verification_sid": changed }),
    )
}

/// Ana's code was sent, entered and approved; nobody knows about Bob's; a third one was refused.
fn happened() -> Vec<Value> {
    let now = Timestamp::now();
    vec![
        send(T1, ANA, "1234567890", "VE1"),
        hook("e1", ANA, "1234567890", 200, &command("SUCCESSFUL")),
        send(T2, BOB, "2345678901", "VE2"),
        hook("e2", BOB, "2345678901", 200, &command("PENDING")),
        hook("e3", BOB, "3456789012", 503, &json!(null)),
        fact(
            "code_entered",
            json!({ "user_id": "00uana", "code": "1234567890", "check": { "result": "accepted" } }),
        ),
        fact(
            "event",
            json!({
                "uuid": "ev1", "event_type": "user.authentication.auth_via_mfa", "user_id": "00uana",
                "factor": "SMS_FACTOR", "result": "SUCCESS", "published": now.to_string(),
            }),
        ),
        fact("events", json!({ "uuids": ["ev1"], "received": true })),
        report(Timestamp::now(), "VE1", 200, Some("VE1")),
    ]
}

/// The same, as it is in the books.
fn booked() -> String {
    format!(
        "INSERT INTO otp_transactions (id, org, okta_event_id, status, answer, provider, provider_ref, received_at) VALUES
            ('{T1}', 'main', 'e1', 'accepted', 'SUCCESSFUL', 'verify', 'VE1', now()),
            ('{T2}', 'main', 'e2', 'ambiguous', 'PENDING', 'verify', NULL, now());
        INSERT INTO send_attempts (transaction_id, n, provider, started_at, ended_at, outcome, http_status) VALUES
            ('{T1}', 1, 'verify', now(), now(), 'accepted', 201), ('{T2}', 1, 'verify', now(), now(), 'ambiguous', NULL);
        INSERT INTO okta_events (org, uuid, event_type, deliveries, state) VALUES
            ('main', 'ev1', 'user.authentication.auth_via_mfa', 1, 'done');
        {}",
        feedback("ev1", "VE1")
    )
}

fn feedback(event: &str, reference: &str) -> String {
    format!(
        "INSERT INTO feedback_reports (org, event_uuid, provider, subject, provider_ref, verdict, result, result_rank, matched_by,
            reported_at) VALUES
            ('main', '{event}', 'verify', '{reference}', '{reference}', 'approved', 'reported', 1, 'record', now());"
    )
}

fn plants() -> Vec<Plant> {
    let sql = |red, sql: &str| Plant { red, facts: Vec::new(), sql: sql.to_owned() };
    let facts = |red, facts| Plant { red, facts, sql: String::new() };
    let late = Timestamp::now() + SignedDuration::from_mins(11);
    vec![
        facts(&["g1_accepted_and_not_recorded"], vec![send(T3, ANA, "4567890123", "VE3")]),
        sql(
            &["g1_accepted_and_not_recorded"],
            "UPDATE send_attempts SET outcome = 'not_sent' WHERE outcome = 'ambiguous'",
        ),
        sql(
            &["g1_accepted_and_not_recorded"],
            &format!("UPDATE otp_transactions SET status = 'failed' WHERE id = '{T2}'"),
        ),
        // Of one hook that came to two nodes in one moment, a message of the first is taken for one of the second: nobody can tell.
        Plant {
            red: &[],
            facts: vec![
                send(T1, ANA, "1234567890", "VE1"),
                send(T3, ANA, "1234567890", "VE1"),
            ],
            sql: format!(
                "INSERT INTO otp_transactions (id, org, status, duplicate_of) VALUES ('{T3}', 'main', 'accepted', '{T1}');
                INSERT INTO send_attempts (transaction_id, n, provider, started_at, ended_at, outcome, http_status) VALUES
                    ('{T3}', 1, 'verify', now(), now(), 'accepted', NULL), ('{T3}', 2, 'verify-backup', now(), now(), 'accepted', 201);"
            ),
        },
        sql(
            &["g1b_recorded_and_not_accepted"],
            &format!("INSERT INTO otp_transactions (id, status) VALUES ('{T3}', 'accepted')"),
        ),
        Plant {
            red: &["g2_told_sent_and_not_accepted"],
            facts: vec![hook("e4", ANA, "4567890123", 200, &command("SUCCESSFUL"))],
            sql: format!(
                "INSERT INTO otp_transactions (id, okta_event_id, status, answer) VALUES ('{T3}', 'e4', 'failed', 'SUCCESSFUL')"
            ),
        },
        sql(
            &["g2b_told_and_not_in_the_books"],
            "UPDATE otp_transactions SET answer = 'error' WHERE okta_event_id = 'e2'",
        ),
        sql(
            &["g2c_refused_and_sent"],
            "UPDATE truth.facts SET content = content || '{\"code\": \"2345678901\"}' WHERE content->>'event_id' = 'e3'",
        ),
        sql(
            &["g3_answered_late"],
            "UPDATE truth.facts SET content = jsonb_set(content, '{result,elapsed_ms}', '2801') WHERE content->>'event_id' = 'e3'",
        ),
        sql(
            &["g4_sent_too_often"],
            &format!(
                "INSERT INTO send_attempts (transaction_id, n, provider, started_at, ended_at, outcome)
                    VALUES ('{T1}', 2, 'backup', now(), now(), 'not_sent')"
            ),
        ),
        sql(&["g5_acknowledged_and_lost"], "DELETE FROM okta_events"),
        sql(&["g5_acknowledged_and_lost", "g8_left_open"], "UPDATE okta_events SET state = 'queued'"),
        facts(&["g6_approved_twice"], vec![report(Timestamp::now(), "VE1", 200, Some("VE1"))]),
        sql(&["g6_approved_twice"], &feedback("ev2", "VE1")),
        sql(
            &["g6b_approved_without_login"],
            "UPDATE truth.facts SET content = jsonb_set(content, '{check,result}', '\"rejected\"') WHERE fact = 'code_entered'",
        ),
        sql(
            &["g6c_login_not_approved"],
            "DELETE FROM truth.facts WHERE fact = 'report'; DELETE FROM feedback_reports",
        ),
        sql(&["g6d_reported_in_the_books_alone"], &feedback("ev1", "VE3")),
        facts(&["g7_feedback_too_late"], vec![report(late, "VE1", 404, None)]),
        facts(&["g7_feedback_too_late"], vec![report(late, ANA, 404, None)]),
        facts(
            &["g8_left_open"],
            vec![fact("left_over", json!({ "who": "ingress-1", "what": "queue", "pending": 3 }))],
        ),
        sql(&["g8_left_open"], "UPDATE send_attempts SET ended_at = NULL"),
        sql(&["g8_left_open"], &format!("INSERT INTO otp_transactions (id) VALUES ('{T3}')")),
        sql(
            &["g9_totals"],
            &format!("UPDATE otp_transactions SET duplicate_of = '{T1}' WHERE okta_event_id = 'e2'"),
        ),
        sql(
            &["g9_totals"],
            &format!(
                "INSERT INTO otp_transactions (id, okta_event_id, status) VALUES ('{T3}', 'e9', 'failed')"
            ),
        ),
        sql(&["g9_totals"], "INSERT INTO okta_events (org, uuid, state) VALUES ('main', 'ev9', 'done')"),
        sql(&["g9_totals"], "UPDATE okta_events SET deliveries = 0"),
        sql(&["g10_leaks"], &format!("UPDATE okta_events SET note = 'called {ANA} twice'")),
        sql(&["g10_leaks"], "UPDATE send_attempts SET provider_code = '1234567890'"),
        facts(
            &["g10_leaks"],
            vec![fact("leak", json!({ "file": "ingress-1.log", "digits": "15552000001" }))],
        ),
    ]
}

async fn load(session: &mut PgConnection, facts: &[Value]) {
    let lines: Vec<_> = facts.iter().map(Value::to_string).collect();
    truth::load_lines(session, &lines).await;
}

async fn run(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(session).await.unwrap();
}

#[tokio::test]
async fn every_invariant_can_fail() {
    let postgres = PrivatePostgres::start().await;
    let mut session = postgres.session().await;
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let mut files: Vec<_> =
        std::fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "sql")) {
        run(&mut session, &std::fs::read_to_string(file).unwrap()).await;
    }
    truth::prepare(&mut session).await;
    load(&mut session, &happened()).await;
    run(&mut session, &booked()).await;
    let green = invariants::check(&mut session).await;
    assert!(green.is_empty(), "a world in order: {green:#?}");

    let mut seen_red = BTreeSet::new();
    for Plant { red, facts, sql } in plants() {
        session.execute("BEGIN").await.unwrap();
        load(&mut session, &facts).await;
        run(&mut session, &sql).await;
        let found: Vec<_> =
            invariants::check(&mut session).await.into_iter().map(|it| it.invariant).collect();
        assert_eq!(found, red, "after {sql} and {facts:?}");
        seen_red.extend(found);
        session.execute("ROLLBACK").await.unwrap();
    }
    let all: BTreeSet<_> = invariants::all().into_iter().map(|invariant| invariant.name).collect();
    assert_eq!(seen_red, all, "every invariant was seen red");
}
