//! A telephony hook that comes with a token of the org's authorization server instead of the secret.

use std::time::Duration;

use serde_json::{Value, json};
use sim::{Channel, Fault, HookOauth, OktaOp, User};

use crate::harness::{Reply, SECRET, World, hook_sample};

fn oauth() -> HookOauth {
    let text = str::to_owned;
    HookOauth {
        client_id: text("0oaHOOKclient0000001"),
        audience: text("api://default"),
        scope: text("telephony_hook"),
    }
}

/// Where the simulated org is cannot be known before the start: the service gets it, and starts again.
async fn world(secrets: Vec<String>) -> (World, User) {
    let mut world = World::start().await;
    let it = oauth();
    world.settings.org_more = format!(
        "oauth = {{ issuer = '{}', audience = '{}', client_id = '{}', scope = '{}' }}",
        world.sim.okta().issuer(),
        it.audience,
        it.client_id,
        it.scope
    );
    world.settings.secrets = secrets;
    world.sim.okta().rotate_keys();
    let user = world.user("ana");
    (world, user)
}

async fn knock(world: &World, credential: &str) -> u16 {
    let body = hook_sample("sms-mfa-verification");
    let request = world.client.post(world.url("/okta/main/telephony")).header("authorization", credential);
    Reply::to(request.header("content-type", "application/json").body(body.to_string())).await.status
}

async fn with(world: &World, change: impl FnOnce(&mut Value)) -> u16 {
    let mut claims = world.sim.okta().hook_claims(&oauth());
    change(&mut claims);
    knock(world, &format!("Bearer {}", world.sim.okta().mint(&claims))).await
}

fn keys_asked(world: &World) -> usize {
    world.sim.okta().requests().iter().filter(|it| it.path.ends_with("/v1/keys")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_with_its_token_is_let_in_and_no_other() {
    let (mut world, user) = world(vec![SECRET.to_owned()]).await;
    world.restart().await;
    world.sim.okta().configure(|okta| okta.hook_oauth = Some(oauth()));
    world.login(&user, Channel::Sms).await;
    assert_eq!(with(&world, |_| {}).await, 200);
    assert_eq!(knock(&world, SECRET).await, 200, "the secret beside it");
    let now = world.sim.clock().now().as_second();
    type Change = Box<dyn FnOnce(&mut Value)>;
    let set = |name: &'static str, value: Value| -> Change { Box::new(move |claims| claims[name] = value) };
    let without = |name: &'static str| -> Change {
        Box::new(move |claims| drop(claims.as_object_mut().unwrap().remove(name)))
    };
    for change in [
        set("iss", json!("https://elsewhere.example/oauth2/default")),
        set("aud", json!("api://other")),
        set("cid", json!("0oaSomebodyElse")),
        set("scp", json!(["other"])),
        set("scp", json!([])),
        set("exp", json!(now - 120)),
        set("iat", json!(now + 600)),
        set("nbf", json!(now + 600)),
        without("iss"),
        without("aud"),
        without("cid"),
        without("scp"),
        without("exp"),
    ] {
        assert_eq!(with(&world, change).await, 401);
    }
    assert_eq!(with(&world, |claims| claims["exp"] = json!(now - 20)).await, 200, "clocks differ a little");
    // What is not signed by the issuer, whatever it says.
    let good = world.sim.okta().mint(&world.sim.okta().hook_claims(&oauth()));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0";
    let hmac = "eyJhbGciOiJIUzI1NiIsImtpZCI6IngifQ";
    for forged in [
        format!("{none}.{claims}."),
        format!("{hmac}.{claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{}", "A".repeat(342)),
        signed.to_owned(),
        String::new(),
        "a".repeat(10_000),
    ] {
        assert_eq!(knock(&world, &format!("Bearer {forged}")).await, 401, "{forged:.80}");
    }
    assert_eq!(keys_asked(&world), 1, "fetched at the start, and never again");
    assert!(!world.server.log().contains(signature));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_fetched_once_and_made_up_ones_cost_nothing() {
    let (mut world, user) = world(Vec::new()).await;
    // Nobody can tell while nothing is known: that is not Okta's fault.
    world.sim.okta().fail_always(OktaOp::Keys, Fault::html_503());
    world.restart().await;
    assert_eq!(with(&world, |_| {}).await, 503);
    assert_eq!(knock(&world, "Bearer nonsense").await, 401, "what is no token needs no key");
    world.sim.okta().heal();
    crate::harness::until("the keys come", async || (with(&world, |_| {}).await == 200).then_some(())).await;
    world.sim.okta().configure(|okta| okta.hook_oauth = Some(oauth()));
    world.login(&user, Channel::Sms).await;
    let before = keys_asked(&world);
    // Another key than the one that is known, a moment after it was fetched: it is not looked for again so soon.
    world.sim.okta().rotate_keys();
    for _ in 0..20 {
        assert_eq!(with(&world, |_| {}).await, 401);
    }
    assert_eq!(keys_asked(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_do_not_come_are_not_waited_for_longer_than_a_hook_can() {
    let (mut world, _user) = world(vec![SECRET.to_owned()]).await;
    world.sim.okta().fail_always(OktaOp::Keys, Fault::Delay(Duration::from_secs(30)));
    world.restart().await;
    let begun = std::time::Instant::now();
    assert_eq!(with(&world, |_| {}).await, 503);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(knock(&world, SECRET).await, 200, "the secret needs no key");
}
