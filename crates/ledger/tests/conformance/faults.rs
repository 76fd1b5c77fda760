//! What only a server can do to us.

use std::time::Duration;

use ledger::{ApplyError, Ledger, MigrateError, Options, ReadError, TransactionFilter};
use otp::Fact;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::facts::*;
use super::postgres::{fresh, server, with};

fn one() -> Vec<Fact> {
    vec![Fact::HookReceived(hook(1, 0))]
}

async fn open(url: &str) -> Ledger {
    Ledger::open(url, Options::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_nobody_has_to_be_there_when_it_is_opened() {
    let options = Options { timeout: Duration::from_millis(300), ..Options::default() };
    let ledger = Ledger::open("postgres://ringback@127.0.0.1:1/ringback", options).await.unwrap();
    assert!(ledger.is_shared());
    let error = ledger.apply(&one()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(matches!(ledger.migrate().await, Err(MigrateError::Unavailable(_))));
    let started = tokio::time::timeout(Duration::from_secs(2), async {
        let error = ledger.within(Duration::from_millis(50)).event_state(&event_id("ev")).await.unwrap_err();
        assert!(matches!(error, ReadError::Timeout(_)), "{error}");
        ledger.close().await;
    });
    started.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_terminated_connections_are_replaced() {
    let bench = fresh().await;
    let name = super::postgres::name();
    let ledger = open(&with(&bench.url, &format!("application_name={name}"))).await;
    for _ in 0..5 {
        ledger.apply(&one()).await.unwrap();
        ledger.event_state(&event_id("ev")).await.unwrap();
        let mut admin = PgConnection::connect(&server()).await.unwrap();
        let ended: i64 = sqlx::query_scalar(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1",
        )
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .unwrap();
        assert!(ended >= 2, "{ended}");
        let mut failed = 0;
        while let Err(error) = ledger.apply(&one()).await {
            assert!(matches!(error, ApplyError::Unavailable(_)), "{error}");
            failed += 1;
            assert!(failed < 5, "{error}");
        }
        while let Err(error) = ledger.event_state(&event_id("ev")).await {
            assert!(matches!(error, ReadError::Unavailable(_)), "{error}");
            failed += 1;
            assert!(failed < 10, "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_database_that_forgets_is_refused() {
    let bench = fresh().await;
    let forgetful = with(&bench.url, "options[synchronous_commit]=off");
    let error = open(&forgetful).await.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::NotDurable { setting: "synchronous_commit", .. }), "{error}");
    assert!(error.to_string().contains("ledger.require_durable = false"), "{error}");
    assert!(open(&forgetful).await.check_durability().await.is_err());
    let accepted = Options { require_durable: false, ..Options::default() };
    Ledger::open(&forgetful, accepted).await.unwrap().migrate().await.unwrap();
    let local = with(&bench.url, "options[synchronous_commit]=local");
    open(&local).await.check_durability().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_locked_table_costs_a_deadline_and_no_reader() {
    let bench = fresh().await;
    bench.apply(&one()).await;
    let mut other = PgConnection::connect(&bench.url).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE otp_transactions").execute(&mut *lock).await.unwrap();
    let hasty = bench.ledger.within(Duration::from_millis(40));
    for _ in 0..12 {
        let error = hasty.transactions(&TransactionFilter::default()).await.unwrap_err();
        assert!(matches!(error, ReadError::Timeout(_)), "{error}");
    }
    let error = hasty.apply(&one()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Timeout(_)), "{error}");
    let error = bench.ledger.apply(&one()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Unavailable(_)), "the server's own patience: {error}");
    lock.rollback().await.unwrap();
    assert_eq!(bench.ledger.transactions(&TransactionFilter::default()).await.unwrap().len(), 1);
    bench.apply(&one()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_a_standby_is_asked_again_later() {
    let bench = fresh().await;
    let standby = open(&with(&bench.url, "options[default_transaction_read_only]=on")).await;
    let error = standby.apply(&one()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Unavailable(_)) && error.is_transient(), "{error}");
    assert!(standby.event_state(&event_id("ev")).await.unwrap().is_none(), "it may be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_database_that_does_not_let_us_in_is_named() {
    let url = server();
    let nowhere = format!("{}/rb_no_such_database", url.rsplit_once('/').unwrap().0);
    let error = open(&nowhere).await.apply(&one()).await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("does not let us in"), "{error}");
}
