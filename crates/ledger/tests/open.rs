//! Opening a ledger by its URL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end in a panic")]

use ledger::{Ledger, OpenError, Options};

async fn refused(url: &str) -> OpenError {
    Ledger::open(url, Options::default()).await.unwrap_err()
}

#[tokio::test]
async fn s10_the_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (prefix, path) in [("sqlite:", "a/b/ledger.db"), ("sqlite://", "a/c/odd name %20.db")] {
        let path = folder.path().join(path);
        let ledger = Ledger::open(&format!("{prefix}{}", path.display()), Options::default()).await.unwrap();
        ledger.migrate().await.unwrap();
        #[cfg(unix)]
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            use std::os::unix::fs::PermissionsExt as _;
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?} {mode:o}", file.path());
        }
        assert!(path.exists());
        ledger.close().await;
        let again = Ledger::open(&format!("{prefix}{}", path.display()), Options::default()).await.unwrap();
        assert!(!again.health().await.unwrap().needs_migration(), "it is the same file");
    }
}

#[tokio::test]
async fn what_is_no_ledger_is_refused_in_a_sentence_without_the_url() {
    let error = refused("mysql://ringback:hunter2@db/ringback").await;
    assert!(matches!(error, OpenError::Unsupported("MySQL")), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    for url in [
        "oracle://ringback:hunter2@db/x",
        "postgres://ringback:hunter2@db:hunter2/x",
        "postgres://ringback@db/x?sslmode=hunter2",
        "postgres://ringback@db/x?hunter2=1",
        "hunter2",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:hunter2.db?mode=ro",
    ] {
        let error = refused(url).await;
        assert!(matches!(error, OpenError::Url(_)), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    std::fs::write(&path, "these are not the books you are looking for".repeat(100)).unwrap();
    let error = refused(&format!("sqlite:{}", path.display())).await;
    assert!(matches!(error, OpenError::Database(_)), "{error}");
    let error = refused(&format!("sqlite:{}/under/a/file.db", path.display())).await;
    assert!(matches!(error, OpenError::File(_)), "{error}");
}
