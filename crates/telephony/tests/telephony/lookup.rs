//! Lookup: what is asked about a number, how often, and that nobody waits for it or is refused for want of an answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use otp::{Channel, Clock, FailureClass, PhoneNumber, SystemClock};
use telephony::twilio::lookup::{Lookup, LookupOptions};
use telephony::{Dispatcher, Outgoing, Policy};

use crate::server::{Reply, Server, has_line, head};
use crate::setup::{AC, message, options};

/// A clock that a test puts on.
#[derive(Clone)]
struct Hand(Arc<Mutex<Instant>>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(SystemClock.monotonic())))
    }

    fn on(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn monotonic(&self) -> Instant {
        *self.0.lock().unwrap()
    }
}

const LONG: Duration = Duration::from_secs(30);
const TTL: Duration = Duration::from_secs(86_400);

fn lookup(base_url: &str, budget: Duration, clock: &Hand) -> Lookup {
    let options = LookupOptions {
        account_sid: AC.to_owned(),
        auth: options(base_url).auth,
        base_url: base_url.parse().unwrap(),
        budget,
        ttl: TTL,
        refuse_landlines: true,
        most_risk: 60,
    };
    Lookup::new(options, Arc::new(clock.clone())).unwrap()
}

fn dispatcher(server: &Server, budget: Duration, clock: &Hand) -> Dispatcher {
    let none = Dispatcher::new(Vec::new(), Policy::default(), Arc::new(clock.clone())).unwrap();
    none.with_lookup(lookup(&server.url, budget, clock))
}

fn about(kind: &str, risk: u8) -> Reply {
    Reply::json(
        200,
        &format!(
            r#"{{"valid":true,"line_type_intelligence":{{"type":"{kind}","error_code":null}},
            "sms_pumping_risk":{{"sms_pumping_risk_score":{risk},"error_code":null}}}}"#
        ),
    )
}

fn to(number: &str) -> Outgoing {
    Outgoing { to: PhoneNumber::parse(number, None).unwrap(), ..message() }
}

