//! Service apps: signing in, tokens, proofs of possession.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use okta::{ClientOptions, Credential, OktaClient, OktaError, Refusal, Scope, SigningKey, Transient};
use otp::{Clock, SystemClock, SystemEntropy};
use sim::{ApiAccess, Factor, Fault, OktaOp, Options, ServiceApp, Sim, User};
use tokio::task::JoinSet;

const ANA: &str = "00uana";
const CLIENT: &str = "0oaFAKEclient0000001";

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn ec() -> SigningKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    SigningKey::read(&pem(pair.to_pkcs8v1().unwrap().as_ref()).into(), Some("key-1".to_owned())).unwrap()
}

fn rsa() -> SigningKey {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    SigningKey::read(&pem(pair.as_der().unwrap().as_ref()).into(), None).unwrap()
}

fn app(key: &SigningKey) -> ServiceApp {
    ServiceApp {
        client_id: CLIENT.to_owned(),
        keys: vec![key.public_jwk().unwrap()],
        scopes: vec!["okta.users.read".to_owned()],
        dpop: false,
    }
}

async fn org(key: &SigningKey, change: impl FnOnce(&mut ServiceApp)) -> Sim {
    let sim = Sim::start(Options::default()).await.unwrap();
    sim.okta().add_user(User::new(ANA, "ana@example.com").factor(Factor::sms("+12025550101")));
    let mut app = app(key);
    change(&mut app);
    sim.okta().add_app(app);
    sim
}

fn options(sim: &Sim, key: SigningKey) -> ClientOptions {
    ClientOptions {
        base_url: sim.url().parse().unwrap(),
        credential: Credential::ServiceApp { client_id: CLIENT.to_owned(), key },
        scopes: vec![Scope::UsersRead],
        reserve: 0,
        connect_timeout: Duration::from_secs(2),
        timeout: Duration::from_secs(5),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    }
}

fn client(sim: &Sim, key: &SigningKey) -> OktaClient {
    OktaClient::new(options(sim, key.clone())).unwrap()
}

/// What was asked so far: `token`, or the scheme of a question.
fn asked(sim: &Sim) -> Vec<String> {
    let what = |it: sim::ApiRequest| if it.path.ends_with("/token") { "token".to_owned() } else { it.scheme };
    sim.okta().requests().into_iter().map(what).collect()
}

