//! Deliveries of events: what is kept of them, and that none is lost or done twice.

use serde_json::{Value, json};
use sim::{Channel, Factor, Outcome, User};

use crate::harness::{Reply, World, event_sample, phone};

/// The two users of the samples, with numbers but without a send.
fn introduce(world: &World) {
    for (id, login) in
        [("00uFAKEana000000001a7", "ana.fake@example.com"), ("00uFAKEbob000000002b7", "bob.fake@example.com")]
    {
        world.sim.okta().add_user(User::new(id, login).phone(&phone()));
    }
}

/// Sample, and how each of its events ends: those of an entered code find no verification, the others are not for us.
const ALL: [(&str, &[(&str, &str)]); 15] = [
    (
        "batch-mixed-factors",
        &[
            ("00000006", "skipped"),
            ("00000007", "no_match"),
            ("00000005", "skipped"),
            ("00000008", "no_match"),
            ("00000009", "skipped"),
            // Enrolled by an admin.
            ("0000000a", "no_match"),
        ],
    ),
    (
        "degenerate-events",
        &[
            ("0000000f", "no_match"),
            ("00000010", "skipped"),
            ("00000011", "skipped"),
            ("00000012", "no_match"),
            ("00000013", "no_match"),
            ("00000014", "no_match"),
        ],
    ),
    ("duplicate-delivery-1", &[("deadbeef", "no_match")]),
    ("duplicate-delivery-2-same-eventId", &[("deadbeef", "no_match")]),
    ("duplicate-delivery-3-new-eventId-same-uuid", &[("deadbeef", "no_match")]),
    ("empty-events", &[]),
    ("enroll-sms-then-two-activates", &[("00000003", "no_match"), ("00000004", "no_match")]),
    ("factor-deactivate", &[]),
    ("failures-only", &[("0000000b", "skipped"), ("0000000c", "skipped"), ("0000000d", "skipped")]),
    ("inline-hook-executed-failure", &[]),
    ("phone-verification-oie-classic-deny", &[]),
    ("recovery-sms-success", &[("0000000e", "no_match")]),
    ("single-call-success", &[("00000002", "no_match")]),
    ("single-sms-success", &[("00000001", "no_match")]),
    ("single-sms-success", &[("00000001", "no_match")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn g10_every_sample_is_kept_as_it_says() {
    let world = World::start().await;
    introduce(&world);
    for (sample, _) in ALL {
        world.deliver(&event_sample(sample)).await;
    }
    for (sample, events) in ALL {
        for (prefix, state) in events {
            let sql = format!("SELECT * FROM okta_events WHERE uuid LIKE '{prefix}-%'");
            let row = world.row_when(&sql, "state", state).await;
            assert_ne!(&row["settled_at"], "NULL", "{sample} {prefix}");
        }
    }
    let all: std::collections::BTreeSet<_> =
        ALL.iter().flat_map(|(_, events)| events.iter().map(|it| it.0)).collect();
    let rows = world.rows("SELECT * FROM okta_events").await;
    assert_eq!(rows.len(), all.len(), "other types are dropped: {rows:#?}");
    assert_eq!(world.rows("SELECT * FROM quarantine").await, []);
    let row = world.event_when("00000001-c5f9-11f1-8d3b-fa4e00000000", "no_match").await;
    assert_eq!((&row["org"], &row["channel"], &row["result"]), ("main", "sms", "SUCCESS"));
    assert_eq!(
        (&row["event_type"], &row["okta_user_id"]),
        ("user.authentication.auth_via_mfa", "00uFAKEana000000001a7")
    );
    assert_eq!((&row["deliveries"], &row["reason"], &row["transaction_id"]), ("2", "NULL", "NULL"));
    let row = world.event_when("deadbeef-c5f9-11f1-8d3b-fa4e00000000", "no_match").await;
    assert_eq!(&row["deliveries"], "3");
    let row = world.event_when("00000004-c5f9-11f1-8d3b-fa4e00000000", "no_match").await;
    assert_eq!((&row["event_type"], &row["channel"]), ("user.mfa.factor.activate", "voice"));
    assert_eq!(&row["reason"], "User set up CALL_FACTOR factor");
    let row = world.event_when("0000000a-c5f9-11f1-8d3b-fa4e00000000", "no_match").await;
    assert_eq!(&row["okta_user_id"], "00uFAKEbob000000002b7", "the target, not the admin who did it");
    let metrics = world.admin("/metrics").await.text;
    // Of five events of other types, three say what Okta did or what the hook did not.
    assert!(metrics.contains("ringback_events_total{type=\"other\",result=\"dropped\"} 2"), "{metrics}");
    let rows = world.rows("SELECT kind, outcome FROM okta_send_events ORDER BY uuid").await;
    let noted: Vec<_> = rows.iter().map(|row| (&row["kind"], &row["outcome"])).collect();
    assert_eq!(noted, [("send", "sent"), ("send", "denied"), ("hook_failed", "failed")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e8_failures_passwords_and_pushes_ask_nobody_anything() {
    let world = World::start().await;
    let user = world.user("ana");
    world.login(&user, Channel::Sms).await;
    let okta = world.sim.okta();
    let now = jiff::Timestamp::now();
    let events: Vec<Value> = [
        ("SMS_FACTOR", Outcome::Failure),
        ("CALL_FACTOR", Outcome::Failure),
        ("PASSWORD_AS_FACTOR", Outcome::Success),
        ("OKTA_VERIFY_PUSH", Outcome::Success),
        ("SIGNED_NONCE", Outcome::Success),
        ("EMAIL_FACTOR", Outcome::Success),
        ("FIDO_WEBAUTHN", Outcome::Success),
    ]
    .into_iter()
    .map(|(factor, outcome)| okta.event_mfa(&user, factor, outcome, now))
    .chain([okta.event_activate(&user, "OKTA_VERIFY_PUSH", now)])
    .collect();
    world.deliver(&okta.envelope(&events)).await;
    for event in &events {
        let row = world.event_when(event["uuid"].as_str().unwrap(), "skipped").await;
        assert_eq!(&row["attempts"], "0");
    }
    // Had one of them been worked on, it would have been before this one.
    let after = okta.event_mfa(&user, "SMS_FACTOR", Outcome::Success, now);
    world.deliver(&okta.envelope(std::slice::from_ref(&after))).await;
    world.event_when(after["uuid"].as_str().unwrap(), "done").await;
    assert_eq!(world.sim.twilio().reports().len(), 1);
    assert_eq!(okta.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_an_event_delivered_ten_times_is_reported_once() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    let okta = world.sim.okta();
    okta.enter_code(&user.id, login.code()).await.unwrap();
    let events = okta.take_events();
    let uuid = events[0]["uuid"].as_str().unwrap();
    let first = okta.envelope(&events);
    for n in 0..10 {
        // The same envelope, a new one, and one with the event twice.
        match n % 3 {
            0 => world.deliver(&first).await,
            1 => world.deliver(&okta.envelope(&events)).await,
            _ => world.deliver(&okta.envelope(&[events[0].clone(), events[0].clone()])).await,
        }
    }
    world.event_when(uuid, "done").await;
    let sql = "SELECT deliveries, state FROM okta_events";
    assert_eq!(&world.row_when(sql, "deliveries", "10").await["state"], "done");
    world.drained().await;
    assert_eq!(world.rows("SELECT * FROM okta_events").await.len(), 1);
    assert_eq!(world.rows("SELECT * FROM feedback_reports").await.len(), 1);
    assert_eq!(world.sim.twilio().reports().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn g21_a_batch_of_a_thousand_events_is_taken_whole() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    let okta = world.sim.okta();
    okta.enter_code(&user.id, login.code()).await.unwrap();
    let mut events: Vec<Value> = (0..999)
        .map(|_| okta.event_mfa(&user, "PASSWORD_AS_FACTOR", Outcome::Success, jiff::Timestamp::now()))
        .collect();
    events.insert(500, okta.take_events().remove(0));
    let uuid = events[500]["uuid"].as_str().unwrap().to_owned();
    world.deliver(&okta.envelope(&events)).await;
    world.event_when(&uuid, "done").await;
    world.drained().await;
    let count =
        world.rows("SELECT state, count(*) AS n FROM okta_events GROUP BY state ORDER BY state").await;
    let counts: Vec<_> = count.iter().map(|row| (row["state"].to_owned(), row["n"].to_owned())).collect();
    assert_eq!(counts, [("done".to_owned(), "1".to_owned()), ("skipped".to_owned(), "999".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_unreadable_deliveries_are_put_aside_sealed() {
    let world = World::start().await;
    let marker = "marker-of-ana.fake@example.com-7305512";
    let deep = format!("{{\"data\":{}{marker}", "[".repeat(5000));
    let bodies: Vec<Vec<u8>> = vec![
        format!("{{\"eventId\":\"{marker}\"").into_bytes(),
        format!("[\"{marker}\"]").into_bytes(),
        format!("\"{marker}\"").into_bytes(),
        json!({ "eventType": marker }).to_string().into_bytes(),
        json!({ "data": { "events": { "uuid": marker } } }).to_string().into_bytes(),
        json!({ "data": { "events": [marker] } }).to_string().into_bytes(),
        deep.into_bytes(),
        [marker.as_bytes(), &[0xff, 0x00, 0xfe]].concat(),
        Vec::new(),
    ];
    let n = bodies.len();
    for body in bodies {
        let reply: Reply = world.deliver_bytes(body).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""), "{reply:?}");
    }
    let rows = world.rows_when("SELECT * FROM quarantine", |rows| rows.len() == n).await;
    for row in &rows {
        assert_eq!(&row["org"], "main");
        assert!(!row["reason"].contains("marker") && !row["reason"].contains("730551"), "{row:?}");
        assert!(!row["sealed_body"].is_empty());
    }
    for file in
        ["data/ledger.db", "data/ledger.db-wal", "data/journal/journal.db", "data/journal/journal.db-wal"]
    {
        let bytes = std::fs::read(world.path(file)).unwrap();
        let found = bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
        assert!(!found, "readable in {file}");
    }
    assert!(!world.server.log().contains(marker));
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_an_unreadable_event_does_not_stand_in_the_way_of_others() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    let okta = world.sim.okta();
    okta.enter_code(&user.id, login.code()).await.unwrap();
    let good = okta.take_events().remove(0);
    let batch = [
        json!(null),
        json!("event"),
        json!({ "uuid": "x" }),
        json!({ "eventType": 7 }),
        good.clone(),
        json!([]),
    ];
    world.deliver(&okta.envelope(&batch)).await;
    world.event_when(good["uuid"].as_str().unwrap(), "done").await;
    world.rows_when("SELECT * FROM quarantine", |rows| rows.len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g12_hostile_texts_in_events_are_kept_tame() {
    let world = World::start().await;
    let user = User::new("00u'; DROP TABLE okta_events; --", "x@example.com").factor(Factor::sms(&phone()));
    world.sim.okta().add_user(user.clone());
    let okta = world.sim.okta();
    let mut event = okta.event_mfa(&user, "SMS_FACTOR", Outcome::Success, jiff::Timestamp::now());
    event["uuid"] = json!("a\u{0}b\nc\u{202e}");
    event["outcome"]["reason"] = json!("line\nbreak \u{0} and +15555550188 and 482913");
    event["displayMessage"] = json!("\u{1b}[31mred");
    world.deliver(&okta.envelope(&[event])).await;
    let rows = world
        .rows_when("SELECT * FROM okta_events", |rows| rows.len() == 1 && &rows[0]["state"] != "queued")
        .await;
    assert!(!rows[0]["reason"].contains("555555") && !rows[0]["reason"].contains("482913"), "{rows:?}");
    assert!(!rows[0]["uuid"].contains(['\0', '\n']), "{rows:?}");
    assert!(!world.server.log().contains('\u{1b}'));
}
