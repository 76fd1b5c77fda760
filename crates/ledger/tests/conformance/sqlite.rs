use ledger::{Ledger, Options};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Column as _, Row as _, TypeInfo as _, ValueRef as _};

use super::{Bench, Dump, Raw};

/// The test's own connection to the books.
pub(crate) struct File {
    pool: SqlitePool,
    _folder: tempfile::TempDir,
}

pub(crate) async fn fresh() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/ledger.db");
    let url = format!("sqlite:{}", path.display());
    let ledger = Ledger::open(&url, Options::default()).await.unwrap();
    ledger.migrate().await.unwrap();
    let connect =
        SqliteConnectOptions::new().filename(&path).busy_timeout(std::time::Duration::from_secs(20));
    let raw = File { pool: SqlitePool::connect_with(connect).await.unwrap(), _folder: folder };
    let other_url = format!("{url}-other");
    Bench { ledger, url, other_url, files: path.parent().map(Into::into), raw: Raw::Sqlite(raw) }
}

impl File {
    async fn tables(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%'
            AND name NOT IN ('ledger_schema', 'report_claims', 'erasures') ORDER BY name",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    pub(crate) async fn dump(&self) -> Dump {
        let mut dump = Dump::new();
        for table in self.tables().await {
            let columns: Vec<String> =
                sqlx::query_scalar("SELECT name || '=' FROM pragma_table_info(?) ORDER BY cid")
                    .bind(&table)
                    .fetch_all(&self.pool)
                    .await
                    .unwrap();
            let row: Vec<String> =
                columns.iter().map(|c| format!("'{c}' || quote({})", c.trim_end_matches('='))).collect();
            let sql = format!("SELECT {} AS line FROM {table} ORDER BY 1", row.join(" || ' ' || "));
            let lines = sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.pool).await.unwrap();
            dump.insert(table, lines.iter().map(|line| line.get("line")).collect());
        }
        dump
    }

    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&self.pool).await.unwrap();
        rows.iter().map(|row| row.get("line")).collect()
    }

    pub(crate) async fn view(&self, view: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let columns = sqlx::query_scalar("SELECT name FROM pragma_table_info(?) ORDER BY cid").bind(view);
        let columns: Vec<String> = columns.fetch_all(&self.pool).await.unwrap();
        let sql = AssertSqlSafe(format!("SELECT * FROM {view}"));
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.unwrap();
        let shown = |row: &sqlx::sqlite::SqliteRow| {
            let cell = |n: usize| {
                let value = row.try_get_raw(n).unwrap();
                match value.type_info().name() {
                    _ if value.is_null() => "-".to_owned(),
                    "INTEGER" => row.get::<i64, _>(n).to_string(),
                    "REAL" => format!("{:?}", row.get::<f64, _>(n)),
                    _ => row.get(n),
                }
            };
            row.columns().iter().map(|column| cell(column.ordinal())).collect()
        };
        (columns, rows.iter().map(shown).collect())
    }

    pub(crate) async fn clear(&self) {
        for table in self.tables().await {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&self.pool).await.unwrap();
        }
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }
}
