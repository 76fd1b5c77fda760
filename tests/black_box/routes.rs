//! Which providers a message goes through, and that `route explain` says what really happens.

use reqwest::Method;
use serde_json::{Value, json};
use sim::{Channel, HookRequest, Purpose};

use crate::harness::{Kind, Provider, Reply, Settings, World, status_of, value_of};

const ROUTES: &str = "
[okta.orgs.other]
hook_secrets = ['black-box-hook-secret-of-forty-characters']
[[telephony.routes]]
org = 'other'
providers = ['telesign']
[[telephony.routes]]
countries = ['FR']
channels = ['sms']
providers = ['hook', 'verify']
[[telephony.routes]]
channels = ['voice']
purposes = ['password-reset']
providers = ['telesign', 'sms']
[[telephony.routes]]
countries = ['US']
providers = ['verify', 'sms']
";

fn routed(settings: &mut Settings) {
    settings.providers = vec![
        Provider::new("hook", Kind::Webhook),
        Provider::new("sms", Kind::Messaging),
        Provider::new("telesign", Kind::Omnichannel),
        Provider::new("verify", Kind::Verify),
    ];
    settings.more = ROUTES.to_owned();
}

const PARIS: &str = "+33612345678";
const BERLIN: &str = "+4915123456789";
const NEW_YORK: &str = "+12125550123";