fn refused(found: &Result<Vec<okta::EnrolledPhone>, OktaError>) -> &str {
    match found {
        Err(OktaError::Refused { why: Refusal::Token { code }, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn d8_an_app_signs_in_with_either_kind_of_key() {
    for key in [ec(), rsa()] {
        let sim = org(&key, |_| {}).await;
        let client = client(&sim, &key);
        for _ in 0..3 {
            assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 1);
        }
        assert_eq!(asked(&sim), ["token", "Bearer", "Bearer", "Bearer"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_a_hundred_questions_at_one_time_are_one_token() {
    let key = ec();
    let sim = org(&key, |_| {}).await;
    sim.okta().fail_next(OktaOp::Token, Fault::Delay(Duration::from_millis(200)));
    let client = client(&sim, &key);
    let mut questions = JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        questions.spawn(async move { client.enrolled_phones(ANA).await.map(|phones| phones.len()) });
    }
    for answer in questions.join_all().await {
        assert_eq!(answer.unwrap(), 1);
    }
    assert_eq!(asked(&sim).iter().filter(|it| *it == "token").count(), 1);
    assert_eq!(asked(&sim).len(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_a_token_endpoint_that_is_down_is_asked_once_for_all_who_wait() {
    let key = ec();
    let sim = org(&key, |_| {}).await;
    sim.okta().fail_always(OktaOp::Token, Fault::html_503());
    let client = client(&sim, &key);
    let mut questions = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        questions.spawn(async move { client.enrolled_phones(ANA).await.map(|phones| phones.len()) });
    }
    for answer in questions.join_all().await {
        assert!(matches!(answer, Err(OktaError::Transient(Transient::Token(_)))), "{answer:?}");
    }
    assert_eq!(asked(&sim), ["token"], "a failure is everybody's answer for a second");
    assert!(client.refusals().is_empty(), "nobody has to mend anything");
}

/// Two clocks that are set by hand.
pub(crate) struct Hands(pub(crate) std::sync::Mutex<Duration>, pub(crate) SignedDuration);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(*self.0.lock().unwrap()).unwrap();
        SystemClock.now() + passed + self.1
    }

    fn monotonic(&self) -> std::time::Instant {
        SystemClock.monotonic() + *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn d8_a_token_is_replaced_before_it_ends_and_used_on_while_that_fails() {
    let key = ec();
    let sim = org(&key, |_| {}).await;
    let clock = Arc::new(Hands(std::sync::Mutex::default(), SignedDuration::ZERO));
    let client = OktaClient::new(ClientOptions { clock: clock.clone(), ..options(&sim, key) }).unwrap();
    let pass = |by: u64| {
        *clock.0.lock().unwrap() += Duration::from_secs(by);
        sim.clock().advance(Duration::from_secs(by));
    };
    let ask = async || client.enrolled_phones(ANA).await.map(|phones| phones.len());
    assert_eq!(ask().await.unwrap(), 1);
    pass(3200);
    assert_eq!((ask().await.unwrap(), asked(&sim).len()), (1, 3), "55 minutes are no reason");
    sim.okta().fail_always(OktaOp::Token, Fault::html_503());
    pass(150);
    assert_eq!((ask().await.unwrap(), ask().await.unwrap()), (1, 1), "the old one is good still");
    assert_eq!(asked(&sim)[3..], ["token", "Bearer", "Bearer"], "it is not tried each time");
    sim.okta().heal();
    pass(31);
    assert_eq!(ask().await.unwrap(), 1);
    assert_eq!((asked(&sim).len(), sim.okta().tokens_issued()), (8, 2));
    // Nobody asked for an hour: the old one is of no use.
    pass(3600);
    assert_eq!(ask().await.unwrap(), 1);
    assert_eq!(sim.okta().tokens_issued(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_a_revoked_token_is_replaced_once_whoever_finds_it() {
    let key = ec();
    let sim = org(&key, |_| {}).await;
    let client = client(&sim, &key);
    client.enrolled_phones(ANA).await.unwrap();
    sim.okta().revoke_tokens();
    let mut questions = JoinSet::new();
    for _ in 0..40 {
        let client = client.clone();
        questions.spawn(async move { client.enrolled_phones(ANA).await.map(|phones| phones.len()) });
    }
    for answer in questions.join_all().await {
        assert_eq!(answer.unwrap(), 1);
    }
    assert_eq!(asked(&sim).iter().filter(|it| *it == "token").count(), 2);
    // One that is refused although it is fresh is somebody's to mend.
    sim.okta().fail_always(OktaOp::Factors, Fault::okta("E0000011"));
    let before = asked(&sim).len();
    let found = client.enrolled_phones(ANA).await;
    assert!(
        matches!(&found, Err(OktaError::Refused { why: Refusal::Unauthorized, news: true })),
        "{found:?}"
    );
    assert_eq!(asked(&sim)[before..], ["Bearer", "token", "Bearer"]);
}

#[tokio::test]
async fn d8_proofs_are_made_where_the_org_wants_them() {
    let key = ec();
    let sim = org(&key, |app| app.dpop = true).await;
    let client = client(&sim, &key);
    assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 1);
    // Without a proof, without the nonce, with both.
    assert_eq!(asked(&sim), ["token", "token", "token", "DPoP"]);
    assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 1);
    // The API may want a nonce of its own, and another one some time later.
    sim.okta().configure(|okta| okta.api_wants_nonce = true);
    sim.okta().change_nonce();
    for _ in 0..2 {
        assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 1);
    }
    assert_eq!(asked(&sim)[4..], ["DPoP", "DPoP", "DPoP", "DPoP"], "refused once, then known");
    // Another token, with what is known already; the nonce has changed.
    sim.okta().revoke_tokens();
    assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 1);
    assert_eq!(asked(&sim)[8..], ["DPoP", "token", "token", "DPoP"]);
}

#[tokio::test]
async fn d8_a_wrong_clock_of_ours_is_found_out() {
    for off in [SignedDuration::from_hours(2), SignedDuration::from_hours(-2)] {
        for dpop in [false, true] {
            let key = ec();
            let sim = org(&key, |app| app.dpop = dpop).await;
            let clock = Arc::new(Hands(std::sync::Mutex::default(), off));
            let client = OktaClient::new(ClientOptions { clock, ..options(&sim, key) }).unwrap();
            assert_eq!(client.enrolled_phones(ANA).await.unwrap().len(), 1, "{off} {dpop}");
            let ahead = client.ahead().unwrap();
            assert!((ahead + off).abs() <= SignedDuration::from_secs(5), "{ahead}");
        }
    }
}

#[tokio::test]
async fn d3_an_app_that_is_refused_pauses_and_says_why() {
    let (key, other) = (ec(), ec());
    for (case, code) in [(0, "invalid_client"), (1, "invalid_client"), (2, "invalid_scope")] {
        let sim = org(&key, |app| match case {
            0 => app.keys = vec![other.public_jwk().unwrap()],
            1 => app.client_id = "0oaSomebodyElse".to_owned(),
            _ => app.scopes = vec!["okta.logs.read".to_owned()],
        })
        .await;
        let client = client(&sim, &key);
        assert_eq!(refused(&client.enrolled_phones(ANA).await), code);
        for _ in 0..5 {
            assert!(matches!(client.enrolled_phones(ANA).await, Err(OktaError::Paused { .. })));
        }
        assert_eq!(asked(&sim), ["token"]);
        assert_eq!(client.refusals()[0].reason(), "token");
    }
    // The key is right, and the app has no admin role.
    let sim = org(&key, |_| {}).await;
    sim.okta().configure(|okta| okta.api_access = ApiAccess::Forbidden);
    let found = client(&sim, &key).enrolled_phones(ANA).await.unwrap_err();
    assert!(matches!(&found, OktaError::Refused { why: Refusal::Forbidden { .. }, .. }), "{found:?}");
    assert!(found.to_string().contains("okta.users.read"), "{found}");
}

#[tokio::test]
async fn nothing_of_a_key_or_a_token_is_printed() {
    let key = ec();
    let sim = org(&key, |_| {}).await;
    let credential = Credential::ServiceApp { client_id: CLIENT.to_owned(), key: key.clone() };
    let client = client(&sim, &key);
    client.enrolled_phones(ANA).await.unwrap();
    assert_eq!(format!("{client:?}"), "OktaClient(127.0.0.1)");
    assert_eq!(
        format!("{credential:?}"),
        "ServiceApp { client_id: \"0oaFAKEclient0000001\", key: SigningKey(ES256) }"
    );
}
