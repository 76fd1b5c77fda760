//! What `ringback doctor` says when something is wrong, and what to do about it.

use lab::{Bench, PrivatePostgres};
use serde_json::Value;

use crate::harness::{Said, World, ringback};

/// The lines of one level about one part.
fn lines<'a>(said: &'a Said, level: &str, part: &str) -> Vec<&'a str> {
    let begin = format!("{level:4} {part}:");
    said.out.lines().filter(|line| line.starts_with(&begin)).collect()
}

/// Whatever is not well says what to do.
fn assert_advice(said: &Said) {
    for line in said.out.lines().filter(|line| !line.starts_with("ok ")) {
        assert!(line.contains(" -> "), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_and_json_says_so_too() {
    let world = World::start().await;
    let said = world.command(&["doctor"]).await.done();
    assert_advice(&said);
    for part in ["config", "journal", "ledger", "queue", "okta main", "verify", "clock"] {
        assert!(!lines(&said, "ok", part).is_empty(), "{part}: {}", said.out);
    }
    assert!(said.out.contains("a running process holds it"), "{}", said.out);
    assert!(said.out.contains("clock: as that of verify"), "{}", said.out);
    let json = world.command(&["doctor", "--json"]).await.done().json();
    let all = json.as_array().unwrap();
    assert_eq!(all.len(), said.out.lines().count(), "{json}");
    assert!(all.iter().any(|it| it["part"] == "journal" && it["level"] == "ok" && it["todo"] == Value::Null));
    std::fs::write(world.path("wrong.toml"), "[server]\nlisten = 'nowhere'\n").unwrap();
    let wrong = ringback(world.place.path(), &["--config", "wrong.toml", "doctor", "--json"], &[]).await;
    assert_eq!((wrong.code, &wrong.json()[0]["level"]), (2, &"fail".into()), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_written_is_a_failure() {
    let world = World::start().await;
    let config = std::fs::read_to_string(world.path("ringback.toml")).unwrap();
    // A file where the directory should be: nobody may write there, not even root.
    std::fs::write(world.path("taken"), "").unwrap();
    let config = config.replace("dir = 'data/journal'", "dir = 'taken/journal'");
    std::fs::write(world.path("taken.toml"), config).unwrap();
    let said = ringback(world.place.path(), &["--config", "taken.toml", "doctor"], &[]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(lines(&said, "fail", "journal").len(), 1, "{}", said.out);
    assert_advice(&said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_too_small_for_the_journal_is_a_warning() {
    let world = World::with(|settings| settings.journal_more = "max_bytes = '1000000GiB'".to_owned()).await;
    let said = world.command(&["doctor"]).await.done();
    let warned = lines(&said, "warn", "journal");
    assert!(warned.iter().any(|line| line.contains("MiB are free")), "{}", said.out);
    assert_advice(&said);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_postgres_is_said() {
    let postgres = PrivatePostgres::start().await;
    let world = World::with(|settings| {
        settings.ledger = postgres.url();
        settings.privacy_key = Some("bGFiLWxhYi1sYWItbGFiLWxhYi1sYWItbGFiLWxhYi0=".to_owned());
    })
    .await;
    world.drained().await;
    let said = world.command(&["doctor"]).await.done();
    assert_advice(&said);
    assert_eq!(lines(&said, "ok", "ledger").len(), 1, "{}", said.out);
    assert!(said.out.contains("clock: as that of Postgres and verify"), "{}", said.out);

    let config = std::fs::read_to_string(world.path("ringback.toml")).unwrap();
    let with = async |name: &str, url: String| {
        let file = format!("{name}.toml");
        std::fs::write(world.path(&file), config.replace(&postgres.url(), &url)).unwrap();
        ringback(world.place.path(), &["--config", &file, "doctor"], &[]).await
    };
    // A role with a password, and the wrong one.
    postgres.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'").await;
    let hba = postgres.data().join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("host all guarded 127.0.0.1/32 scram-sha-256\n{rules}")).unwrap();
    postgres.execute("SELECT pg_reload_conf()").await;
    let url = |password: &str| format!("postgres://guarded:{password}@{}/postgres", postgres.addr());
    let wrong = with("wrong", url("wrong-password")).await;
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(
        lines(&wrong, "fail", "ledger")[0].contains("-> correct the user and the password"),
        "{}",
        wrong.out
    );
    assert!(!wrong.out.contains("wrong-password"), "{}", wrong.out);
    // The right one, and no rights.
    let poor = with("poor", url("right")).await;
    assert_eq!(poor.code, 1, "{poor:?}");
    assert!(!lines(&poor, "fail", "ledger").is_empty(), "{}", poor.out);
    postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guarded").await;
    let poor = with("poor", url("right")).await;
    assert!(
        poor.out.contains("may not read and write") && poor.out.contains("otp_transactions"),
        "{}",
        poor.out
    );
    // Analysts who see too much.
    postgres.execute("GRANT SELECT ON otp_transactions TO ringback_analytics").await;
    let seen = world.command(&["doctor"]).await.done();
    assert!(seen.out.contains("may read more than the views: otp_transactions"), "{}", seen.out);
    assert_advice(&seen);
    // A schema that is behind.
    postgres.execute("CREATE DATABASE empty").await;
    let empty = format!("postgres://postgres@{}/empty", postgres.addr());
    let behind = with("behind", empty).await;
    let warned = lines(&behind, "warn", "ledger");
    assert!(warned.len() == 1 && warned[0].contains("schema 0 of"), "{}", behind.out);
    assert!(warned[0].contains("-> run `ringback migrate`"), "{}", behind.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_rabbitmq_is_said() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    bench.whole_login().await;
    let doctor = async |bench: &Bench| {
        ringback(bench.place.path(), &["--config", "worker-1.toml", "doctor"], &[]).await
    };
    let well = doctor(&bench).await.done();
    assert_advice(&well);
    assert!(lines(&well, "ok", "queue")[0].contains("1 workers"), "{}", well.out);
    bench.nodes[1].stop().await;
    let idle = doctor(&bench).await.done();
    assert!(lines(&idle, "warn", "queue")[0].contains("no worker takes messages"), "{}", idle.out);
    assert_advice(&idle);
    let config = std::fs::read_to_string(bench.place.path().join("worker-1.toml")).unwrap();
    let queue = config.lines().find(|line| line.starts_with("url = 'amqp")).unwrap();
    let (who, _) = queue.trim_start_matches("url = 'amqp://").split_once('@').unwrap();
    std::fs::write(bench.place.path().join("wrong.toml"), config.replace(who, "nobody:wrong-password"))
        .unwrap();
    let wrong = ringback(bench.place.path(), &["--config", "wrong.toml", "doctor"], &[]).await;
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert_eq!(lines(&wrong, "fail", "queue").len(), 1, "{}", wrong.out);
    assert_advice(&wrong);
    assert!(!wrong.out.contains("wrong-password"), "{}", wrong.out);
    // A queue that somebody deleted.
    let connection = bench.broker().await;
    let channel = connection.create_channel().await.unwrap();
    let name = format!("{}.events.delay.5s", bench.prefix);
    channel.queue_delete(name.as_str().into(), lapin::options::QueueDeleteOptions::default()).await.unwrap();
    let missing = doctor(&bench).await;
    let warned = lines(&missing, "warn", "queue");
    assert!(warned.iter().any(|line| line.contains("events.delay.5s")), "{}", missing.out);
    assert_advice(&missing);
}
