//! Faults really strike, and only where they should.

use std::time::Duration;

use reqwest::Method;
use sim::{Fault, OktaOp, User, VerifyOp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{ANA, BOB, World, answer};

fn form() -> [(&'static str, &'static str); 3] {
    [("To", ANA), ("Channel", "sms"), ("CustomCode", "123456")]
}

#[tokio::test]
async fn scripted_faults_strike_in_order_and_once() {
    let world = World::new().await;
    world.twilio().fail_next(VerifyOp::Create, Fault::twilio(20429).with_header("retry-after", "1"));
    world.twilio().fail_next(VerifyOp::Create, Fault::twilio(60410));
    let first = world.start(ANA, "sms", "123456").await;
    first.is_error(429, 20429);
    assert_eq!(first.headers["retry-after"], "1");
    world.fetch(ANA).await.is_error(404, 20404);
    world.start(ANA, "sms", "123456").await.is_error(403, 60410);
    assert_eq!(world.twilio().faults_waiting(), 0);
    assert_eq!(world.twilio().sends(), []);
    assert_eq!(world.start(ANA, "sms", "123456").await.status, 201);
    let faulted: Vec<bool> = world.twilio().requests().iter().map(|it| it.faulted).collect();
    assert_eq!(faulted, [true, false, true, false]);
}

#[tokio::test]
async fn sticky_faults_stay_until_healed() {
    let world = World::new().await;
    world.twilio().fail_always(VerifyOp::Update, Fault::twilio(20500));
    world.start(ANA, "sms", "123456").await;
    for _ in 0..3 {
        world.update(ANA, "approved").await.is_error(500, 20500);
    }
    assert_eq!(world.twilio().reports(), []);
    world.twilio().heal();
    assert_eq!(world.update(ANA, "approved").await.status, 200);
}

#[tokio::test]
async fn an_accepted_failure_has_its_effect() {
    let world = World::new().await;
    world.twilio().fail_next(VerifyOp::Create, Fault::twilio(20500).after_accept());
    world.start(ANA, "sms", "123456").await.is_error(500, 20500);
    assert_eq!(world.twilio().sends().len(), 1);
    world.twilio().fail_next(VerifyOp::Create, Fault::junk(201, "text/html", "<html>").after_accept());
    let junk = world.verify(Method::POST, "/Verifications").form(&form()).send().await.unwrap();
    assert_eq!(
        (junk.status().as_u16(), &junk.headers()["content-type"]),
        (201, &"text/html".parse().unwrap())
    );
    assert_eq!(junk.text().await.unwrap(), "<html>");
    assert_eq!(world.twilio().sends().len(), 2);
    world.twilio().fail_next(VerifyOp::Create, Fault::html_503());
    assert_eq!(world.start(ANA, "sms", "123456").await.status, 503);
    assert_eq!(world.twilio().sends().len(), 2);
}

#[tokio::test]
async fn a_reset_is_a_connection_error() {
    let world = World::new().await;
    for (fault, sends) in [(Fault::ResetBeforeAccept, 0), (Fault::ResetAfterAccept, 1)] {
        world.twilio().fail_next(VerifyOp::Create, fault);
        let error = world.verify(Method::POST, "/Verifications").form(&form()).send().await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout(), "{error:?}");
        assert_eq!(world.twilio().sends().len(), sends);
        assert_eq!(world.twilio().requests().last().unwrap().status, None);
    }
    assert_eq!(world.start(ANA, "sms", "123456").await.status, 201, "the next connection works");
}

#[tokio::test]
async fn a_reset_is_a_tcp_reset() {
    let world = World::new().await;
    world.twilio().fail_next(VerifyOp::Fetch, Fault::ResetBeforeAccept);
    let mut stream = TcpStream::connect(world.addr()).await.unwrap();
    let request = format!("GET /v2/Services/{}/Verifications/X HTTP/1.1\r\nhost: x\r\n\r\n", "VA0");
    stream.write_all(request.as_bytes()).await.unwrap();
    let error = stream.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_stop_the_send() {
    let world = World::new().await;
    let patience = Duration::from_secs(60);
    let post = || tokio::spawn(world.verify(Method::POST, "/Verifications").form(&form()).send());
    world.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_millis(500)));
    let hanging = post();
    world.twilio().wait_for_requests(1, patience).await.unwrap();
    hanging.abort();
    assert_eq!(world.twilio().wait_for_sends(1, patience).await.unwrap().len(), 1);
    assert_eq!(world.handset().inbox(ANA).len(), 1);

    world.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(Duration::from_secs(3_600)));
    let hanging = post();
    assert_eq!(world.twilio().wait_for_sends(2, patience).await.unwrap().len(), 2);
    hanging.abort();
    assert_eq!(world.twilio().requests()[1].status, None);
    assert_eq!(world.twilio().wait_for_reports(1, Duration::ZERO).await, None);
}