#[tokio::test]
async fn a_number_is_asked_about_once_and_the_answer_is_believed_for_its_time() {
    let (server, clock) = (Server::start([about("landline", 7), about("mobile", 7)]).await, Hand::new());
    let dispatcher = dispatcher(&server, LONG, &clock);
    for _ in 0..3 {
        assert_eq!(dispatcher.vet(&message()).await, Some(FailureClass::RejectedNumber));
        clock.on(TTL / 4);
    }
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    let first =
        "GET /v2/PhoneNumbers/%2B15555550101?Fields=line_type_intelligence%2Csms_pumping_risk HTTP/1.1";
    assert_eq!(head(request).lines().next(), Some(first));
    // AC…:s3cret
    assert!(has_line(
        request,
        "authorization: Basic QUNkNDFmM2MwYTliNWU0ZTdmOGExYjJjM2Q0ZTVmNjA3MTpzM2NyZXQ="
    ));
    clock.on(TTL / 4);
    assert_eq!(dispatcher.vet(&message()).await, None, "it is a mobile by now");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn landlines_are_no_numbers_for_texts_and_pumping_is_fraud() {
    let sample = |name: &str| Reply::sample(200, name);
    for (id, reply, expected) in [
        ("mobile", sample("lookup-v2-mobile-low-risk.json"), None),
        (
            "landline, and risky",
            sample("lookup-v2-landline-high-risk.json"),
            Some(FailureClass::RejectedFraud),
        ),
        ("no valid number", sample("lookup-v2-invalid.json"), None),
        ("landline", about("landline", 7), Some(FailureClass::RejectedNumber)),
        ("as much risk as is allowed", about("mobile", 60), None),
        ("more", about("mobile", 61), Some(FailureClass::RejectedFraud)),
        ("voip", about("nonFixedVoip", 0), None),
    ] {
        let (server, clock) = (Server::start([reply]).await, Hand::new());
        assert_eq!(dispatcher(&server, LONG, &clock).vet(&message()).await, expected, "{id}");
    }
}

#[tokio::test]
async fn a_landline_may_be_let_through() {
    let (server, clock) = (Server::start([about("landline", 7)]).await, Hand::new());
    let options = LookupOptions {
        account_sid: AC.to_owned(),
        auth: options(&server.url).auth,
        base_url: server.url.parse().unwrap(),
        budget: LONG,
        ttl: TTL,
        refuse_landlines: false,
        most_risk: 100,
    };
    let lookup = Arc::new(Lookup::new(options, Arc::new(clock)).unwrap());
    assert_eq!(lookup.vet(&message()).await, None);
}

#[tokio::test]
async fn c7_c8_c13_c16_whatever_goes_wrong_nobody_is_refused_and_the_number_left_alone_for_a_minute() {
    for (id, reply) in [
        ("c7", Reply::json(500, "")),
        ("c8", Reply::json(429, r#"{"code":20429}"#)),
        ("c12", Reply::sample(404, "lookup-v2-error-20404.json")),
        ("c13", Reply::json(200, "<html>")),
        ("c13", Reply::Bytes(b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{".to_vec())),
        ("c15", Reply::Huge),
        ("c16", Reply::Answer(302, "location: /x\r\n", Vec::new())),
        ("c6", Reply::Reset),
    ] {
        let (server, clock) = (Server::start([reply, about("landline", 7)]).await, Hand::new());
        let dispatcher = dispatcher(&server, LONG, &clock);
        for _ in 0..2 {
            assert_eq!(dispatcher.vet(&message()).await, None, "{id}");
            clock.on(Duration::from_secs(29));
        }
        assert_eq!(server.requests().len(), 1, "{id}");
        clock.on(Duration::from_secs(3));
        assert_eq!(
            dispatcher.vet(&message()).await,
            Some(FailureClass::RejectedNumber),
            "{id}: and then asked again"
        );
    }
}

#[tokio::test]
async fn c2_nobody_there_is_no_refusal() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let lookup = Arc::new(lookup(&format!("http://{closed}"), LONG, &Hand::new()));
    assert_eq!(lookup.vet(&message()).await, None);
}

#[tokio::test]
async fn c4_p3_nobody_waits_longer_than_the_budget() {
    let (server, clock) = (Server::start([Reply::Stall(Vec::new())]).await, Hand::new());
    let dispatcher = dispatcher(&server, Duration::from_millis(50), &clock);
    // Whoever waited would be told nothing either, but after a hundred times as long.
    let vetted = tokio::time::timeout(Duration::from_secs(4), dispatcher.vet(&message())).await;
    assert_eq!(vetted, Ok(None));
}

#[tokio::test]
async fn c4_an_answer_that_came_too_late_is_there_for_the_next_code() {
    let late = r#"{"line_type_intelligence":{"type":"landline","error_code":null}}"#;
    let server = Server::start([Reply::Late(Duration::from_millis(300), late)]).await;
    let clock = Hand::new();
    let dispatcher = dispatcher(&server, Duration::from_millis(20), &clock);
    // The question goes on by itself: the next code, whenever it comes, finds the answer.
    while dispatcher.vet(&message()).await != Some(FailureClass::RejectedNumber) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.requests().len(), 1, "one question, however many asked");
}

#[tokio::test]
async fn messages_to_one_number_at_once_are_one_question() {
    let (server, clock) = (Server::start([about("landline", 7)]).await, Hand::new());
    let dispatcher = dispatcher(&server, LONG, &clock);
    let (one, two) = (message(), message());
    let (first, second) = tokio::join!(dispatcher.vet(&one), dispatcher.vet(&two));
    assert_eq!((first, second), (Some(FailureClass::RejectedNumber), None), "the second does not wait");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_call_needs_no_lookup_and_without_one_nothing_is_asked() {
    let (server, clock) = (Server::start([]).await, Hand::new());
    let call = Outgoing { channel: Channel::Voice, ..message() };
    assert_eq!(dispatcher(&server, LONG, &clock).vet(&call).await, None);
    let without = Dispatcher::new(Vec::new(), Policy::default(), Arc::new(clock)).unwrap();
    assert_eq!(without.vet(&message()).await, None);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn each_number_has_its_own_answer() {
    let (server, clock) = (Server::start([about("mobile", 7), about("landline", 7)]).await, Hand::new());
    let dispatcher = dispatcher(&server, LONG, &clock);
    for _ in 0..2 {
        assert_eq!(dispatcher.vet(&to("+15555550101")).await, None);
        assert_eq!(dispatcher.vet(&to("+15555550102")).await, Some(FailureClass::RejectedNumber));
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn every_wrong_setting_is_named() {
    let wrong = LookupOptions {
        account_sid: "hunter2".to_owned(),
        auth: options("https://example.com").auth,
        base_url: "ftp://hunter2:x@example.com".parse().unwrap(),
        budget: LONG,
        ttl: TTL,
        refuse_landlines: true,
        most_risk: 101,
    };
    let error = Lookup::new(wrong, Arc::new(SystemClock)).err().unwrap().to_string();
    for key in ["account_sid", "base_url", "max_pumping_risk"] {
        assert!(error.contains(key), "{key} in {error}");
    }
    assert!(!error.contains("hunter"), "{error}");
}
