//! Connections to `journal.db`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

use crate::{FaultKind, OpenError, Seq, files, format, statements};

/// The file's name in its directory.
pub(crate) const FILE: &str = "journal.db";

/// An append has 750 ms in all; a foreign program with the file open must not take them.
const BUSY: Duration = Duration::from_millis(100);
/// Pages (of 4 KiB) in the write-ahead log before they are copied home.
const WAL_PAGES: &str = "4000";
/// The log's file is cut back to this many bytes when one commit made it larger.
const WAL_BYTES: &str = "67108864";

/// How often it was opened to write.
const OPENED: &str =
    "INSERT INTO meta (name, value) VALUES ('opened', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";

/// Where the database is.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    path: PathBuf,
}

impl Database {
    /// The database in this directory.
    pub(crate) fn of(dir: &Path) -> Self {
        Self { path: dir.join(FILE) }
    }

    /// Makes the file and its tables if needed, and refuses a newer format.
    pub(crate) async fn create(&self, dir: &Path) -> Result<(), OpenError> {
        let made = files::open_private(&self.path).and_then(|_| files::sync_dir(dir));
        made.map_err(|source| OpenError::Io { dir: dir.into(), source })?;
        let refused = |error| OpenError::from_database(dir, error);
        let mut db = self.options().connect().await.map_err(refused)?;
        format::prepare(&mut db, dir).await?;
        sqlx::Connection::close(db).await.map_err(refused)
    }

    /// A connection to write with, on an empty write-ahead log.
    ///
    /// The log of a former life may hold frames that are in the page cache and not on disk, because a sync failed and
    /// the kernel then forgot that they were dirty. A commit appended behind such frames would be lost with them. So
    /// everything is copied home and synced there first, and the log begins anew.
    pub(crate) async fn writer(&self) -> Result<SqliteConnection, sqlx::Error> {
        let mut db = self.emptied().await?;
        // The first commit of a log is synced three times. On a slow disk that is not left to somebody's code.
        match sqlx::query(OPENED).execute(&mut db).await {
            Ok(_) => Ok(db),
            // A full disk is no reason not to start.
            Err(_) => self.emptied().await,
        }
    }

    async fn emptied(&self) -> Result<SqliteConnection, sqlx::Error> {
        let mut db = self.options().connect().await?;
        checkpoint(&mut db).await?;
        Ok(db)
    }

    /// Connections to read with.
    pub(crate) async fn readers(&self) -> Result<SqlitePool, sqlx::Error> {
        let options = self.options().read_only(true).row_buffer_size(256);
        pool(2).connect_with(options).await
    }

    /// One connection to a file that nobody else has open. It may write, because SQLite must to replay a log.
    pub(crate) async fn sole_reader(&self) -> Result<SqlitePool, sqlx::Error> {
        pool(1).connect_with(self.options().row_buffer_size(256)).await
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", WAL_PAGES)
            .pragma("journal_size_limit", WAL_BYTES)
            .pragma("temp_store", "memory")
            .busy_timeout(BUSY)
            .statement_cache_capacity(statements::SHAPES)
            .thread_name(|_| "journal".into())
            .disable_statement_logging()
    }
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(5))
}

/// Copies the whole write-ahead log home and empties it.
pub(crate) async fn checkpoint(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(db).await?;
    match row.try_get::<i64, _>(0)? {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::ResourceBusy, "the write-ahead log is locked").into()),
    }
}

/// The newest place that was ever given out, whatever has been pruned since.
pub(crate) async fn last(db: &mut SqliteConnection) -> Result<Seq, sqlx::Error> {
    let last: i64 = sqlx::query_scalar(
        "SELECT max(
            ifnull((SELECT max(seq) FROM entry), 0),
            ifnull((SELECT max(seq) FROM cursor), 0),
            ifnull((SELECT value FROM meta WHERE name = 'pruned'), 0))",
    )
    .fetch_one(db)
    .await?;
    Ok(last.cast_unsigned())
}

/// The bytes of the pages in use.
pub(crate) async fn size(db: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let size: i64 = sqlx::query_scalar(
        "SELECT (page_count - freelist_count) * page_size
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    )
    .fetch_one(db)
    .await?;
    Ok(size.cast_unsigned())
}

/// Every cursor.
pub(crate) async fn cursors(db: &mut SqliteConnection) -> Result<Vec<(String, Seq)>, sqlx::Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT name, seq FROM cursor").fetch_all(db).await?;
    Ok(rows.into_iter().map(|(name, seq)| (name, seq.cast_unsigned())).collect())
}

impl OpenError {
    pub(crate) fn from_database(dir: &Path, error: sqlx::Error) -> Self {
        let dir = dir.into();
        match FaultKind::of(&error) {
            FaultKind::Corrupt => Self::Corrupt { dir, source: error.into() },
            _ => Self::Database { dir, source: error.into() },
        }
    }
}
