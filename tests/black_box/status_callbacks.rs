//! What providers say became of a message, and what is made of it.

use std::collections::BTreeSet;
use std::time::Duration;

use sim::Channel;

use crate::harness::{Asked, Balancer, Kind, Provider, Row, Settings, World};

/// One provider of each kind; its name says which.
pub(crate) fn one_of_each(settings: &mut Settings, public_url: &str) {
    settings.providers = vec![
        Provider::new("sms", Kind::Messaging),
        Provider::new("telesign", Kind::Omnichannel).with("status_callbacks = true"),
        Provider::new("verify", Kind::Verify),
        Provider::new("hook", Kind::Webhook),
    ];
    settings.public_url = Some(public_url.to_owned());
    settings.more = ["sms", "telesign", "verify"]
        .into_iter()
        .zip(["US", "FR", "DE"])
        .map(|(name, country)| {
            format!("[[telephony.routes]]\ncountries = ['{country}']\nproviders = ['{name}']\n")
        })
        .collect();
}

pub(crate) const AMERICAN: &str = "+12125550123";
pub(crate) const FRENCH: &str = "+33612345678";
pub(crate) const GERMAN: &str = "+4915123456789";

/// The server behind something that others know it by.
async fn published() -> (World, Balancer) {
    let front = Balancer::start().await;
    let world = World::with(|settings| one_of_each(settings, &front.url())).await;
    front.lead_to(vec![world.server.public]);
    (world, front)
}

pub(crate) async fn ask(world: &World, to: &str, channel: Channel) -> Asked {
    let user = world.user("ana");
    let asked = world.ask_for(world.sim.okta().hook_request(&user.id, channel).unwrap().phone(to)).await;
    assert_eq!(asked.told(), "SUCCESSFUL");
    asked
}

/// What the books say was told about a message, once there are so many.
pub(crate) async fn receipts(world: &World, provider_ref: &str, n: usize) -> Vec<Row> {
    let sql = format!("SELECT * FROM delivery_receipts WHERE provider_ref = '{provider_ref}'");
    world.rows_when(&sql, |rows| rows.len() >= n).await;
    // What came twice has had its chance.
    world.drained().await;
    let rows = world.rows(&sql).await;
    assert_eq!(rows.len(), n, "{rows:?}");
    rows
}

fn statuses(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter().map(|row| &row["status"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn c21_a_message_s_way_is_in_the_books_in_any_order_and_once() {
    let (world, _front) = published().await;
    let asked = ask(&world, AMERICAN, Channel::Sms).await;
    let sid = asked.row["provider_ref"].to_owned();
    for (status, code) in [
        ("undelivered", Some(30003)),
        ("sent", None),
        ("sent", None),
        ("queued", None),
        ("undelivered", Some(30003)),
    ] {
        assert_eq!(world.sim.messaging().deliver_status(&sid, status, code).await, Ok(200), "{status}");
    }
    let rows = receipts(&world, &sid, 3).await;
    assert_eq!(statuses(&rows), BTreeSet::from(["queued", "sent", "undelivered"]));
    for row in &rows {
        assert_eq!((&row["provider"], &row["transaction_id"]), ("sms", &asked.row["id"]), "{row:?}");
        assert_eq!(&row["error_code"], if &row["status"] == "undelivered" { "30003" } else { "NULL" });
    }
    // People see it beside the attempt.
    let said = world.command(&["transactions", "show", &asked.row["id"]]).await.done();
    for text in ["receipt    sms undelivered code 30003", "receipt    sms sent"] {
        assert!(said.out.contains(text), "no {text} in\n{}", said.out);
    }
    let shown = world.command(&["transactions", "show", &asked.row["id"], "--json"]).await.done().json();
    assert_eq!(shown["receipts"].as_array().unwrap().len(), 3, "{shown}");
    // What Okta was told and what was booked is not touched by it.
    assert_eq!(&world.transaction(&asked.request.event_id).await["status"], "accepted");
    let metrics = world.admin("/metrics").await.text;
    assert!(
        metrics.contains("ringback_receipts_total{provider=\"sms\",status=\"undelivered\"} 2"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c21_calls_streams_and_telesign_tell_too() {
    let (world, front) = published().await;
    world.sim.messaging().configure(|it| {
        it.auto_status = ["ringing", "completed"].map(str::to_owned).into();
        it.auto_status_delay = Duration::from_millis(1);
    });
    let call = ask(&world, AMERICAN, Channel::Voice).await;
    let rows = receipts(&world, &call.row["provider_ref"], 2).await;
    assert_eq!(statuses(&rows), BTreeSet::from(["ringing", "completed"]), "without being asked");
    assert!(rows.iter().all(|row| row["transaction_id"] == call.row["id"] && &row["reported_at"] != "NULL"));

    world.sim.twilio().stream_to(&format!("{}/providers/verify/status", front.url()));
    let login = ask(&world, GERMAN, Channel::Sms).await;
    let (verification, attempt) = (&login.row["provider_ref"], &login.attempts[0]["attempt_ref"]);
    for status in ["sent", "delivered", "delivered"] {
        assert_eq!(world.sim.twilio().stream_message_status(attempt, status).await, Ok(200));
    }
    let rows = receipts(&world, verification, 2).await;
    assert_eq!(statuses(&rows), BTreeSet::from(["sent", "delivered"]));
    for row in &rows {
        assert_eq!(
            [&row["attempt_ref"], &row["transaction_id"], &row["provider"]],
            [attempt, &login.row["id"], "verify"]
        );
    }

    let message = ask(&world, FRENCH, Channel::Sms).await;
    let reference = &message.row["provider_ref"];
    for code in [3000, 3003, 3000] {
        assert_eq!(world.sim.telesign().deliver_status(reference, code).await, Ok(200));
    }
    let rows = receipts(&world, reference, 2).await;
    assert_eq!(statuses(&rows), BTreeSet::from(["delivered", "failed"]));
    assert!(rows.iter().all(|row| row["transaction_id"] == message.row["id"]), "{rows:?}");
    for asked in [&call, &login, &message] {
        let said = world.command(&["transactions", "show", &asked.row["id"]]).await.done();
        assert_eq!(said.out.lines().filter(|line| line.starts_with("receipt ")).count(), 2, "{said:?}");
    }
}
