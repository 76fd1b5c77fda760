//! Okta's API as the worker meets it: refused, limited, crowded, with an app of its own. Events wait and none is lost.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;
use sim::{ApiAccess, Channel, Factor, Fault, OktaOp, Outcome, ServiceApp, User};

use crate::harness::{World, phone, until, until_within};

const CLIENT: &str = "0oaBLACKBOXclient001";

/// A user whose verification somebody else has started.
async fn stranger(world: &World, n: usize) -> User {
    let to = phone();
    let account = world.sim.twilio().account().clone();
    let url = format!("{}/v2/Services/{}/Verifications", world.sim.url(), account.service_sid);
    let request = world.client.post(url).basic_auth(account.account_sid, Some(account.auth_token));
    let answer =
        request.form(&[("To", &*to), ("Channel", "sms"), ("CustomCode", "4711")]).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    let user = User::new(&format!("00ustranger{n}"), &format!("stranger{n}@example.com"));
    let user = user.factor(Factor::sms(&to));
    world.sim.okta().add_user(user.clone());
    user
}

async fn strangers(world: &World, n: usize) -> Vec<User> {
    let mut all = Vec::new();
    for n in 0..n {
        all.push(stranger(world, n).await);
    }
    all
}

/// Okta says that these users have entered their codes.
async fn enter(world: &World, users: &[User]) {
    let okta = world.sim.okta();
    let event = |user| okta.event_mfa(user, "SMS_FACTOR", Outcome::Success, Timestamp::now());
    let events: Vec<Value> = users.iter().map(event).collect();
    for batch in events.chunks(100) {
        world.deliver(&okta.envelope(batch)).await;
    }
}

fn approved(world: &World, users: &[User]) -> usize {
    let number = |user: &&User| user.factors[0].phone_number.clone().unwrap();
    users.iter().filter(|user| world.sim.twilio().approved(&number(user))).count()
}

async fn all_approved(world: &World, users: &[User]) {
    let patience = std::time::Duration::from_secs(60);
    until_within(patience, "every login is reported", async || {
        (approved(world, users) == users.len()).then_some(())
    })
    .await;
}

async fn readyz(world: &World) -> Value {
    let reply = world.admin("/readyz").await;
    assert_eq!(reply.status, 200, "codes are sent all the same: {reply:?}");
    serde_json::from_str(&reply.text).unwrap()
}

