//! Dead letters and replay in the production profile: the command publishes to the broker, whatever runs.

use lab::Bench;
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable};
use sim::{Fault, VerifyOp};

use crate::harness::{Said, ringback, until};

async fn command(bench: &Bench, arguments: &[&str]) -> Said {
    let arguments = [&["--config", "worker-1.toml"], arguments].concat();
    ringback(bench.place.path(), &arguments, &[]).await
}

async fn event_when(bench: &Bench, uuid: &str, state: &str) {
    let sql = format!("SELECT state FROM okta_events WHERE uuid = '{uuid}'");
    until(&format!("the event is {state}"), async || {
        let rows = bench.postgres.rows(&sql).await;
        rows.first().is_some_and(|row| &row["state"] == state).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_a_settled_event_is_published_again() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let user = bench.user("ana");
    let login = bench.login(&user).await;
    // Nor does it find one by the number.
    bench.sim.twilio().fail_next(VerifyOp::Update, Fault::twilio(20404));
    bench.sim.twilio().fail_next(VerifyOp::Fetch, Fault::twilio(20404));
    bench.sim.okta().enter_code(&user.id, login.code()).await.unwrap();
    let events = bench.sim.okta().take_events();
    let uuid = events[0]["uuid"].as_str().unwrap().to_owned();
    bench.deliver(&events).await;
    event_when(&bench, &uuid, "expired").await;

    let unknown = command(&bench, &["events", "replay", "nobody-knows"]).await;
    assert_eq!(unknown.code, 1, "{unknown:?}");
    let said = command(&bench, &["events", "replay", &uuid]).await.done();
    assert!(said.out.contains(&format!("queued again: main {uuid}")), "{said:?}");
    event_when(&bench, &uuid, "done").await;
    bench.approved(&login).await;
    // Nothing is said twice, however often it is replayed.
    let told = bench.sim.twilio().reports().len();
    command(&bench, &["events", "replay", &uuid]).await.done();
    until("the replay has ended", async || {
        let sql = "SELECT 1 AS n FROM okta_events e WHERE e.state = 'done'
            AND settled_at > (SELECT max(replayed_at) FROM event_replays) AND (SELECT count(*) FROM event_replays) = 2";
        (bench.postgres.rows(sql).await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(bench.sim.twilio().reports().len(), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_what_the_broker_gave_up_by_itself_goes_back_to_work() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let user = bench.user("ana");
    let login = bench.login(&user).await;
    bench.nodes[1].stop().await;
    bench.sim.okta().enter_code(&user.id, login.code()).await.unwrap();
    let events = bench.sim.okta().take_events();
    let uuid = events[0]["uuid"].as_str().unwrap().to_owned();
    bench.deliver(&events).await;
    // Where the broker puts what was delivered too often.
    let connection = bench.broker().await;
    let channel = connection.create_channel().await.unwrap();
    let name = |queue: &str| format!("{}.{queue}", bench.prefix);
    let got = until("the event is in the queue", async || {
        let queue = name("events");
        channel.basic_get(queue.as_str().into(), BasicGetOptions { no_ack: true }).await.unwrap()
    })
    .await;
    let copies = [got.delivery.data.clone(), b"nothing of ours".to_vec()];
    for (n, data) in copies.iter().enumerate() {
        let mut headers = FieldTable::default();
        headers.insert("x-ringback-version".into(), AMQPValue::LongLongInt(1));
        let properties = got.delivery.properties.clone().with_headers(headers).with_delivery_mode(2);
        let properties = properties.with_message_id(format!("dead-{n}").as_str().into());
        let exchange = bench.prefix.as_str().into();
        let options = BasicPublishOptions::default();
        channel
            .basic_publish(exchange, "events.dead".into(), options, data, properties)
            .await
            .unwrap()
            .await
            .unwrap();
    }
    until("both are there", async || {
        let listed = command(&bench, &["dead", "list"]).await.done();
        listed.err.contains("2 messages lie in the broker's dead-letter queue").then_some(())
    })
    .await;
    bench.up(1).await;
    let none = command(&bench, &["dead", "replay", "--all", "--org", "other"]).await.done();
    assert!(none.out.contains("0 events queued again") && none.err.contains("2 messages stay"), "{none:?}");
    let said = command(&bench, &["dead", "replay", "--all", "--reason", "delivered too often"]).await.done();
    assert!(said.out.contains(&format!("queued again: main {uuid}")), "{said:?}");
    assert!(said.err.contains("1 messages stay"), "what nobody can read: {said:?}");
    event_when(&bench, &uuid, "done").await;
    bench.approved(&login).await;
    assert_eq!(bench.postgres.rows("SELECT * FROM event_replays").await.len(), 1);
    let again = command(&bench, &["dead", "replay", "--all"]).await.done();
    assert!(again.out.contains("0 events queued again"), "{again:?}");
    connection.close(200, "done".into()).await.unwrap();
}
