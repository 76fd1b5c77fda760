//! The tables, and which versions of this software may touch them.

use std::path::Path;

use sqlx::SqliteConnection;

use crate::OpenError;

/// The format that this version writes, and the newest it reads.
const FORMAT: i64 = 1;

/// `place` repeats `seq`: a row id is nothing but its own copy, so one that was damaged would put a whole record at another place. It is
/// missing in what version 0.1.0 wrote, which writes and reads a file that has it as well.
///
/// `entry_kind` holds the row ids too, in order: it serves "these kinds, from here on".
const TABLES: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        version INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        payload BLOB NOT NULL,
        place INTEGER
    ) STRICT;
    CREATE INDEX entry_kind ON entry (kind);
    CREATE TABLE cursor (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO meta (name, value) VALUES ('format', 1), ('pruned', 0);
    COMMIT;";

/// Makes the tables in a new file, and what is missing in an old one. Refuses what a newer version wrote, untouched.
pub(crate) async fn prepare(db: &mut SqliteConnection, dir: &Path) -> Result<(), OpenError> {
    let refused = |error| OpenError::from_database(dir, error);
    let known: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *db)
        .await
        .map_err(refused)?;
    if known == 0 {
        sqlx::raw_sql(TABLES).execute(&mut *db).await.map_err(refused)?;
    }
    let found: i64 = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'format'")
        .fetch_one(&mut *db)
        .await
        .map_err(refused)?;
    if found > FORMAT {
        return Err(OpenError::NewerFormat { dir: dir.into(), found, supported: FORMAT });
    }
    let placed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pragma_table_info('entry') WHERE name = 'place'")
            .fetch_one(&mut *db)
            .await
            .map_err(refused)?;
    if placed == 0 {
        sqlx::raw_sql("ALTER TABLE entry ADD COLUMN place INTEGER").execute(db).await.map_err(refused)?;
    }
    Ok(())
}
