//! When the first provider does not send, the second one does, with the same code, in the time that is left; and when the first one says
//! "fraud" or "wrong number", nobody does. What is told, booked and on the handset is compared for every code that is asked for here: P2,
//! P4.

use std::time::Duration;

use serde_json::json;
use sim::{Channel, Fault, MessagingOp, TelesignOp, VerifyOp, WebhookAnswer, WebhookOp};

use crate::harness::{Asked, FaultProxy, Kind, Provider, Settings, World, until};

/// Two providers, in order, at the simulator.
async fn two(first: Kind, second: Kind) -> World {
    World::with(|settings| settings.providers = vec![Provider::new("a", first), Provider::new("b", second)])
        .await
}

/// The first one's faults are the test's: its breaker has nothing to say about them.
async fn keep_asking(world: &World) {
    world.command(&["breaker", "close", "a", "--url", &world.admin_url()]).await.done();
}

async fn ask(world: &World) -> Asked {
    world.ask(&world.user("ana"), Channel::Sms).await
}

/// It ended so with the first, and the second one took it.
fn taken_by_b(asked: &Asked, outcome: &str, what: &str) {
    assert_eq!((asked.providers(), asked.outcomes()), (vec!["a", "b"], vec![outcome, "accepted"]), "{what}");
    let (value, last) = (asked.value(), &asked.attempts[1]);
    assert_eq!((&value["status"], &value["provider"]), (&json!("SUCCESSFUL"), &json!("b")), "{what}");
    assert_eq!(value["transactionId"], json!(last["provider_ref"]), "{what}: the reference of who took it");
    let row = &asked.row;
    assert_eq!(
        [&row["status"], &row["provider"], &row["provider_ref"], &row["failure_class"]],
        ["accepted", "b", &last["provider_ref"], "NULL"],
        "{what}"
    );
    let times: Vec<&str> =
        asked.attempts.iter().flat_map(|it| [&it["started_at"], &it["ended_at"]]).collect();
    assert!(times.is_sorted(), "{what}: one after the other: {times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_c8_c12_c14_c16_p2_p4_what_verify_does_not_take_another_takes() {
    let world = two(Kind::Verify, Kind::Messaging).await;
    keep_asking(&world).await;
    let sid = format!("VE{}", "0".repeat(32));
    let canceled = json!({ "sid": sid, "status": "canceled", "send_code_attempts": [] });
    for (id, fault, outcome) in [
        ("c7", Fault::twilio(20500), "ambiguous"),
        ("c7", Fault::html_503(), "ambiguous"),
        ("c8", Fault::twilio(20429), "not_sent"),
        ("c12", Fault::twilio(20003), "misconfigured"),
        ("c12", Fault::twilio(60204), "misconfigured"),
        ("c12", Fault::twilio(60238), "misconfigured"),
        ("c16", Fault::Redirect, "misconfigured"),
    ] {
        let what = format!("{id} {fault:?}");
        world.sim.twilio().fail_next(VerifyOp::Create, fault);
        let before = world.sim.messaging().sends().len();
        let asked = ask(&world).await;
        assert_eq!(world.sim.twilio().faults_waiting(), 0, "{what}");
        taken_by_b(&asked, outcome, &what);
        let sends = world.sim.messaging().sends();
        assert_eq!(
            (sends.len(), &sends[before].code),
            (before + 1, &asked.request.code),
            "{what}: the same code"
        );
    }
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::status(201, canceled));
    let asked = ask(&world).await;
    assert_eq!((asked.providers(), asked.outcomes()[1]), (vec!["a", "b"], "accepted"), "c14");
    assert_eq!(world.sim.redirects_followed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_c13_c15_p4_where_nobody_knows_there_may_be_two_messages_and_no_more() {
    let world = two(Kind::Messaging, Kind::Omnichannel).await;
    keep_asking(&world).await;
    for (id, fault) in [
        ("c6", Fault::ResetAfterAccept),
        ("c6", Fault::ResetBeforeAccept),
        ("c13", Fault::junk(201, "application/json", "{\"sid\":\"SM").after_accept()),
        ("c15", Fault::SlowBody { bytes_per_second: 20 }),
        ("c15", Fault::HugeBody { bytes: 100 << 20 }),
    ] {
        let what = format!("{id} {fault:?}");
        world.sim.messaging().fail_next(MessagingOp::CreateMessage, fault);
        let asked = ask(&world).await;
        taken_by_b(&asked, "ambiguous", &what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_c5_p4_one_that_says_nothing_leaves_time_for_the_other() {
    let world = two(Kind::Omnichannel, Kind::Webhook).await;
    for (id, fault, messages) in [
        ("c4", Fault::Delay(Duration::from_secs(8)), 1),
        ("c5", Fault::DelayAfterAccept(Duration::from_secs(8)), 2),
    ] {
        world.sim.telesign().fail_next(TelesignOp::Omnichannel, fault);
        let asked = ask(&world).await;
        taken_by_b(&asked, "ambiguous", id);
        let inbox = world.sim.handset().inbox(&asked.request.phone);
        assert_eq!(inbox.len(), messages, "{id}: {inbox:?}");
        assert!(inbox.iter().all(|it| it.code == asked.request.code), "{id}: {inbox:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_c2_c3_one_that_cannot_be_reached_costs_little() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (id, url) in [
        ("c1", "https://sms.invalid".to_owned()),
        ("c2", format!("http://{free}")),
        ("c3", format!("https://{}", silent.local_addr().unwrap())),
    ] {
        let providers = vec![Provider::new("a", Kind::Messaging).at(&url), Provider::new("b", Kind::Verify)];
        let world = World::with(|settings| settings.providers = providers).await;
        let asked = ask(&world).await;
        taken_by_b(&asked, "not_sent", id);
        assert_eq!(&asked.attempts[0]["http_status"], "NULL", "{id}");
        // Feedback goes to who sent it.
        let user = world.sim.okta().user(&asked.request.user_id).unwrap();
        world.type_in(&user, &asked.request.code).await;
        let report = world.report_when(&asked, "done").await;
        assert_eq!([&report["provider"], &report["result"]], ["b", "reported"], "{id}");
        assert!(world.sim.twilio().approved(&asked.request.phone), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_c10_c11_p4_what_is_refused_for_good_goes_to_nobody_else() {
    let world = two(Kind::Verify, Kind::Messaging).await;
    for (id, code, class, status) in [
        ("c9", 60203, "rejected_limit", "rejected"),
        ("c9", 60212, "rejected_limit", "rejected"),
        ("c10", 60410, "rejected_fraud", "blocked"),
        ("c10", 60413, "rejected_fraud", "blocked"),
        ("c11", 60200, "rejected_number", "rejected"),
        ("c11", 60205, "rejected_number", "rejected"),
        ("c11", 60605, "rejected_number", "rejected"),
    ] {
        world.sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(code));
        let asked = ask(&world).await;
        assert_eq!((asked.providers(), asked.outcomes()), (vec!["a"], vec![class]), "{id} {code}");
        assert_eq!(
            (&asked.row["status"], &asked.row["failure_class"], asked.told().as_str()),
            (status, class, "error"),
            "{id} {code}"
        );
    }
    assert_eq!(world.sim.messaging().requests(), [], "the second one has never been asked");
    // And none of it was held against the first.
    assert_eq!(ask(&world).await.providers(), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_p2_a_silent_block_is_silent_with_two_providers_too() {
    let world = World::with(|settings: &mut Settings| {
        settings.providers = vec![Provider::new("a", Kind::Omnichannel), Provider::new("b", Kind::Verify)];
        settings.telephony = "on_blocked = 'silent'".to_owned();
    })
    .await;
    world.sim.telesign().fail_next(TelesignOp::Omnichannel, Fault::telesign(3053));
    let asked = ask(&world).await;
    assert_eq!((asked.told().as_str(), &asked.row["status"]), ("SUCCESSFUL", "blocked"));
    assert!(asked.value().get("transactionId").is_none(), "there is none: {asked:?}");
    assert_eq!(world.sim.handset().inbox(&asked.request.phone), []);
    assert_eq!(world.sim.twilio().requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_when_both_are_down_the_answer_comes_at_once() {
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::with(|settings| {
        let at = |name, kind| Provider::new(name, kind).at(&format!("http://{}", free()));
        settings.providers = vec![at("a", Kind::Messaging), at("b", Kind::Webhook)];
    })
    .await;
    let asked = ask(&world).await;
    assert_eq!((asked.told().as_str(), asked.providers()), ("error", vec!["a", "b"]));
    assert!(asked.result.elapsed < Duration::from_millis(1500), "{:?}", asked.result.elapsed);
    assert_eq!((&asked.row["status"], &asked.row["failure_class"]), ("failed", "not_sent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_what_both_say_decides_what_okta_is_told() {
    let world = two(Kind::Webhook, Kind::Messaging).await;
    keep_asking(&world).await;
    for (first, second, status, provider, answer) in [
        // It may be under way: that the other one fails does not change it.
        (500, Fault::twilio(20003), "ambiguous", "a", "PENDING"),
        (500, Fault::twilio(21211), "ambiguous", "a", "PENDING"),
        (500, Fault::twilio(20500), "ambiguous", "b", "PENDING"),
        (401, Fault::twilio(20500), "ambiguous", "b", "PENDING"),
        (401, Fault::twilio(21610), "rejected", "b", "error"),
        (429, Fault::twilio(20429), "failed", "b", "error"),
    ] {
        let what = format!("{first} {second:?}");
        world.command(&["breaker", "close", "b", "--url", &world.admin_url()]).await.done();
        world.sim.webhook().answer_next(WebhookAnswer::new(first, "{}"));
        world.sim.messaging().fail_next(MessagingOp::CreateMessage, second);
        let asked = ask(&world).await;
        assert_eq!((asked.providers(), asked.told().as_str()), (vec!["a", "b"], answer), "{what}");
        assert_eq!((&asked.row["status"], &asked.row["provider"]), (status, provider), "{what}");
    }
    assert_eq!(world.sim.webhook().sends().len() + world.sim.messaging().sends().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_one_attempt_may_be_all_there_is() {
    let world = World::with(|settings: &mut Settings| {
        settings.providers = vec![Provider::new("a", Kind::Webhook), Provider::new("b", Kind::Verify)];
        settings.telephony = "max_attempts = 1".to_owned();
    })
    .await;
    world.sim.webhook().fail_next(WebhookOp::Send, Fault::status(429, json!({})));
    let asked = ask(&world).await;
    assert_eq!((asked.providers(), asked.told().as_str()), (vec!["a"], "error"));
    world.sim.webhook().fail_next(WebhookOp::Send, Fault::ResetBeforeAccept);
    let asked = ask(&world).await;
    assert_eq!((asked.providers(), asked.told().as_str()), (vec!["a"], "PENDING"));
    assert_eq!(world.sim.twilio().requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c20_a_connection_that_was_closed_meanwhile_costs_nobody_a_code() {
    let proxy = FaultProxy::before(([127, 0, 0, 1], 1).into()).await;
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Messaging).at(&proxy.url())];
    })
    .await;
    proxy.lead_to(world.sim.addr());
    for n in 1..=12 {
        let asked = ask(&world).await;
        assert_eq!(
            (asked.told().as_str(), asked.outcomes()),
            ("SUCCESSFUL", vec!["accepted"]),
            "{n}: {asked:?}"
        );
        assert_eq!(world.sim.messaging().sends().len(), n, "each once");
        match n % 3 {
            0 => proxy.reset_all(),
            1 => proxy.half_close_all(),
            _ => continue,
        }
        until("it is closed", async || (proxy.open() == 0).then_some(())).await;
    }
    assert!(proxy.accepted() > 4, "there were new connections: {}", proxy.accepted());
}