async fn paused(world: &World, reason: &str) -> bool {
    let metrics = world.admin("/metrics").await.text;
    let line = format!("ringback_okta_paused{{org=\"main\",reason=\"{reason}\"}} ");
    let value = metrics.lines().find_map(|it| it.strip_prefix(&line)).unwrap_or_else(|| panic!("{metrics}"));
    value.trim() == "1"
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_three_hundred_events_wait_until_the_credential_is_mended() {
    for (access, reason, word) in
        [(ApiAccess::Revoked, "unauthorized", "401"), (ApiAccess::Forbidden, "forbidden", "okta.users.read")]
    {
        let world = World::start().await;
        let users = strangers(&world, 300).await;
        world.sim.okta().configure(|okta| okta.api_access = access);
        enter(&world, &users).await;
        until("the pause is seen", async || paused(&world, reason).await.then_some(())).await;
        let ready = readyz(&world).await;
        assert_eq!((&ready["status"], &ready["okta"]["status"]), (&"degraded".into(), &"degraded".into()));
        let why = ready["okta"]["why"].as_str().unwrap();
        assert!(why.starts_with("main: ") && why.contains(word), "{why}");
        // A login that the books know needs no API, and is not kept waiting.
        let known = world.user("ana");
        let login = world.login(&known, Channel::Sms).await;
        world.type_in(&known, login.code()).await;
        world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
        // What is in hand at the same moment is refused at most, and from then on there are probes only.
        let before = world.sim.okta().requests();
        assert!(before.len() <= 70, "{} requests", before.len());
        let probes = before.len() + 2;
        let asked =
            world.sim.okta().wait_for_requests(probes, std::time::Duration::from_secs(30)).await.unwrap();
        // The very question that was refused, and one in which is nobody's data.
        let probes = &asked[before.len()..];
        let again = before.iter().any(|it| it.path == probes[0].path);
        assert!(again && probes.iter().all(|it| it.path == probes[0].path), "probes only: {probes:?}");
        assert_eq!(approved(&world, &users), 0);
        world.sim.okta().configure(|okta| okta.api_access = ApiAccess::Granted);
        all_approved(&world, &users).await;
        world.rows_when("SELECT * FROM okta_events WHERE state = 'done'", |rows| rows.len() == 301).await;
        assert_eq!(world.rows("SELECT * FROM dead_letters").await, []);
        assert!(!paused(&world, reason).await);
        assert_eq!(readyz(&world).await["status"], "ready");
        let told = "Okta refuses our API credential: feedback waits until somebody mends it";
        assert_eq!(world.server.lines(told).len(), 1, "once, not for each event");
        let mended = "Okta takes our API credential again; feedback goes on";
        assert_eq!(world.server.lines(mended).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_one_hidden_user_stops_nobody_else() {
    let world = World::start().await;
    let users = strangers(&world, 3).await;
    world.sim.okta().configure(|okta| okta.hidden_users = vec![users[0].id.clone()]);
    enter(&world, &users).await;
    all_approved(&world, &users[1..]).await;
    let sql = format!("SELECT * FROM okta_events WHERE okta_user_id = '{}'", users[0].id);
    world.row_when(&sql, "state", "no_match").await;
    assert_eq!(readyz(&world).await["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_an_empty_bucket_is_waited_for_and_a_share_of_it_left_to_others() {
    let world = World::with(|settings| settings.org_more = "rate_limit_reserve = '20%'".to_owned()).await;
    let users = strangers(&world, 40).await;
    // The minute ends in half a minute; what is left to others is two of ten.
    let second = world.sim.clock().now().as_second().rem_euclid(60);
    world.sim.clock().advance(std::time::Duration::from_secs(u64::try_from((90 - second) % 60).unwrap()));
    world.sim.okta().configure(|okta| okta.requests_per_minute = 10);
    // One first: what is left is known from its answer.
    enter(&world, &users[..1]).await;
    all_approved(&world, &users[..1]).await;
    enter(&world, &users[1..]).await;
    until("the pause is seen", async || paused(&world, "rate_limit").await.then_some(())).await;
    world.sim.okta().configure(|okta| okta.requests_per_minute = 600);
    let asked = world.sim.okta().requests().len();
    assert!(asked <= 8, "{asked} of ten");
    assert_eq!(readyz(&world).await["status"], "ready", "that is nobody's fault");
    all_approved(&world, &users).await;
    let asked = world.sim.okta().requests();
    assert!(asked.iter().all(|it| it.status == Some(200)), "none was refused: {asked:#?}");
    assert_eq!(asked.len(), 40, "each was asked about once");
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_an_org_that_is_crowded_is_left_alone_for_a_moment() {
    let world = World::start().await;
    let users = strangers(&world, 30).await;
    world.sim.okta().fail_times(OktaOp::Factors, 3, Fault::okta_concurrency());
    enter(&world, &users).await;
    all_approved(&world, &users).await;
    assert_eq!(world.sim.okta().faults_waiting(), 0);
    let asked = world.sim.okta().requests();
    assert_eq!(asked.len(), 33, "three were refused, and each was asked about once");
    assert_eq!(world.rows("SELECT * FROM dead_letters").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_a_service_app_signs_in_with_its_key() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let pem = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = pair.public_key().as_ref();
    let jwk = serde_json::json!({
        "kty": "EC", "crv": "P-256", "kid": "k1", "x": b64(&point[1..33]), "y": b64(&point[33..]),
    });
    for dpop in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("key.pem");
        std::fs::write(&file, &pem).unwrap();
        let world = World::with(|settings| {
            settings.api_token = Some(String::new());
            settings.org_more = format!(
                "client_id = '{CLIENT}'\nprivate_key_file = '{}'\nprivate_key_id = 'k1'",
                file.display()
            );
        })
        .await;
        let (client_id, scopes) = (CLIENT.to_owned(), vec!["okta.users.read".to_owned()]);
        world.sim.okta().add_app(ServiceApp { client_id, keys: vec![jwk.clone()], scopes, dpop });
        let users = strangers(&world, 20).await;
        enter(&world, &users).await;
        all_approved(&world, &users).await;
        let asked = world.sim.okta().requests();
        let schemes: HashSet<_> = asked.iter().map(|it| it.scheme.as_str()).collect();
        assert_eq!(schemes, HashSet::from(["", if dpop { "DPoP" } else { "Bearer" }]));
        let tokens = asked.iter().filter(|it| it.path.ends_with("/token")).count();
        assert_eq!(tokens, if dpop { 3 } else { 1 }, "one dance for all");
        // A key that is taken away, and given back.
        world.sim.okta().configure(|okta| okta.api_access = ApiAccess::Revoked);
        let more: Vec<User> = {
            let mut more = Vec::new();
            for n in 20..25 {
                more.push(stranger(&world, n).await);
            }
            more
        };
        enter(&world, &more).await;
        until("the pause is seen", async || paused(&world, "token").await.then_some(())).await;
        world.sim.okta().configure(|okta| okta.api_access = ApiAccess::Granted);
        all_approved(&world, &more).await;
        let log = world.server.log();
        for secret in ["PRIVATE KEY", "eyJ"] {
            assert!(!log.contains(secret), "{secret} in the log");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_cannot_work_are_told_before_the_start() {
    use crate::harness::ringback;
    let place = tempfile::tempdir().unwrap();
    let base = "[okta.orgs.main]\nbase_url = 'https://x.okta.com'\nhook_secrets = ['0123456789012345678901234567890123']\n";
    for (lines, problem) in [
        ("client_id = 'a'", "okta.orgs.main.private_key: is missing"),
        ("private_key = 'hunter2'", "okta.orgs.main.client_id: is missing"),
        ("client_id = 'a'\nprivate_key = 'hunter2'", "okta.orgs.main.private_key: is neither a private key"),
        ("client_id = 'a'\napi_token = 'hunter2'", "okta.orgs.main.api_token: and client_id are both given"),
        ("private_key_id = 'a'", "okta.orgs.main.private_key: is missing"),
        ("rate_limit_reserve = '100%'", "okta.orgs.main.rate_limit_reserve: is not a share"),
    ] {
        let file = place.path().join("it.toml");
        std::fs::write(&file, format!("{base}{lines}\n")).unwrap();
        let said = ringback(place.path(), &["--config", "it.toml", "config", "check"], &[]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(problem) && !said.err.contains("hunter2"), "{lines}: {said:?}");
    }
}
