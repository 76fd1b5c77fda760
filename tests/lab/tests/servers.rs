//! The servers of the bench do what the tests ask of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use lab::rabbit::connect;
use lab::{PrivatePostgres, PrivateRabbit, Stop};
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use tokio::time::timeout;

#[tokio::test]
async fn a_postgres_comes_back_with_what_it_confirmed() {
    let mut postgres = PrivatePostgres::start().await;
    postgres.execute("CREATE TABLE it (n int)").await;
    for n in 0..3 {
        postgres.execute(&format!("INSERT INTO it VALUES ({n})")).await;
        match n {
            0 => postgres.stop(Stop::Fast).await,
            1 => postgres.stop(Stop::Immediate).await,
            _ => postgres.kill9().await,
        }
        postgres.start_again().await;
    }
    assert_eq!(&postgres.rows("SELECT count(*) AS n FROM it").await[0]["n"], "3");
    postgres.freeze();
    assert!(timeout(Duration::from_millis(500), postgres.session()).await.is_err(), "it stands still");
    postgres.thaw();
    assert_eq!(&postgres.rows("SELECT max(n) AS n FROM it").await[0]["n"], "2");
}

#[tokio::test]
async fn a_rabbit_is_killed_wiped_and_short_of_memory() {
    let mut rabbit = PrivateRabbit::start().await;
    assert!(declare(&rabbit, false).await.is_ok());
    assert!(publish(&rabbit).await);
    rabbit.memory_alarm(true).await;
    assert!(!publish(&rabbit).await, "publishers wait");
    rabbit.memory_alarm(false).await;
    rabbit.kill9().await;
    assert!(connect(&rabbit.url()).await.is_none());
    rabbit.start_again().await;
    assert!(declare(&rabbit, true).await.is_ok_and(|messages| messages >= 1));
    rabbit.freeze();
    assert!(connect(&rabbit.url()).await.is_none());
    rabbit.thaw();
    assert!(publish(&rabbit).await);
    rabbit.app(false).await;
    assert!(connect(&rabbit.url()).await.is_none());
    rabbit.app(true).await;
    rabbit.disk_alarm(true).await;
    assert!(!publish(&rabbit).await, "publishers wait");
    rabbit.wipe().await;
    assert!(declare(&rabbit, true).await.is_err(), "it has forgotten everything");
}

async fn declare(rabbit: &PrivateRabbit, passive: bool) -> lapin::Result<u32> {
    let connection = connect(&rabbit.url()).await.unwrap();
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { passive, durable: true, ..QueueDeclareOptions::default() };
    Ok(channel.queue_declare("it".into(), options, FieldTable::default()).await?.message_count())
}

/// Whether the broker confirms a message.
async fn publish(rabbit: &PrivateRabbit) -> bool {
    let connection = connect(&rabbit.url()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let options = BasicPublishOptions::default();
    let sent = async {
        channel.basic_publish("".into(), "it".into(), options, b"x", persistent).await.unwrap().await
    };
    timeout(Duration::from_secs(2), sent).await.is_ok_and(|confirmed| confirmed.is_ok())
}
