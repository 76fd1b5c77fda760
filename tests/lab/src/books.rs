//! Tables in Postgres, as an analyst reads them.

use std::collections::BTreeMap;
use std::ops::Index;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Executor as _, Row as _, SqlSafeStr as _};

/// One row, every value as text; NULL is `NULL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(BTreeMap<String, String>);

impl Row {
    /// A row of these columns.
    pub fn new(cells: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let text = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
        Self(cells.into_iter().map(|(name, value)| (name, text(value))).collect())
    }
}

impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column} in {self:?}"))
    }
}

/// What a query says.
pub async fn rows(url: &str, sql: &str) -> sqlx::Result<Vec<Row>> {
    let mut session = PgConnection::connect(url).await?;
    let rows = rows_of(&mut session, sql).await;
    let _ = session.close().await;
    rows
}

/// The same in a session that is there.
pub async fn rows_of(session: &mut PgConnection, sql: &str) -> sqlx::Result<Vec<Row>> {
    // As text, whatever the types are.
    let bare = AssertSqlSafe(format!("SELECT * FROM ({sql}) AS it LIMIT 0"));
    let described = session.describe(bare.into_sql_str()).await?;
    let columns: Vec<String> = described.columns().iter().map(|it| it.name().to_owned()).collect();
    let casts: Vec<_> = columns.iter().map(|name| format!("\"{name}\"::text")).collect();
    let sql = format!("SELECT {} FROM ({sql}) AS it", casts.join(", "));
    let found = sqlx::query(AssertSqlSafe(sql)).fetch_all(session).await?;
    let read = |row: PgRow| {
        Row::new(columns.iter().enumerate().map(|(n, name)| (name.clone(), row.get::<Option<String>, _>(n))))
    };
    Ok(found.into_iter().map(read).collect())
}
