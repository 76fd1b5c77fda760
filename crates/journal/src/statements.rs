//! The SQL that writes.

use std::sync::{Arc, LazyLock};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqliteConnection};

use crate::{Record, Seq};

/// The most rows in one statement. Each number of rows has a statement of its own, so a batch up to this size is one
/// statement, which is one transaction and one round trip to SQLite's thread.
const ROWS: usize = 64;
/// How many different statements are kept prepared.
pub(crate) const SHAPES: usize = ROWS + 32;
/// How many entries one transaction deletes at most, so that appends get their turn in between.
pub(crate) const PRUNE: i64 = 500;

static INSERTS: LazyLock<Vec<Arc<str>>> = LazyLock::new(|| (0..=ROWS).map(insert_of).collect());

fn insert_of(rows: usize) -> Arc<str> {
    let values = vec!["(?,?,?,?,?,?,?)"; rows].join(",");
    // Nothing ever conflicts; said so, SQLite need not keep the old pages aside in case the statement alone is undone.
    format!("INSERT OR ROLLBACK INTO entry (seq,at,kind,version,crc,payload,place) VALUES {values}").into()
}

/// Appends records at consecutive places, all or none.
pub(crate) async fn insert(
    db: &mut SqliteConnection,
    first: Seq,
    at: i64,
    records: &[Record],
) -> Result<(), sqlx::Error> {
    if records.len() <= ROWS {
        return insert_rows(db, first, at, records).await;
    }
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
    for (first, rows) in (first..).step_by(ROWS).zip(records.chunks(ROWS)) {
        insert_rows(db, first, at, rows).await?;
    }
    sqlx::query("COMMIT").execute(db).await?;
    Ok(())
}

async fn insert_rows(
    db: &mut SqliteConnection,
    first: Seq,
    at: i64,
    records: &[Record],
) -> Result<(), sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(records.len() * 7, 0);
    for (seq, record) in (first..).zip(records) {
        let added = arguments
            .add(seq.cast_signed())
            .and_then(|()| arguments.add(at))
            .and_then(|()| arguments.add(record.kind.as_ref()))
            .and_then(|()| arguments.add(i32::from(record.version)))
            .and_then(|()| arguments.add(i64::from(record.checksum())))
            .and_then(|()| arguments.add(record.payload.as_slice()))
            .and_then(|()| arguments.add(seq.cast_signed()));
        added.map_err(sqlx::Error::Encode)?;
    }
    let insert = Arc::clone(&INSERTS[records.len()]);
    sqlx::query_with(AssertSqlSafe(insert), arguments).execute(db).await?;
    Ok(())
}

/// Keeps where the cursors are. They never go back. The commit is not synced: a slow disk is left to the appends, whose next sync
/// takes the cursors along; lost in a power cut, they cost their readers a repetition.
pub(crate) async fn keep_cursors(
    db: &mut SqliteConnection,
    cursors: &[(String, Seq)],
) -> Result<(), sqlx::Error> {
    let values = vec!["(?,?)"; cursors.len()].join(",");
    let sql = format!(
        "INSERT INTO cursor (name, seq) VALUES {values}
         ON CONFLICT (name) DO UPDATE SET seq = max(seq, excluded.seq)"
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    let bound = cursors.iter().fold(query, |query, (name, seq)| query.bind(name).bind(seq.cast_signed()));
    // In a write-ahead log frames are synced in their order, so those of an append are never behind a gap.
    sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *db).await?;
    bound.execute(&mut *db).await?;
    sqlx::query("PRAGMA synchronous = FULL").execute(db).await?;
    Ok(())
}

/// Deletes the oldest entries up to `through` which are older than `before`; returns how many. What seems to come from
/// later than `after` was written under a clock that was wrong, and goes too: it must not fill the disk for years.
pub(crate) async fn prune(
    db: &mut SqliteConnection,
    through: Seq,
    before: i64,
    after: i64,
) -> Result<u64, sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
    sqlx::query("UPDATE meta SET value = max(value, ?) WHERE name = 'pruned'")
        .bind(through.cast_signed())
        .execute(&mut *db)
        .await?;
    let gone = sqlx::query(
        "DELETE FROM entry WHERE (at < ?2 OR at > ?3)
         AND seq IN (SELECT seq FROM entry WHERE seq <= ?1 ORDER BY seq LIMIT ?4)",
    )
    .bind(through.cast_signed())
    .bind(before)
    .bind(after)
    .bind(PRUNE)
    .execute(&mut *db)
    .await?;
    sqlx::query("COMMIT").execute(db).await?;
    Ok(gone.rows_affected())
}
