//! `ringback hooks`: Okta's two hooks registered, tried and listed through its management API.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use sim::{Channel, Fault, OktaOp};

use crate::harness::{Said, World, ringback};

/// As Okta is told: TLS ends in front of the service.
const PUBLIC: &str = "https://otp.example.com";

/// A world in which Okta knows no hook, and reaches the service at its public address only.
async fn unregistered() -> World {
    let world = World::with(|settings| settings.public_url = Some(PUBLIC.to_owned())).await;
    world.sim.okta().point_at("http://127.0.0.1:1/nowhere", "http://127.0.0.1:1/nowhere");
    let served = world.url("");
    world.sim.okta().configure(|okta| okta.tls_ends_at = Some((PUBLIC.to_owned(), served)));
    world
}

async fn hooks(world: &World, arguments: &[&str]) -> Said {
    world.command(&[&["hooks"], arguments].concat()).await
}

/// As an admin does it in the console.
async fn manage(world: &World, method: Method, path: &str, body: &Value) -> Value {
    let token = format!("SSWS {}", world.sim.okta().org().api_token);
    let request = world.client.request(method, format!("{}/api/v1/{path}", world.sim.url()));
    let answer = request.header("authorization", token).json(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

fn telephony_hook(name: &str, uri: &str) -> Value {
    let auth = json!({ "type": "HEADER", "key": "authorization", "value": "somebody else's" });
    let config = json!({ "uri": uri, "method": "POST", "headers": [], "authScheme": auth });
    let channel = json!({ "type": "HTTP", "version": "1.0.0", "config": config });
    json!({ "name": name, "type": "com.okta.telephony.provider", "version": "1.0.0", "channel": channel })
}

/// Requests to the management API that change something.
fn changes(world: &World) -> usize {
    world.sim.okta().requests().iter().filter(|it| it.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_hooks_are_registered_once_and_a_login_goes_through_them() {
    let world = unregistered().await;
    let said = hooks(&world, &["list", "--json"]).await.done().json();
    let said: Vec<_> =
        said.as_array().unwrap().iter().map(|it| (&it["kind"], &it["state"], &it["ok"])).collect();
    let missing = |kind: &'static str| (Value::from(kind), Value::from("MISSING"), Value::from(false));
    let (telephony, events) = (missing("telephony"), missing("events"));
    assert_eq!(said, [(&telephony.0, &telephony.1, &telephony.2), (&events.0, &events.1, &events.2)]);

    let said = hooks(&world, &["register", "--dry-run"]).await.done();
    let would: Vec<_> = said.out.lines().collect();
    assert_eq!(
        would,
        [
            "main: would create the telephony hook",
            "main: would create the events hook",
            "main: would have Okta verify the events hook"
        ]
    );
    assert_eq!((changes(&world), world.sim.okta().registered_hooks().len()), (0, 0));

    let said = hooks(&world, &["register"]).await.done();
    assert_eq!(said.out, said.out.replace("failed", ""), "{said:?}");
    let registered = world.sim.okta().registered_hooks();
    let urls: Vec<_> = registered.iter().map(|it| it["channel"]["config"]["uri"].as_str().unwrap()).collect();
    assert_eq!(urls, [format!("{PUBLIC}/okta/main/telephony"), format!("{PUBLIC}/okta/main/events")]);
    assert_eq!(registered[1]["verificationStatus"], "VERIFIED");
    let wanted = [
        "user.authentication.auth_via_mfa",
        "user.mfa.factor.activate",
        "inline_hook.executed",
        "system.sms.send_phone_verification_message",
        "system.voice.send_phone_verification_call",
    ];
    assert_eq!(registered[1]["events"]["items"], json!(wanted));

    // Okta calls the service with what it was given.
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;

    let before = changes(&world);
    let said = hooks(&world, &["register"]).await.done();
    assert_eq!(said.out, "main: both hooks are as they should be\n");
    assert_eq!(changes(&world), before, "nothing is done twice");
    let said = hooks(&world, &["list"]).await.done();
    assert_eq!(said.out.matches("as it should be").count(), 2, "{said:?}");
    let said = hooks(&world, &["verify"]).await.done();
    assert_eq!(said.out.matches("ok   main").count(), 2, "{said:?}");
    assert_eq!(world.sim.twilio().sends().len(), 1, "trying sends nothing");
    let doctor = world.command(&["doctor"]).await;
    for words in ["telephony hook Ringback main telephony is as it should be", "its clock agrees with ours"] {
        assert!(doctor.out.contains(words), "no {words}: {doctor:?}");
    }
    for text in [&said.out, &doctor.out, &world.server.log()] {
        assert!(!text.contains(&world.settings.secrets[0]), "a secret is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_corrected_and_what_admins_added_stays() {
    let world = unregistered().await;
    hooks(&world, &["register"]).await.done();
    let shown = world.sim.okta().registered_hooks();
    let (telephony, events) = (shown[0]["id"].as_str().unwrap(), shown[1]["id"].as_str().unwrap());
    let auth = json!({ "type": "HEADER", "key": "x-old", "value": "old" });
    let only_failures = json!({ "version": null, "expression": "event.outcome.result eq 'FAILURE'" });
    let only_failures = json!({ "event": "user.authentication.auth_via_mfa", "condition": only_failures });
    let filter = json!({ "type": "EXPRESSION_LANGUAGE", "eventFilterMap": [only_failures] });
    let headers = json!([{ "key": "x-more", "value": "kept" }]);
    let draft = json!({
        "name": "Renamed by hand",
        "description": "kept too",
        "events": { "type": "EVENT_TYPE", "items": ["user.account.lock", "inline_hook.executed"], "filter": filter },
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": format!("{PUBLIC}/okta/main/events"), "headers": headers, "authScheme": auth,
        } },
    });
    manage(&world, Method::PUT, &format!("eventHooks/{events}"), &draft).await;
    manage(&world, Method::POST, &format!("inlineHooks/{telephony}/lifecycle/deactivate"), &json!({})).await;
    let said = hooks(&world, &["list", "--json"]).await.done().json();
    let problems: Vec<_> = said.as_array().unwrap().iter().map(|it| it["problems"].to_string()).collect();
    assert!(problems[0].contains("it is not active"), "{problems:?}");
    for words in ["header authorization", "user.mfa.factor.activate", "not verified"] {
        assert!(problems[1].contains(words), "no {words} in {problems:?}");
    }
    let table = hooks(&world, &["list"]).await.done();
    let told = "Okta tells of user.authentication.auth_via_mfa only where its filter fits: event.outcome.result eq 'FAILURE'";
    assert!(table.out.contains(told), "{table:?}");
    let doctor = world.command(&["doctor"]).await;
    assert!(doctor.out.contains("warn okta main: its telephony hook"), "{doctor:?}");
    hooks(&world, &["register"]).await.done();
    let shown = world.sim.okta().registered_hooks();
    assert_eq!((&shown[0]["id"], &shown[0]["status"]), (&json!(telephony), &json!("ACTIVE")));
    let event_hook = &shown[1];
    assert_eq!((&event_hook["id"], &event_hook["verificationStatus"]), (&json!(events), &json!("VERIFIED")));
    assert_eq!(
        (&event_hook["name"], &event_hook["description"]),
        (&json!("Renamed by hand"), &json!("kept too"))
    );
    assert_eq!(event_hook["events"]["filter"], filter);
    assert_eq!(event_hook["channel"]["config"]["headers"], headers);
    assert_eq!(event_hook["events"]["items"].as_array().unwrap().len(), 6, "one of them is the admin's");
    // After a rotation nobody can see which secret Okta has.
    let said = hooks(&world, &["register", "--resend-secret", "--dry-run"]).await.done();
    assert_eq!(said.out.matches("its secret is sent again").count(), 2, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_wrong_at_okta_does_not_verify() {
    let world = unregistered().await;
    hooks(&world, &["register"]).await.done();
    let id = world.sim.okta().registered_hooks()[0]["id"].as_str().unwrap().to_owned();
    let wrong = telephony_hook("Ringback main telephony", &format!("{PUBLIC}/okta/main/telephony"));
    manage(&world, Method::PUT, &format!("inlineHooks/{id}"), &wrong).await;
    // Okta says the same of any error: E0000135.
    let said = hooks(&world, &["verify"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("no such hook came in here: is the secret the right one"), "{said:?}");
    assert!(said.out.contains("ok   main events"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_named_and_moved_only_when_told() {
    let world = unregistered().await;
    let other =
        manage(&world, Method::POST, "inlineHooks", &telephony_hook("Old vendor", "https://old.example"))
            .await;
    let said = hooks(&world, &["register"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("Old vendor") && said.out.contains("--replace"), "{said:?}");
    assert!(said.out.ends_with("nothing was changed\n"), "{said:?}");
    assert_eq!((changes(&world), world.sim.okta().registered_hooks().len()), (1, 1), "the admin's own");
    // What was switched off for a hook that cannot be made is switched on again.
    let full =
        json!({ "errorCode": "E0000001", "errorSummary": "Api validation failed: limit", "errorCauses": [] });
    world.sim.okta().fail_next(OktaOp::InlineHooks, Fault::Delay(std::time::Duration::ZERO));
    world.sim.okta().fail_next(OktaOp::InlineHooks, Fault::Delay(std::time::Duration::ZERO));
    world.sim.okta().fail_next(OktaOp::InlineHooks, Fault::status(400, full));
    let said = hooks(&world, &["register", "--replace"]).await;
    assert_eq!((said.code, world.sim.okta().faults_waiting()), (1, 0), "{said:?}");
    for words in
        ["done: deactivate the telephony hook Old vendor", "failed: create", "limit", "undone: Old vendor"]
    {
        assert!(said.out.contains(words), "no {words}: {said:?}");
    }
    assert_eq!(world.sim.okta().registered_hooks()[0]["status"], "ACTIVE");

    let said = hooks(&world, &["register", "--replace"]).await.done();
    assert!(said.out.contains("done: create the telephony hook"), "{said:?}");
    let shown = world.sim.okta().registered_hooks();
    let states: Vec<_> = shown.iter().map(|it| (&it["name"], &it["status"])).collect();
    assert_eq!(states[0], (&other["name"], &json!("INACTIVE")));
    assert_eq!(states[1], (&json!("Ringback main telephony"), &json!("ACTIVE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn oktas_own_provider_is_left_alone_unless_told() {
    let world = unregistered().await;
    world.sim.okta().add_native_provider("Our Twilio", true);
    let said = hooks(&world, &["register"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("Our Twilio") && said.out.contains("nothing was changed"), "{said:?}");
    assert_eq!((changes(&world), world.sim.okta().native_provider().as_deref()), (0, Some("Our Twilio")));
    hooks(&world, &["register", "--replace"]).await.done();
    assert_eq!(world.sim.okta().native_provider(), None);
    assert_eq!(world.sim.okta().registered_hooks().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_okta_sends_by_itself_its_provider_stays_and_only_events_are_asked_for() {
    let world = World::with(|settings| {
        settings.public_url = Some(PUBLIC.to_owned());
        settings.more = "[feedback]\nmode = 'feedback-only'\n".to_owned();
    })
    .await;
    world.sim.okta().point_at("http://127.0.0.1:1/nowhere", "http://127.0.0.1:1/nowhere");
    let served = world.url("");
    world.sim.okta().configure(|okta| okta.tls_ends_at = Some((PUBLIC.to_owned(), served)));
    world.sim.okta().add_native_provider("Our Twilio", true);
    for arguments in [vec!["register"], vec!["register", "--replace"]] {
        hooks(&world, &arguments).await.done();
        assert_eq!(world.sim.okta().native_provider().as_deref(), Some("Our Twilio"));
        assert_eq!(world.sim.okta().registered_hooks().len(), 1, "there is no place for a telephony hook");
    }
    let said = hooks(&world, &["verify"]).await.done();
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    let said = hooks(&world, &["list"]).await.done();
    assert!(!said.out.contains("MISSING") && !said.out.contains("Our Twilio"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_okta_cannot_reach_is_said_so() {
    let world = unregistered().await;
    world.sim.okta().configure(|okta| {
        okta.tls_ends_at = Some((PUBLIC.to_owned(), "http://127.0.0.1:1".to_owned()));
    });
    let said = hooks(&world, &["register"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("failed: have Okta verify") && said.out.contains("hooks verify"), "{said:?}");
    let said = hooks(&world, &["verify"]).await;
    assert_eq!((said.code, said.out.matches("fail main").count()), (1, 2), "{said:?}");
    let served = world.url("");
    world.sim.okta().configure(|okta| okta.tls_ends_at = Some((PUBLIC.to_owned(), served)));
    hooks(&world, &["verify"]).await.done();
    assert_eq!(world.sim.okta().registered_hooks()[1]["verificationStatus"], "VERIFIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_before_anything_is_asked() {
    for (public, words) in [
        (None, "server.public_url: is missing"),
        (Some("http://127.0.0.1:8080"), "server.public_url: is not https"),
    ] {
        let world = World::with(|settings| settings.public_url = public.map(str::to_owned)).await;
        for what in ["register", "verify"] {
            let said = hooks(&world, &[what]).await;
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
            assert!(said.err.contains(words), "{said:?}");
        }
        let said = hooks(&world, &["list"]).await.done();
        assert!(said.out.contains(words), "{said:?}");
        assert_eq!(changes(&world), 0);
    }
    let world = World::with(|settings| {
        settings.public_url = Some(PUBLIC.to_owned());
        settings.api_token = Some("wrong".to_owned());
    })
    .await;
    for what in ["list", "register", "verify"] {
        let said = hooks(&world, &[what]).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("401") || said.out.contains("401"), "{said:?}");
    }
    let said = hooks(&world, &["list", "--org", "nobody"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let file = "[okta.orgs.a]\nhook_secrets = ['01234567890123456789012345678901']\n[okta.orgs.b]\nhook_secrets = ['01234567890123456789012345678901']\n[server]\npublic_url = 'https://x.example'\n[telephony.providers.acme]\nkind = 'webhook'\nurl = 'https://x.example'\nbody = '{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}'\n";
    std::fs::write(world.path("two.toml"), file).unwrap();
    let config = world.path("two.toml");
    let config = config.to_str().unwrap();
    for (arguments, words) in [
        (&["--config", config, "hooks", "register"][..], "--org: say which one: a, b"),
        (
            &["--config", config, "hooks", "register", "--org", "a"],
            "okta.orgs.a: there is nothing to ask Okta with",
        ),
    ] {
        let said = ringback(world.place.path(), arguments, &[]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(words), "{said:?}");
    }
}
