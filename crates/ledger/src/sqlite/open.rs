use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::SqliteLedger;
use crate::{OpenError, Options};

impl SqliteLedger {
    /// Opens the file named by what follows `sqlite:`.
    pub(crate) async fn open(path: &str, options: Options) -> Result<Self, OpenError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => return Err(OpenError::Url("names no file")),
            ":memory:" => return Err(OpenError::Url("must name a file: books in memory are no books")),
            _ if path.contains('?') => return Err(OpenError::Url("takes no parameters")),
            _ => {}
        }
        make(Path::new(path)).map_err(OpenError::File)?;
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(options.busy_timeout)
            .journal_mode(SqliteJournalMode::Wal)
            // One sync per batch. NORMAL would save it and may lose the last batches when the power fails, while the journal's
            // cursor, which has its own file and is synced, says that they are here: then nobody would drain them again.
            .synchronous(SqliteSynchronous::Full)
            // An attempt may come before its transaction.
            .foreign_keys(false)
            .pragma("journal_size_limit", "67108864")
            // What is purged is overwritten, where that costs no extra write.
            .pragma("secure_delete", "FAST");
        let writer = pool(1, options).connect_with(connect.clone()).await.map_err(database)?;
        let readers = pool(options.readers.max(1), options)
            .connect_with(connect.pragma("query_only", "ON"))
            .await
            .map_err(database)?;
        Ok(Self { writer, readers, limit: options.timeout })
    }
}

fn pool(connections: u32, options: Options) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up.
        .test_before_acquire(false)
}

fn database(error: sqlx::Error) -> OpenError {
    OpenError::Database(error.into())
}

/// Makes the file before SQLite does, because SQLite would let others read it. Its companions (-wal, -shm) take its mode.
fn make(path: &Path) -> std::io::Result<()> {
    let mut folders = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    folders.recursive(true);
    file.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folders.mode(0o700);
        file.mode(0o600);
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        folders.create(folder)?;
    }
    match file.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}
