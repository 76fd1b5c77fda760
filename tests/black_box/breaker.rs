//! A provider that fails is left alone: what the next hook sees, what operators see, and what they can do about it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::{Channel, Fault, MessagingOp, VerifyOp};

use crate::harness::{Asked, Kind, PATIENCE, Provider, Reply, Said, World, until};

async fn two() -> World {
    World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Messaging), Provider::new("b", Kind::Verify)];
    })
    .await
}

async fn ask(world: &World) -> Asked {
    world.ask(&world.user("ana"), Channel::Sms).await
}

async fn breaker(world: &World, arguments: &[&str]) -> Said {
    let url = world.admin_url();
    world.command(&[&["breaker"][..], arguments, &["--url", &url]].concat()).await
}

/// How a provider stands, from `breaker list --json`.
async fn status(world: &World, provider: &str) -> Value {
    let all = breaker(world, &["list", "--json"]).await.done().json();
    all.as_array().unwrap().iter().find(|it| it["provider"] == provider).unwrap().clone()
}

async fn measured(world: &World, provider: &str, value: u32) -> bool {
    let line = format!("ringback_breaker_state{{provider=\"{provider}\"}} {value}");
    world.admin("/metrics").await.text.lines().any(|it| it == line)
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_misconfigured_provider_is_left_alone_at_once_and_everybody_can_see_it() {
    let world = two().await;
    assert!(measured(&world, "a", 0).await && measured(&world, "b", 0).await);
    world.sim.messaging().fail_always(MessagingOp::CreateMessage, Fault::twilio(20003));
    assert_eq!(ask(&world).await.outcomes(), ["misconfigured", "accepted"]);
    let asked = ask(&world).await;
    assert_eq!((asked.providers(), asked.told().as_str()), (vec!["b"], "SUCCESSFUL"));
    assert_eq!(world.sim.messaging().requests().len(), 1, "nobody waits for the first any more");

    assert!(measured(&world, "a", 2).await && measured(&world, "b", 0).await);
    let ready = world.admin("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("degraded")), "codes are sent");
    assert_eq!(ready.json()["providers"]["why"], "a is misconfigured");
    let a = status(&world, "a").await;
    assert_eq!(
        (&a["state"], &a["why"], &a["forced"]),
        (&json!("open"), &json!("misconfigured"), &Value::Null)
    );
    let said = breaker(&world, &["list"]).await.done();
    assert!(said.out.contains("misconfigured") && said.out.starts_with("PROVIDER"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_service_that_is_not_there_costs_no_login() {
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Verify), Provider::new("b", Kind::Webhook)];
    })
    .await;
    // It may as well be the locale that is not there. But it has never sent anything.
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::twilio(20404));
    for asked_of in [vec!["a", "b"], vec!["b"]] {
        let asked = ask(&world).await;
        assert_eq!((asked.providers(), asked.told().as_str()), (asked_of, "SUCCESSFUL"));
    }
    assert_eq!(world.sim.twilio().requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_locale_that_is_not_there_closes_no_service_that_has_sent() {
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Verify), Provider::new("b", Kind::Webhook)];
    })
    .await;
    assert_eq!(ask(&world).await.providers(), ["a"]);
    // The next hook goes without the locale, and shows that it was not to blame.
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::twilio(20404));
    for asked_of in [vec!["a", "b"], vec!["a", "b"], vec!["b"]] {
        let asked = ask(&world).await;
        assert_eq!((asked.providers(), asked.told().as_str()), (asked_of, "SUCCESSFUL"));
    }
    assert_eq!(world.sim.twilio().requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_when_all_are_open_all_are_asked_all_the_same() {
    let world = two().await;
    world.sim.messaging().fail_always(MessagingOp::CreateMessage, Fault::twilio(20003));
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::twilio(20003));
    assert_eq!(ask(&world).await.told(), "error");
    assert!(measured(&world, "a", 2).await && measured(&world, "b", 2).await);
    assert_eq!(world.admin("/readyz").await.status, 200, "a code may still be sent");
    let asked = ask(&world).await;
    assert_eq!((asked.providers(), asked.told().as_str()), (vec!["a", "b"], "error"));
    // It is found out at once when one of them works again.
    world.sim.twilio().heal();
    let asked = ask(&world).await;
    assert_eq!((asked.providers(), asked.told().as_str()), (vec!["a", "b"], "SUCCESSFUL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_overrule_breakers() {
    let world = two().await;
    let said = breaker(&world, &["open", "a"]).await.done();
    assert!(said.out.contains("until it ends"), "it says for how long: {said:?}");
    assert_eq!(ask(&world).await.providers(), ["b"]);
    assert_eq!(world.sim.messaging().requests(), []);
    assert_eq!(status(&world, "a").await["forced"], "open");
    assert_eq!(world.admin("/readyz").await.json()["providers"]["why"], "a is taken out by hand");

    // With nobody left nothing is sent, and the balancer is told.
    breaker(&world, &["open", "b"]).await.done();
    let ready = world.admin("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("unavailable")));
    let asked = ask(&world).await;
    assert_eq!((asked.told().as_str(), &asked.row["failure_class"]), ("error", "no_provider"));

    breaker(&world, &["auto", "b"]).await.done();
    breaker(&world, &["close", "a"]).await.done();
    world.sim.messaging().fail_always(MessagingOp::CreateMessage, Fault::twilio(20003));
    for _ in 0..2 {
        assert_eq!(ask(&world).await.providers(), ["a", "b"], "it is asked whatever it says");
    }
    assert!(measured(&world, "a", 0).await);
    // Its own judgement has gone on beneath.
    breaker(&world, &["auto", "a"]).await.done();
    assert_eq!(ask(&world).await.providers(), ["b"]);
    assert_eq!(status(&world, "a").await["forced"], Value::Null);

    for verb in ["open", "close", "auto"] {
        let said = breaker(&world, &[verb, "nobody"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("no such provider"), "{said:?}");
    }
    assert_eq!(world.command(&["breaker", "explode", "a"]).await.code, 2);
    let nowhere = world.command(&["breaker", "list", "--url", "http://127.0.0.1:1"]).await;
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert!(nowhere.err.contains("running"), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_breakers_want_the_admin_token_and_the_command_has_it() {
    let token = "admin-token-that-nobody-guesses-easily";
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Messaging), Provider::new("b", Kind::Verify)];
        settings.admin_more = format!("token = '{token}'");
    })
    .await;
    let url = format!("{}/api/breakers/a", world.admin_url());
    let open = || world.client.put(&url).json(&json!({ "force": "open" }));
    assert_eq!(Reply::to(open()).await.status, 401);
    assert_eq!(Reply::to(open().bearer_auth("wrong")).await.status, 401);
    assert_eq!(world.admin("/api/breakers").await.status, 401);
    assert_eq!(ask(&world).await.providers(), ["a"]);
    breaker(&world, &["open", "a"]).await.done();
    assert_eq!(ask(&world).await.providers(), ["b"]);
    assert_eq!(status(&world, "a").await["state"], "open");
    // What a page of another site could make a browser send is not enough.
    let form = world.client.post(&url).bearer_auth(token).body("{\"force\":null}");
    assert_eq!(Reply::to(form).await.status, 405);
    for body in ["{\"force\":\"ajar\"}", "{\"force\":null,\"more\":1}", "nonsense"] {
        let put = world.client.put(&url).bearer_auth(token).header("content-type", "application/json");
        let status = Reply::to(put.body(body)).await.status;
        assert!((400..500).contains(&status), "{body}: {status}");
    }
    assert_eq!(ask(&world).await.providers(), ["b"], "none of it has changed anything");
}

/// Takes as long as a provider is left alone: some ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn c19_a_provider_that_works_again_is_used_again() {
    let world = two().await;
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, Fault::twilio(20003));
    let begun = Instant::now();
    assert_eq!(ask(&world).await.providers(), ["a", "b"]);
    // It works again from the next call on; a few logins ask for nothing of it meanwhile.
    let asked = loop {
        let asked = ask(&world).await;
        assert_eq!(asked.told(), "SUCCESSFUL");
        if asked.providers() == ["a"] {
            break asked;
        }
        assert!(begun.elapsed() < PATIENCE, "it was never asked again");
        tokio::time::sleep(Duration::from_millis(400)).await;
    };
    assert_eq!(asked.outcomes(), ["accepted"]);
    assert!(begun.elapsed() > Duration::from_secs(8), "it is not asked too soon: {:?}", begun.elapsed());
    until("it is ready again", async || {
        (world.admin("/readyz").await.json()["status"] == "ready").then_some(())
    })
    .await;
    assert_eq!(status(&world, "a").await["state"], "closed");
    assert!(measured(&world, "a", 0).await);
}
