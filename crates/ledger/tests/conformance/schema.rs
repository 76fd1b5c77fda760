use ledger::{ApplyError, Ledger, MigrateError, Options, ReadError};
use otp::Fact;

use super::Bench;
use super::facts::*;

/// What a newer binary leaves behind.
const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    VALUES (900, 'of tomorrow', TRUE, '\\x00', 0)";

async fn unmigrated(bench: &Bench) -> Ledger {
    Ledger::open(&bench.other_url, Options::default()).await.unwrap()
}

pub(crate) async fn a14_migrating_twice_does_nothing(bench: Bench) {
    let ledger = unmigrated(&bench).await;
    let first = ledger.migrate().await.unwrap();
    assert_eq!(first.ran.first().map(String::as_str), Some("0001_books"));
    assert_eq!(first.version, ledger.health().await.unwrap().known_version);
    let second = ledger.migrate().await.unwrap();
    assert_eq!((second.ran.len(), second.version), (0, first.version));
}

/// Without its row a schema is taken for one that no older binary may write, and a rollback would find its books closed.
pub(crate) async fn a14_a15_every_schema_says_which_binaries_may_use_it(bench: Bench) {
    let known = bench.ledger.health().await.unwrap().known_version;
    for db in ["postgres", "sqlite"] {
        let dir = format!("{}/../../migrations/{db}", env!("CARGO_MANIFEST_DIR"));
        let mut versions = Vec::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let version: i64 = name.split('_').next().unwrap().parse().unwrap();
            let says = format!("INSERT INTO ledger_schema (version, min_compatible) VALUES ({version}, ");
            assert!(std::fs::read_to_string(&path).unwrap().contains(&says), "{db}/{name}");
            versions.push(version);
        }
        assert_eq!(versions.into_iter().max(), Some(known));
    }
}

pub(crate) async fn a14_processes_may_migrate_at_once(bench: Bench) {
    let a = unmigrated(&bench).await;
    let b = unmigrated(&bench).await;
    let c = unmigrated(&bench).await;
    let (a, b, c) = tokio::join!(a.migrate(), b.migrate(), c.migrate());
    let ran = [a, b, c].map(|migrated| migrated.unwrap().ran.len());
    assert_eq!(ran.iter().filter(|ran| **ran > 0).count(), 1, "one did it: {ran:?}");
}

pub(crate) async fn a14_an_old_binary_works_on_a_newer_schema_that_allows_it(bench: Bench) {
    bench.meddle(NEWER).await;
    bench.meddle("INSERT INTO ledger_schema (version, min_compatible) VALUES (900, 1)").await;
    let migrated = bench.ledger.migrate().await.unwrap();
    assert_eq!((migrated.ran.len(), migrated.version), (0, 900));
    bench.apply(&accepted(&hook(1, 0))).await;
}

pub(crate) async fn a15_a_newer_schema_is_refused_clearly(bench: Bench) {
    let known = bench.ledger.health().await.unwrap().known_version;
    bench.meddle(NEWER).await;
    let error = bench.ledger.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::TooNew { found: 900, known: k } if k == known), "{error}");
    assert!(error.to_string().contains("version 900, made by a newer ringback"), "{error}");
    bench.meddle("INSERT INTO ledger_schema (version, min_compatible) VALUES (900, 899)").await;
    assert!(matches!(bench.ledger.migrate().await, Err(MigrateError::TooNew { .. })));
    assert_eq!(bench.ledger.health().await.unwrap().schema_version, 900);
}

pub(crate) async fn a15_a_changed_migration_is_refused(bench: Bench) {
    bench.meddle("UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1").await;
    assert!(matches!(bench.ledger.migrate().await, Err(MigrateError::Changed(1))));
}

pub(crate) async fn a15_without_a_schema_nothing_is_put_aside(bench: Bench) {
    let ledger = unmigrated(&bench).await;
    let error = ledger.apply(&[Fact::HookReceived(hook(1, 0))]).await.unwrap_err();
    assert!(matches!(error, ApplyError::Schema(_)) && !error.is_transient(), "{error}");
    assert!(error.to_string().contains("ringback migrate"), "{error}");
    let error = ledger.event_state(&event_id("ev")).await.unwrap_err();
    assert!(ledger.earlier_hooks(&[]).await.is_err(), "the books are asked even when it is about no hook");
    assert!(matches!(error, ReadError::Schema(_)) && !error.is_transient(), "{error}");
    // The same handle works once the schema is there.
    ledger.migrate().await.unwrap();
    assert_eq!(ledger.apply(&[Fact::HookReceived(hook(1, 0))]).await.unwrap().quarantined, []);
    assert!(ledger.transaction(tx(1)).await.unwrap().is_some());
}

pub(crate) async fn health_says_which_schema(bench: Bench) {
    let before = unmigrated(&bench).await.health().await.unwrap();
    assert_eq!(before.schema_version, 0);
    assert!(before.needs_migration());
    let after = bench.ledger.health().await.unwrap();
    assert_eq!(after.schema_version, after.known_version);
    assert!(!after.needs_migration() && after.bytes.is_none_or(|bytes| bytes > 0), "{after:?}");
    bench.ledger.close().await;
    let error = bench.ledger.health().await.unwrap_err();
    assert!(error.is_transient(), "closed: {error}");
}

pub(crate) async fn a_database_says_what_is_wrong_with_it(bench: Bench) {
    let well = bench.ledger.examine().await.unwrap();
    assert!(well.server.starts_with("SQLite 3.") || well.server.starts_with("Postgres "), "{well:?}");
    assert!(well.remarks.iter().all(|remark| !remark.grave), "{well:?}");
}
