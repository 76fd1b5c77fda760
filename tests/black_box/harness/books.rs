//! The ledger's file, as an analyst reads it.

use std::path::Path;
use std::time::Duration;

use lab::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Row as _};

/// What a query says; only reads.
pub(crate) async fn rows(file: &Path, sql: &str) -> Vec<Row> {
    let options =
        SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(10));
    let mut books = options.connect().await.unwrap();
    let found = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut books).await.unwrap();
    let read = |row: sqlx::sqlite::SqliteRow| {
        let cell = |n: usize| row.try_get_unchecked::<Option<String>, _>(n).unwrap();
        Row::new(row.columns().iter().map(|column| (column.name().to_owned(), cell(column.ordinal()))))
    };
    let found = found.into_iter().map(read).collect();
    books.close().await.unwrap();
    found
}

/// Keeps everybody else from writing to the file until it is closed.
pub(crate) async fn lock_books(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10));
    let mut books = options.connect().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut books).await.unwrap();
    books
}
