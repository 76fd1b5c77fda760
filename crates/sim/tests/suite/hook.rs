//! The telephony hook as Okta calls it.

use std::time::Duration;

use serde_json::json;
use sim::{Channel, HookRequest, OktaSays, Options, Purpose, Sender, User};

use crate::receiver::{Receiver, Say};
use crate::shape::{fixture, shape};
use crate::world::{ANA, World};

async fn world_with(receiver: &Receiver) -> World {
    let world = World::new().await;
    world.okta().point_at(&receiver.url, &receiver.url);
    world.okta().add_user(User::new("00uana", "ana.fake@example.com").phone("+1-202-555-0101"));
    world
}

#[tokio::test]
async fn the_request_has_the_keys_and_constants_of_the_sample() {
    let receiver = Receiver::saying([Say::status("SUCCESSFUL")]).await;
    let world = world_with(&receiver).await;
    let request = world.okta().hook_request("ana.fake@example.com", Channel::Sms).unwrap();
    let result = world.okta().fire_hook(&request).await;
    assert_eq!((result.http_status, &result.okta_says), (Some(200), &OktaSays::Sent));

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let (body, sample) = (&received[0].body, fixture("telephony-request-sms-mfa-verification"));
    assert_eq!(shape(body), shape(&sample));
    for key in ["eventType", "eventTypeVersion", "contentType", "cloudEventVersion", "requestType"] {
        assert_eq!(body[key], sample[key], "{key}");
    }
    let message = &body["data"]["messageProfile"];
    assert_eq!(message["phoneNumber"], ANA, "dashes are gone");
    assert_eq!((&message["deliveryChannel"], &message["locale"]), (&"SMS".into(), &"EN-US".into()));
    assert_eq!(message["otpCode"], request.code.as_str());
    assert!(message["msgTemplate"].as_str().unwrap().contains(&request.code));
    let time = |value: &serde_json::Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let lifetime = time(&message["otpExpires"]).duration_since(time(&body["eventTime"]));
    assert_eq!(lifetime, jiff::SignedDuration::from_secs(300));
    assert_eq!(body["data"]["userProfile"]["userId"], "00uana");
    assert!(body["source"].as_str().unwrap().contains("/api/v1/inlineHooks/cal"));
    let secret = &world.okta().org().hook_secret;
    assert_eq!(received[0].headers["authorization"], secret.as_str());
    assert_eq!(received[0].headers["content-type"], "application/json");
    assert_eq!(received[0].headers["accept"], "application/json");
}

#[tokio::test]
async fn every_part_can_be_changed() {
    let receiver = Receiver::saying([Say::status("SUCCESSFUL")]).await;
    let mut options = Options::default();
    options.okta.hook_header = "x-ringback-secret".to_owned();
    options.okta.hook_url = Some(receiver.url.clone());
    let world = World::with(options).await;
    let user = User::new("00uana", "ana.fake@example.com");
    let request = HookRequest::new(&user, Channel::Voice)
        .phone("9876543210")
        .channel_spelling("voice call")
        .code("11111")
        .locale("fr_CA")
        .purpose(Purpose::PasswordReset)
        .expires_in(Duration::from_secs(1))
        .event_id("same-again");
    world.okta().fire_hook(&request).await;
    world.okta().fire_hook(&request.clone().request_type("com.okta.other")).await;
    let mut body = world.okta().hook_body(&request);
    body["data"]["messageProfile"]["otpCode"] = json!(11111);
    world.okta().fire_body(&body).await;

    let received = receiver.received();
    assert_eq!(received.len(), 3);
    let first = &received[0].body;
    let message = &first["data"]["messageProfile"];
    assert_eq!(first["requestType"], "com.okta.user.telephony.password-reset");
    assert_eq!(first["eventId"], "same-again");
    let seen =
        [&message["phoneNumber"], &message["deliveryChannel"], &message["otpCode"], &message["locale"]];
    assert_eq!(seen, ["9876543210", "voice call", "11111", "fr_CA"]);
    assert_eq!(
        (&received[1].body["requestType"], &received[1].body["eventId"]),
        (&"com.okta.other".into(), &"same-again".into())
    );
    assert_eq!(received[2].body["data"]["messageProfile"]["otpCode"], 11111);
    assert!(received.iter().all(|it| it.headers.contains_key("x-ringback-secret")));
    assert!(received.iter().all(|it| !it.headers.contains_key("authorization")));
}

