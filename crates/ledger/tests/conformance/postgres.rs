use ledger::{Ledger, Options};
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, Row as _, TypeInfo as _, ValueRef as _,
};

use super::{Bench, Dump, Raw};

/// A schema of the test's own, dropped at its end, however it ends.
pub(crate) struct Scratch {
    pub(crate) server: String,
    pub(crate) schema: String,
    pub(crate) pool: PgPool,
    /// Says all of `dump`; made once.
    lines: tokio::sync::OnceCell<String>,
}

/// Where tests find a Postgres to make schemas, databases and roles in.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the database is")]
pub(crate) fn server() -> String {
    std::env::var("RINGBACK_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// `url` with one more parameter.
pub(crate) fn with(url: &str, parameter: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{parameter}")
}

/// A name nothing else has: tests run at once, in processes of their own.
#[expect(clippy::disallowed_methods, reason = "a name that must not meet another one")]
pub(crate) fn name() -> String {
    format!("rb_test_{}", uuid::Uuid::new_v4().simple())
}

impl Scratch {
    async fn new() -> Self {
        let (server, schema) = (server(), name());
        let mut connection = PgConnection::connect(&server).await.expect("a Postgres for tests");
        let sql = format!("CREATE SCHEMA {schema}; CREATE SCHEMA {schema}_other");
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(2);
        let pool = pool.connect(&with(&server, &format!("options[search_path]={schema}"))).await.unwrap();
        Self { server, schema, pool, lines: tokio::sync::OnceCell::new() }
    }

    /// The URL of a ledger here.
    pub(crate) fn url(&self) -> String {
        with(&self.server, &format!("options[search_path]={}", self.schema))
    }

    async fn tables(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()
            AND tablename NOT IN ('_sqlx_migrations', 'ledger_schema', 'report_claims', 'erasures') ORDER BY 1",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// A statement that writes every row as the other backend's tests do.
    async fn lines(&self) -> String {
        let mut selects = Vec::new();
        for table in self.tables().await {
            let columns: Vec<(String, String)> = sqlx::query_as(
                "SELECT column_name::text, data_type::text FROM information_schema.columns
                WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
            )
            .bind(&table)
            .fetch_all(&self.pool)
            .await
            .unwrap();
            let columns: Vec<String> =
                columns.iter().map(|(name, kind)| format!("'{name}=' || {}", shown(name, kind))).collect();
            selects.push(format!(
                "SELECT '{table}' AS name, {} AS line FROM {table}",
                columns.join(" || ' ' || ")
            ));
        }
        selects.join(" UNION ALL ")
    }

    pub(crate) async fn dump(&self) -> Dump {
        let lines = self.lines.get_or_init(|| self.lines()).await;
        let mut dump: Dump = self.tables().await.into_iter().map(|table| (table, Vec::new())).collect();
        for row in sqlx::query(AssertSqlSafe(lines.clone())).fetch_all(&self.pool).await.unwrap() {
            dump.get_mut(row.get::<&str, _>("name")).unwrap().push(row.get("line"));
        }
        for lines in dump.values_mut() {
            lines.sort_unstable();
        }
        dump
    }

    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&self.pool).await.unwrap();
        rows.iter().map(|row| row.get("line")).collect()
    }

    pub(crate) async fn view(&self, view: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let columns = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
        );
        let columns: Vec<String> = columns.bind(view).fetch_all(&self.pool).await.unwrap();
        let sql = AssertSqlSafe(format!("SELECT * FROM {view}"));
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.unwrap();
        let shown = |row: &sqlx::postgres::PgRow| {
            let cell = |n: usize| {
                let value = row.try_get_raw(n).unwrap();
                match value.type_info().name() {
                    _ if value.is_null() => "-".to_owned(),
                    "INT8" => row.get::<i64, _>(n).to_string(),
                    "FLOAT8" => format!("{:?}", row.get::<f64, _>(n)),
                    "TIMESTAMPTZ" => {
                        let at = row.get::<jiff_sqlx::Timestamp, _>(n).to_jiff();
                        at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
                    }
                    "TEXT" => row.get(n),
                    other => panic!("{view} has a column of type {other}"),
                }
            };
            row.columns().iter().map(|column| cell(column.ordinal())).collect()
        };
        (columns, rows.iter().map(shown).collect())
    }

    pub(crate) async fn clear(&self) {
        let deletes: String =
            self.tables().await.iter().map(|table| format!("DELETE FROM {table};")).collect();
        sqlx::raw_sql(AssertSqlSafe(deletes)).execute(&self.pool).await.unwrap();
    }

    pub(crate) async fn execute(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await.unwrap();
    }
}

/// A column as SQLite's `quote` shows it.
fn shown(name: &str, kind: &str) -> String {
    let text = match kind {
        "bigint" | "integer" => format!("{name}::text"),
        "timestamp with time zone" => {
            format!(r#"to_char({name} AT TIME ZONE 'UTC', '"''"YYYY-MM-DD"T"HH24:MI:SS.US"Z''"')"#)
        }
        _ => format!("$q$'$q$ || replace({name}::text, $q$'$q$, $q$''$q$) || $q$'$q$"),
    };
    format!("coalesce({text}, 'NULL')")
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (server, schema) = (self.server.clone(), self.schema.clone());
        // A runtime of its own: this one may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.unwrap();
                let sql = format!(
                    "SET client_min_messages = error; SET lock_timeout = '10s';
                    DROP SCHEMA {schema} CASCADE; DROP SCHEMA {schema}_other CASCADE"
                );
                connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) && !std::thread::panicking() {
            panic!("schema {} stays: something still holds it", self.schema);
        }
    }
}

pub(crate) async fn fresh() -> Bench {
    let scratch = Scratch::new().await;
    let url = scratch.url();
    let ledger = Ledger::open(&url, Options::default()).await.unwrap();
    ledger.migrate().await.unwrap();
    let other_url = format!("{url}_other");
    Bench { ledger, url, other_url, files: None, raw: Raw::Postgres(scratch) }
}
