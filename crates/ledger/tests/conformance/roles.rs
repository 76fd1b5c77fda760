//! Who may do what.

use std::str::FromStr as _;

use ledger::{Ledger, Options};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::Raw;
use super::facts::*;
use super::postgres::{fresh, name, server};

async fn execute(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_the_service_needs_no_rights_but_in_its_own_database() {
    let plain = name();
    let mut admin = PgConnection::connect(&server()).await.unwrap();
    execute(
        &mut admin,
        format!("CREATE ROLE {plain} LOGIN PASSWORD 'x' NOSUPERUSER NOCREATEROLE NOCREATEDB"),
    )
    .await;
    execute(&mut admin, format!("CREATE DATABASE {plain} OWNER {plain}")).await;
    let connect = PgConnectOptions::from_str(&server()).unwrap();
    let url = connect.username(&plain).password("x").database(&plain).to_url_lossy();
    let worked = tokio::spawn(async move {
        let ledger = Ledger::open(url.as_str(), Options::default()).await.unwrap();
        ledger.migrate().await.unwrap();
        assert_eq!(ledger.apply(&accepted(&hook(1, 0))).await.unwrap().quarantined, []);
        assert!(ledger.transaction(tx(1)).await.unwrap().is_some());
        ledger.close().await;
    });
    let worked = worked.await;
    execute(&mut admin, format!("DROP DATABASE {plain} WITH (FORCE)")).await;
    execute(&mut admin, format!("DROP ROLE {plain}")).await;
    worked.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s28_analysts_read_the_views_and_nothing_else() {
    let bench = fresh().await;
    bench.apply(&accepted(&hook(1, 0))).await;
    let Raw::Postgres(scratch) = &bench.raw else { unreachable!("it is fresh from Postgres") };
    let rights: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "SELECT c.relname::text, c.relkind = 'v', has_table_privilege('ringback_analytics', c.oid, 'SELECT'),
            has_table_privilege('ringback_analytics', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
        WHERE s.nspname = current_schema() AND c.relkind IN ('r', 'v', 'm', 'p', 'S', 'f')",
    )
    .fetch_all(&scratch.pool)
    .await
    .unwrap();
    let views: Vec<&str> =
        rights.iter().filter(|(_, view, ..)| *view).map(|(name, ..)| name.as_str()).collect();
    assert_eq!(views.len(), 6, "{views:?}");
    assert!(rights.len() > 15, "{rights:?}");
    for (name, view, reads, writes) in &rights {
        assert_eq!((reads, *writes), (view, false), "{name}");
    }
    let mut analyst = PgConnection::connect(&bench.url).await.unwrap();
    execute(&mut analyst, "SET ROLE ringback_analytics".to_owned()).await;
    for view in views {
        execute(&mut analyst, format!("SELECT * FROM {view}")).await;
    }
    for refused in [
        "SELECT * FROM otp_transactions",
        "SELECT phone_sealed FROM otp_transactions",
        "CREATE TABLE x (i int)",
    ] {
        let error = sqlx::raw_sql(refused).execute(&mut analyst).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{refused}: {error}");
    }
}
