//! Dead letters and replay in the embedded profile, where the queue is in the memory of the running service.

use std::time::Duration;

use sim::{Channel, Fault, VerifyOp};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use crate::harness::{Row, World, ringback};

/// A world with an event of which Verify said that it knows no such verification: its uuid.
async fn expired() -> (World, String, Row) {
    expired_in(World::start().await).await
}

async fn expired_in(world: World) -> (World, String, Row) {
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_next(VerifyOp::Update, Fault::twilio(20404));
    world.type_in(&user, login.code()).await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "expired").await;
    let uuid = report["event_uuid"].to_owned();
    world.event_when(&uuid, "expired").await;
    let transaction = world.transaction(&login.request.event_id).await;
    (world, uuid, transaction)
}

/// Leaves a dead letter as a worker does that gives up.
async fn bury(world: &World, uuid: &str) {
    let options = SqliteConnectOptions::new()
        .filename(world.path("data/ledger.db"))
        .busy_timeout(Duration::from_secs(10));
    let mut books = options.connect().await.unwrap();
    let sql = format!(
        "INSERT INTO dead_letters (id, org, event_uuid, reason, attempts, dead_at)
        VALUES ('main/{uuid}/2026', 'main', '{uuid}', 'the provider refused every report', 3, '2026-01-01T00:00:00.000000Z')"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut books).await.unwrap();
    books.close().await.unwrap();
}

/// The command asks where the service really listens: tests listen on any port.
async fn command(world: &World, arguments: &[&str]) -> crate::harness::Said {
    let url = world.admin_url();
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--url", url.as_str()]).collect();
    world.command(&arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_a_settled_event_goes_through_the_queue_again() {
    let (world, uuid, transaction) = expired().await;
    let dry = command(&world, &["events", "replay", &uuid, "--dry-run"]).await.done();
    assert!(dry.out.contains(&format!("would be queued again: main {uuid}")), "{dry:?}");
    assert!(world.rows("SELECT * FROM event_replays").await.is_empty());

    let said = command(&world, &["events", "replay", &uuid]).await.done();
    assert!(said.out.contains(&format!("queued again: main {uuid}")), "{said:?}");
    world.event_when(&uuid, "done").await;
    assert!(world.sim.twilio().approved(&transaction["provider_ref"]), "Twilio has heard of it now");
    let row = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!(&row["event_uuid"], &uuid);
    let told = world.sim.twilio().reports().len();

    // Once more: it is worked on, finds that all was said, and says nothing twice.
    command(&world, &["events", "replay", &uuid]).await.done();
    world.rows_when("SELECT * FROM event_replays", |rows| rows.len() == 2).await;
    let ended_later = "SELECT * FROM okta_events WHERE state = 'done' AND settled_at >
        (SELECT max(replayed_at) FROM event_replays)";
    world.rows_when(ended_later, |rows| rows.len() == 1).await;
    assert_eq!(world.sim.twilio().reports().len(), told);
    let row = world.rows("SELECT * FROM okta_events").await;
    assert_eq!(&row[0]["deliveries"], "1", "a replay is no delivery");
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_a_replay_survives_a_kill_and_is_not_done_twice() {
    let (mut world, uuid, transaction) = expired().await;
    command(&world, &["events", "replay", &uuid]).await.done();
    world.crash().await;
    world.event_when(&uuid, "done").await;
    assert!(world.sim.twilio().approved(&transaction["provider_ref"]));
    world.drained().await;
    let settled = world.rows("SELECT settled_at FROM okta_events").await;
    world.restart().await;
    world.drained().await;
    assert_eq!(world.rows("SELECT settled_at FROM okta_events").await, settled, "its end is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_dead_letters_are_listed_and_put_back_to_work() {
    let (world, uuid, _) = expired().await;
    assert_eq!(world.command(&["dead", "list", "--json"]).await.done().json(), serde_json::json!([]));
    bury(&world, &uuid).await;
    let said = world.command(&["dead", "list"]).await.done();
    for word in [&uuid, "main", "user.authentication.auth_via_mfa", "expired", "3", "refused every report"] {
        assert!(said.out.contains(word), "no {word} in {}", said.out);
    }
    let listed = world.command(&["dead", "list", "--json", "--reason", "refused"]).await.done().json();
    assert_eq!((&listed[0]["event_uuid"], &listed[0]["attempts"]), (&uuid.as_str().into(), &3.into()));
    assert_eq!(listed[0]["replayed_at"], serde_json::Value::Null);
    for none in [["--reason", "nonsense"], ["--org", "other"], ["--since", "2026-02-01T00:00:00Z"]] {
        let listed = world.command(&[&["dead", "list", "--json"], &none[..]].concat()).await.done().json();
        assert_eq!(listed, serde_json::json!([]), "{none:?}");
    }

    let none = command(&world, &["dead", "replay", "--all", "--reason", "nonsense"]).await.done();
    assert!(none.out.contains("0 events queued again"), "{none:?}");
    let dry = command(&world, &["dead", "replay", "--all", "--dry-run"]).await.done();
    assert!(dry.out.contains("1 events would be queued again"), "{dry:?}");
    let all = command(&world, &["dead", "replay", "--all", "--org", "main"]).await.done();
    assert!(all.out.contains("1 events queued again"), "{all:?}");
    world.event_when(&uuid, "done").await;
    world.rows_when("SELECT * FROM dead_letters WHERE replayed_at IS NOT NULL", |rows| rows.len() == 1).await;
    assert_eq!(world.command(&["dead", "list", "--json"]).await.done().json(), serde_json::json!([]));
    let replayed = world.command(&["dead", "list", "--json", "--replayed"]).await.done().json();
    assert!(replayed[0]["replayed_at"].is_string(), "{replayed}");
    let again = command(&world, &["dead", "replay", "--all"]).await.done();
    assert!(again.out.contains("0 events queued again"), "{again:?}");
    // By name it may be replayed as often as somebody likes.
    command(&world, &["dead", "replay", &uuid]).await.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_what_cannot_be_replayed_is_said_and_the_rest_is() {
    let guarded = World::with(|settings| settings.admin_more = "token = 'let me in'".to_owned()).await;
    let (world, uuid, _) = expired_in(guarded).await;
    let unknown = command(&world, &["events", "replay", "nobody-knows", &uuid]).await;
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.err.contains("nobody-knows: there is no such event"), "{unknown:?}");
    assert!(unknown.out.contains(&format!("queued again: main {uuid}")), "{unknown:?}");
    let alive = command(&world, &["dead", "replay", &uuid]).await;
    assert_eq!(alive.code, 1, "{alive:?}");
    assert!(alive.err.contains("it is no dead letter"), "{alive:?}");
    for wrong in [&["dead", "replay"][..], &["dead", "replay", "--all", &uuid], &["events", "replay"]] {
        assert_eq!(world.command(wrong).await.code, 2, "{wrong:?}");
    }
    // Without a service there is no queue.
    let alone = world.command(&["events", "replay", &uuid, "--url", "http://127.0.0.1:9"]).await;
    assert_eq!(alone.code, 1, "{alone:?}");
    assert!(alone.err.contains("none could be asked") && alone.err.contains("running"), "{alone:?}");
    // And one that does not know us does nothing.
    let config = std::fs::read_to_string(world.path("ringback.toml")).unwrap();
    std::fs::write(world.path("stranger.toml"), config.replace("let me in", "let me out")).unwrap();
    let url = world.admin_url();
    let arguments = ["--config", "stranger.toml", "events", "replay", &uuid, "--url", &url];
    let stranger = ringback(world.place.path(), &arguments, &[]).await;
    assert_eq!(stranger.code, 1, "{stranger:?}");
    assert!(stranger.err.contains("does not take our admin.token"), "{stranger:?}");
}