/// Where it would go: the route's place, and the providers that are used.
async fn explained(world: &World, request: &HookRequest, org: &str) -> (Value, Vec<String>, i32) {
    let channel = if request.channel == Channel::Sms { "sms" } else { "voice" };
    let purpose = request.purpose.request_type().trim_start_matches("com.okta.user.telephony.");
    let arguments = [
        "route",
        "explain",
        "--to",
        &request.phone,
        "--channel",
        channel,
        "--org",
        org,
        "--purpose",
        purpose,
        "--json",
    ];
    let said = world.command(&arguments).await;
    assert!(!said.out.contains(&request.phone), "numbers are masked: {said:?}");
    let report = said.json();
    let used = report["providers"].as_array().unwrap().iter().filter(|it| it["used"] == true);
    let used = used.map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    (report["route"].clone(), used, said.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_route_that_fits_is_the_one_that_explain_names() {
    let world = World::with(routed).await;
    for (to, channel, purpose, route, providers) in [
        (PARIS, Channel::Sms, Purpose::MfaVerification, json!(2), &["hook", "verify"][..]),
        (NEW_YORK, Channel::Sms, Purpose::MfaVerification, json!(4), &["verify", "sms"]),
        (NEW_YORK, Channel::Voice, Purpose::MfaVerification, json!(4), &["verify", "sms"]),
        (NEW_YORK, Channel::Voice, Purpose::PasswordReset, json!(3), &["telesign", "sms"]),
        (BERLIN, Channel::Voice, Purpose::PasswordReset, json!(3), &["telesign", "sms"]),
        (PARIS, Channel::Voice, Purpose::MfaVerification, Value::Null, &[]),
        (BERLIN, Channel::Sms, Purpose::PasswordReset, Value::Null, &[]),
    ] {
        let user = world.user("ana");
        let request = world.sim.okta().hook_request(&user.id, channel).unwrap().phone(to).purpose(purpose);
        let (place, used, code) = explained(&world, &request, "main").await;
        assert_eq!(
            (place, used, code),
            (route, providers.iter().map(|it| (*it).to_owned()).collect(), i32::from(providers.is_empty())),
            "{to} {channel:?}"
        );
        let asked = world.ask_for(request).await;
        match providers.first() {
            Some(first) => {
                assert_eq!((asked.providers(), asked.told().as_str()), (vec![*first], "SUCCESSFUL"), "{to}")
            }
            None => {
                assert_eq!((asked.told().as_str(), asked.providers()), ("error", vec![]), "{to}");
                let row = &asked.row;
                assert_eq!(
                    [&row["status"], &row["failure_class"], &row["provider"]],
                    ["failed", "no_provider", "NULL"]
                );
            }
        }
    }
    // Another org has a way of its own.
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().phone(PARIS);
    assert_eq!(explained(&world, &request, "other").await, (json!(1), vec!["telesign".to_owned()], 0));
    let body = world.sim.okta().hook_body(&request);
    let reply = Reply::to(world.signed(Method::POST, "/okta/other/telephony").json(&body)).await;
    assert_eq!(value_of(&reply.json())["provider"], "telesign");
    assert_eq!(&world.transaction(&request.event_id).await["org"], "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_why_in_words_and_what_is_wrong_with_its_arguments() {
    let world = World::with(routed).await;
    let said = world.command(&["route", "explain", "--to", NEW_YORK]).await.done();
    for line in [
        "route 1: does not fit, org differs",
        "route 2: does not fit, country differs",
        "route 3: does not fit, channel differs",
        "route 4: fits",
        "  1. verify (twilio-verify): asked first",
        "  2. sms (twilio-messaging): asked when the one before did not send, or nobody knows",
    ] {
        assert!(said.out.lines().any(|it| it == line), "no {line} in\n{}", said.out);
    }
    let said = world.command(&["route", "explain", "--to", BERLIN]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("no route fits"), "{said:?}");
    for wrong in [
        &["--to", "12"][..],
        &["--to", "hello"],
        &["--to", NEW_YORK, "--channel", "pigeon"],
        &["--to", NEW_YORK, "--org", "nowhere"],
        &["--to", NEW_YORK, "--purpose", "fun"],
        &["--channel", "sms"],
    ] {
        let said = world.command(&[&["route", "explain"][..], wrong].concat()).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{wrong:?}: {said:?}");
        assert!(said.err.contains("--"), "it names the argument: {said:?}");
    }
    assert!(world.seen().iter().all(|(_, requests)| *requests == 0), "nobody is asked: {:?}", world.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_routes_every_provider_is_used_in_order_of_name() {
    let world = World::with(|settings| {
        routed(settings);
        settings.more.clear();
    })
    .await;
    let user = world.user("ana");
    for (channel, first) in [(Channel::Sms, "hook"), (Channel::Voice, "sms")] {
        let request = world.sim.okta().hook_request(&user.id, channel).unwrap();
        let (place, used, code) = explained(&world, &request, "main").await;
        assert_eq!((place, used[0].as_str(), code), (Value::Null, first, 0));
        assert_eq!(world.ask_for(request).await.providers(), [first]);
    }
    let said = world.command(&["route", "explain", "--to", NEW_YORK, "--channel", "voice"]).await.done();
    assert!(
        said.out.contains("there are no routes") && said.out.contains("cannot send by voice"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_soon_may_get_the_next_provider() {
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Verify), Provider::new("b", Kind::Messaging)];
        settings.telephony = "on_resend = 'next'".to_owned();
    })
    .await;
    let (ana, bob) = (world.user("ana"), world.user("bob"));
    assert_eq!(world.ask(&ana, Channel::Sms).await.providers(), ["a"]);
    assert_eq!(world.ask(&bob, Channel::Sms).await.providers(), ["a"], "another user's first");
    let again = world.ask(&ana, Channel::Sms).await;
    assert_eq!(again.providers(), ["b"], "it did not come");
    assert_eq!(world.ask(&ana, Channel::Sms).await.providers(), ["a"], "and round again");
    // The same request again is no other code: it gets the same answer.
    let stored = world.sim.okta().fire_hook(&again.request).await;
    assert_eq!(
        (status_of(&stored.json()), &value_of(&stored.json())["provider"]),
        ("SUCCESSFUL", &json!("b"))
    );

    // Who has entered a code does not miss one.
    let login = world.ask(&bob, Channel::Sms).await;
    assert_eq!(login.providers(), ["b"]);
    let login = world.ask(&bob, Channel::Sms).await;
    assert_eq!(login.providers(), ["a"]);
    world.type_in(&bob, &login.request.code).await;
    assert_eq!(world.ask(&bob, Channel::Sms).await.providers(), ["a"], "a new login begins at the first");
}