#[tokio::test]
async fn bodies_trickle_and_swell() {
    let world = World::new().await;
    world.twilio().fail_next(VerifyOp::Create, Fault::SlowBody { bytes_per_second: 0 });
    let mut slow = world.verify(Method::POST, "/Verifications").form(&form()).send().await.unwrap();
    assert_eq!(slow.status(), 201);
    assert!(slow.content_length().unwrap() > 100);
    let first = tokio::time::timeout(Duration::from_millis(50), slow.chunk()).await;
    assert!(first.is_err(), "a body that never comes");
    assert_eq!(world.twilio().sends().len(), 1);

    world.twilio().fail_next(VerifyOp::Create, Fault::SlowBody { bytes_per_second: 4_000 });
    let slow = world.start(ANA, "sms", "123456").await;
    assert_eq!(slow.text("to"), ANA, "the whole body comes in the end");

    world.twilio().fail_next(VerifyOp::Create, Fault::HugeBody { bytes: 3_000_000 });
    let huge = world.verify(Method::POST, "/Verifications").form(&form()).send().await.unwrap();
    assert_eq!(huge.content_length(), None);
    let body = huge.bytes().await.unwrap();
    assert!(body.len() > 3_000_000);
    assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["sid"].is_string());
    assert_eq!(world.twilio().sends().len(), 3);
}

#[tokio::test]
async fn redirects_are_counted_if_followed() {
    let world = World::new().await;
    world.twilio().fail_always(VerifyOp::Create, Fault::Redirect);
    let redirect = world.start(ANA, "sms", "123456").await;
    assert_eq!((redirect.status, &redirect.headers["location"]), (307, &"/_sim/redirected".parse().unwrap()));
    assert_eq!(world.redirects_followed(), 0);
    let follower = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!("{}/v2/Services/{}/Verifications", world.url(), world.twilio().account().service_sid);
    follower.post(path).form(&form()).send().await.unwrap();
    assert_eq!(world.redirects_followed(), 1);
    assert_eq!(world.twilio().sends(), []);
}

#[tokio::test]
async fn numbers_fail_by_destination() {
    let world = World::new().await;
    world.start("+15005550001", "sms", "123456").await.is_error(400, 60200);
    world.start("+15005550004", "sms", "123456").await.is_error(403, 60410);
    world.start("+15005550009", "sms", "123456").await.is_error(403, 60205);
    assert_eq!(world.start("+15005550009", "call", "123456").await.status, 201, "a landline can be called");
    world.start("+15005550031", "sms", "123456").await.is_error(500, 20500);
    let sent: Vec<String> = world.twilio().sends().into_iter().map(|it| it.to).collect();
    assert_eq!(sent, ["+15005550009", "+15005550031"]);
    world.twilio().fail_numbers("+1202", Fault::twilio(60605));
    world.twilio().fail_numbers("+120255501", Fault::twilio(60220));
    world.start(ANA, "sms", "123456").await.is_error(400, 60220);
    world.start("+12025559999", "sms", "123456").await.is_error(403, 60605);
    world.twilio().heal();
    assert_eq!(world.start(ANA, "sms", "123456").await.status, 201);
}

#[tokio::test]
async fn parallel_starts_for_one_number_are_refused_if_wanted() {
    let world = World::new().await;
    world.twilio().configure(|it| it.concurrency_check = true);
    world.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(Duration::from_secs(3_600)));
    let slow = tokio::spawn(world.verify(Method::POST, "/Verifications").form(&form()).send());
    world.handset().wait_for(ANA, 1, Duration::from_secs(20)).await.unwrap();
    world.start(ANA, "sms", "222222").await.is_error(429, 60212);
    for _ in 0..2 {
        assert_eq!(world.start(BOB, "sms", "333333").await.status, 201, "one after the other is fine");
    }
    world.twilio().configure(|it| it.concurrency_check = false);
    assert_eq!(world.start(ANA, "sms", "222222").await.status, 201);
    slow.abort();
    let most = |phone| world.twilio().max_concurrent_starts(phone);
    assert_eq!((most(ANA), most(BOB)), (2, 1));
    assert_eq!(world.twilio().max_concurrent(), 2);
}

#[tokio::test]
async fn okta_has_faults_of_its_own() {
    let world = World::new().await;
    world.okta().add_user(User::new("00u1", "ana@example.com").phone(ANA));
    world.okta().fail_next(OktaOp::Factors, Fault::okta_concurrency());
    assert_eq!(world.okta_get("/api/v1/users/00u1").await.status, 200);
    let limited = world.okta_get("/api/v1/users/00u1/factors").await;
    assert_eq!((limited.status, limited.text("errorCode")), (429, "E0000047".to_owned()));
    assert_eq!(
        (&limited.headers["x-rate-limit-limit"], &limited.headers["x-rate-limit-remaining"]),
        (&"0".parse().unwrap(), &"0".parse().unwrap())
    );
    assert!(limited.headers.contains_key("x-rate-limit-reset"));
    world.okta().fail_next(OktaOp::Users, Fault::ResetAfterAccept);
    let request = world.request(Method::GET, "/api/v1/users/00u1");
    assert!(request.send().await.is_err());
    assert_eq!(answer(world.request(Method::GET, "/api/v1/users/00u1")).await.status, 401);
    assert_eq!(world.okta().faults_waiting(), 0);
    let faulted: Vec<bool> = world.okta().requests().iter().map(|it| it.faulted).collect();
    assert_eq!(faulted, [false, true, true, false]);
}

#[tokio::test]
async fn shutdown_ends_everything() {
    let world = World::new().await;
    let addr = world.addr();
    world.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(Duration::from_secs(3_600)));
    let request = world.verify(Method::POST, "/Verifications").form(&form());
    let open = tokio::spawn(request.send());
    world.handset().wait_for(ANA, 1, Duration::from_secs(20)).await.unwrap();
    world.stop().await;
    assert!(open.await.unwrap().is_err());
    assert!(TcpStream::connect(addr).await.is_err());
}