#[tokio::test]
async fn only_a_well_formed_success_is_sent() {
    let failed = Say::Json(200, json!({ "error": { "errorSummary": "We could not send it" } }));
    let cases = [
        (Say::status("SUCCESSFUL"), Some(200), None),
        (Say::status("PENDING"), Some(200), Some("status PENDING")),
        (Say::status("FAILED"), Some(200), Some("status FAILED")),
        (failed, Some(200), Some("error: We could not send it")),
        (Say::Json(503, json!({})), Some(503), Some("HTTP status 503")),
        (Say::Text(200, "<html>".to_owned()), Some(200), Some("could not deserialize")),
        (Say::Text(200, " ".repeat(300 * 1024)), Some(200), Some("too large")),
        (Say::Redirect("/elsewhere".to_owned()), Some(307), Some("HTTP status 307")),
    ];
    let receiver = Receiver::saying(cases.iter().map(|(say, ..)| say.clone())).await;
    let world = world_with(&receiver).await;
    for (say, http_status, reason) in &cases {
        let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
        assert_eq!(login.hook.http_status, *http_status, "{say:.60?}");
        match (&login.hook.okta_says, reason) {
            (OktaSays::Sent, None) => {}
            (OktaSays::OktaSendsItself(is), Some(should)) => assert!(is.contains(should), "{is}"),
            (is, should) => panic!("{is:?} instead of {should:?}"),
        }
    }
    assert_eq!(receiver.received().len(), cases.len(), "no retry, no redirect followed");
}

#[tokio::test]
async fn a_silent_hook_times_out_without_retry() {
    let receiver = Receiver::saying([Say::Nothing]).await;
    let world = world_with(&receiver).await;
    assert_eq!(world.okta().settings().hook_timeout, Duration::from_secs(3));
    world.okta().configure(|it| it.hook_timeout = Duration::from_secs(1));
    let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
    assert_eq!(login.hook.okta_says, OktaSays::OktaSendsItself("timeout".to_owned()));
    assert!(login.hook.elapsed >= Duration::from_secs(1));
    assert_eq!(receiver.received().len(), 1);

    world.okta().point_at("http://127.0.0.1:9/", "http://127.0.0.1:9/");
    let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
    assert_eq!(login.hook.http_status, None);
    assert!(matches!(&login.hook.okta_says, OktaSays::OktaSendsItself(why) if why.starts_with("no answer")));
}

#[tokio::test]
async fn an_org_with_telephony_sends_itself() {
    let receiver = Receiver::saying([Say::status("PENDING"), Say::status("SUCCESSFUL")]).await;
    let world = world_with(&receiver).await;
    world.okta().login("00uana", Channel::Sms).await.unwrap();
    assert_eq!(world.handset().inbox(ANA), [], "new orgs have no telephony of their own");
    let receiver = Receiver::saying([Say::status("PENDING"), Say::status("SUCCESSFUL")]).await;
    world.okta().point_at(&receiver.url, &receiver.url);
    world.okta().configure(|it| it.own_telephony = true);
    let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
    let inbox = world.handset().inbox(ANA);
    assert_eq!((inbox.len(), inbox[0].sender, inbox[0].code.as_str()), (1, Sender::Okta, login.code()));
    world.okta().login("00uana", Channel::Sms).await.unwrap();
    assert_eq!(world.handset().inbox(ANA).len(), 1);
}

#[tokio::test]
async fn a_header_that_cannot_be_written_is_an_error() {
    for (name, secret) in [("authorization", "line\nbreak"), ("not a name", "secret")] {
        let mut options = Options::default();
        (options.okta.hook_header, options.okta.hook_secret) = (name.to_owned(), secret.to_owned());
        assert!(sim::Sim::start(options).await.is_err());
    }
}
