//! Programmable Messaging.

use std::time::Duration;

use reqwest::Method;
use sim::{Fault, MessagingChannel, MessagingOp, Sender};

use crate::shape::{fixture, shape};
use crate::world::{ANA, BOB, World, answer};

const FROM: &str = "+15555550199";
const SERVICE: &str = "MG5117000000000000000000000000f4ce";
const BODY: &str = "Your Example code is 123456";

fn form() -> Vec<(&'static str, &'static str)> {
    vec![("To", ANA), ("From", FROM), ("Body", BODY)]
}

fn with(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    form().into_iter().chain(extra.iter().copied()).collect()
}

#[tokio::test]
async fn answers_have_the_keys_of_the_samples() {
    let world = World::new().await;
    let sent = world.message(&form()).await;
    let sample = fixture("messages-create-from");
    assert_eq!((sent.status, shape(&sent.body)), (201, shape(&sample)));
    let same =
        ["body", "status", "num_segments", "num_media", "direction", "api_version", "from", "date_sent"];
    for key in same.into_iter().chain(["messaging_service_sid", "error_code", "price", "price_unit"]) {
        assert_eq!(sent.body[key], sample[key], "{key}");
    }
    assert!(sent.headers.contains_key("twilio-request-id"));

    let form = [("To", ANA), ("MessagingServiceSid", SERVICE), ("Body", BODY)];
    let sent = world.message(&form).await;
    let sample = fixture("messages-create-messaging-service");
    assert_eq!((sent.status, shape(&sent.body)), (201, shape(&sample)));
    for key in ["status", "num_segments", "from"] {
        assert_eq!(sent.body[key], sample[key], "{key}");
    }
    let later = world.listed(&format!("/Messages/{}.json", sent.text("sid"))).await.body;
    assert_eq!(
        (&later["status"], &later["from"], &later["num_segments"]),
        (&"sent".into(), &FROM.into(), &"1".into())
    );
    assert!(later["date_sent"].is_string());
}

#[tokio::test]
async fn the_handset_gets_the_text() {
    let world = World::new().await;
    let sid =
        world.message(&with(&[("ValidityPeriod", "300"), ("ProvideFeedback", "true")])).await.text("sid");
    let inbox = world.handset().inbox(ANA);
    assert_eq!(
        (inbox[0].sender, inbox[0].channel.as_str(), inbox[0].text.as_str()),
        (Sender::TwilioMessaging, "sms", BODY)
    );
    assert_eq!(world.handset().latest_code(ANA).as_deref(), Some("123456"));
    let sends = world.messaging().wait_for_sends(1, Duration::ZERO).await.unwrap();
    assert_eq!(
        (sends[0].sid.as_str(), sends[0].channel, sends[0].code.as_str()),
        (sid.as_str(), MessagingChannel::Sms, "123456")
    );
    assert_eq!((sends[0].validity_period, sends[0].provide_feedback), (Some(300), true));
    let requests = world.messaging().requests();
    assert_eq!(requests[0].form()[0], ("To".to_owned(), ANA.to_owned()));
    assert_eq!((requests[0].status, requests[0].faulted), (Some(201), false));
}

#[tokio::test]
async fn segments_are_counted() {
    let world = World::new().await;
    let long = "x".repeat(161);
    for (body, segments) in [("Código 123456 ж", "1"), (long.as_str(), "2")] {
        let sent = world.message(&[("To", ANA), ("From", FROM), ("Body", body)]).await;
        assert_eq!(sent.body["num_segments"], segments);
    }
}

#[tokio::test]
async fn what_is_refused() {
    let world = World::new().await;
    let long = "x".repeat(1601);
    let cases: [(&[(&str, &str)], u64); 12] = [
        (&[("From", FROM), ("Body", BODY)], 21604),
        (&[("To", "12025550101"), ("From", FROM), ("Body", BODY)], 21211),
        (&[("To", ANA), ("Body", BODY)], 21603),
        (&[("To", ANA), ("From", "+15555550100"), ("Body", BODY)], 21606),
        (&[("To", ANA), ("MessagingServiceSid", "MG1"), ("Body", BODY)], 21705),
        (&[("To", ANA), ("From", FROM)], 21602),
        (&[("To", ANA), ("From", FROM), ("Body", &long)], 21617),
        (&with(&[("StatusCallback", "http://under_score.example/")]), 21609),
        (&with(&[("StatusCallback", "nowhere")]), 21609),
        (&with(&[("CustomCode", "123456")]), 20001),
        (&with(&[("body", BODY)]), 20001),
        (&with(&[("Body", BODY)]), 20422),
    ];
    for (form, code) in cases {
        world.message(form).await.is_error(400, code);
    }
    for (name, value) in [
        ("ValidityPeriod", "0"),
        ("ValidityPeriod", "36001"),
        ("ProvideFeedback", "yes"),
        ("RiskCheck", "off"),
        ("SmartEncoded", "1"),
        ("ContentRetention", "keep"),
        ("AddressRetention", "keep"),
        ("Attempt", "first"),
        ("MaxPrice", "cheap"),
        ("TrafficType", "paid"),
    ] {
        let refused = world.message(&with(&[(name, value)])).await;
        refused.is_error(400, 20422);
        assert_eq!(refused.text("message"), format!("Invalid parameter: {name}"));
    }
    let json = world.account(Method::POST, "/Messages.json").json(&serde_json::json!({ "To": ANA }));
    answer(json).await.is_error(400, 20422);
    assert_eq!(world.messaging().sends(), []);
    let full = with(&[
        ("StatusCallback", "https://byot.example.com/status?a=b"),
        ("ProvideFeedback", "true"),
        ("ValidityPeriod", "36000"),
        ("RiskCheck", "disable"),
        ("SmartEncoded", "true"),
        ("ContentRetention", "discard"),
        ("AddressRetention", "obfuscate"),
        ("Attempt", "2"),
        ("MaxPrice", "0.05"),
        ("TrafficType", "free"),
    ]);
    assert_eq!(world.message(&full).await.status, 201);
}

#[tokio::test]
async fn credentials_paths_and_methods() {
    let world = World::new().await;
    let account = world.twilio().account().clone();
    let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.account_sid);
    answer(world.request(Method::POST, &path).form(&form())).await.is_error(401, 20003);
    let key = world.request(Method::POST, &path).basic_auth(account.api_key.unwrap(), account.api_secret);
    assert_eq!(answer(key.form(&form())).await.status, 201);
    let other = world.request(Method::POST, "/2010-04-01/Accounts/AC0/Messages.json");
    let other = other.basic_auth(&account.account_sid, Some(&account.auth_token));
    answer(other.form(&form())).await.is_error(404, 20404);
    answer(world.account(Method::DELETE, "/Messages.json")).await.is_error(405, 20004);
    answer(world.account(Method::GET, "/Messages")).await.is_error(404, 20404);
    answer(world.account(Method::GET, "/Messages/SM0.json")).await.is_error(404, 20404);
    assert_eq!(world.messaging().requests().len(), 6);
    assert_eq!(world.twilio().requests().len(), 0);
}

#[tokio::test]
async fn feedback() {
    let world = World::new().await;
    let sid = world.message(&with(&[("ProvideFeedback", "true")])).await.text("sid");
    let feed = async |sid: &str, outcome: &str| {
        let request = world.account(Method::POST, &format!("/Messages/{sid}/Feedback.json"));
        answer(request.form(&[("Outcome", outcome)])).await
    };
    let confirmed = feed(&sid, "confirmed").await;
    let sample = fixture("messages-feedback-confirmed");
    assert_eq!((confirmed.status, shape(&confirmed.body)), (200, shape(&sample)));
    assert_eq!(
        (confirmed.text("message_sid"), confirmed.text("outcome")),
        (sid.clone(), "confirmed".to_owned())
    );
    assert_eq!(feed(&sid, "unconfirmed").await.status, 200);
    feed(&sid, "approved").await.is_error(400, 20422);
    feed("SM00000000000000000000000000000000", "confirmed").await.is_error(404, 20404);
    let plain = world.message(&form()).await.text("sid");
    feed(&plain, "confirmed").await.is_error(400, 20422);

    let reports = world.messaging().reports();
    let told: Vec<_> = reports.iter().map(|it| (it.outcome.as_str(), it.http_status)).collect();
    let expected =
        [("confirmed", 200), ("unconfirmed", 200), ("approved", 400), ("confirmed", 404), ("confirmed", 400)];
    assert_eq!(told, expected);
    assert_eq!((&reports[0].message_sid, &reports[4].message_sid), (&Some(sid), &None));
}

#[tokio::test]
async fn lists_newest_first_and_filtered() {
    let world = World::new().await;
    let first = world.message(&form()).await.text("sid");
    world.message(&[("To", BOB), ("From", FROM), ("Body", BODY)]).await;
    world.clock().advance(Duration::from_hours(48));
    let last = world.message(&form()).await.text("sid");
    let sids = async |query: &str| -> Vec<String> {
        let page = world.listed(&format!("/Messages.json{query}")).await.body;
        let messages = page["messages"].as_array().unwrap();
        messages.iter().map(|it| it["sid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sids("").await.len(), 3);
    assert_eq!(sids("?To=%2B12025550101").await, [last.clone(), first.clone()]);
    assert_eq!(sids("?From=%2B12025550101").await, [""; 0]);
    let now = world.clock().now();
    let ago = |hours| now.checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap();
    let yesterday = ago(24).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert_eq!(sids(&format!("?To=%2B12025550101&DateSent>={yesterday}")).await, [last.as_str()]);
    assert_eq!(sids(&format!("?DateSent%3E={yesterday}")).await, [last.as_str()]);
    assert_eq!(sids(&format!("?To=%2B12025550101&DateSent%3C={yesterday}")).await, [first]);
    assert_eq!(sids(&format!("?DateSent={}", now.strftime("%Y-%m-%d"))).await, [last]);
    assert_eq!(sids("?DateSent%3E=2999-01-01").await, [""; 0]);
    world.listed("/Messages.json?Status=sent").await.is_error(400, 20001);
    world.listed("/Messages.json?DateSent=soon").await.is_error(400, 20422);
    world.listed("/Messages.json?PageSize=1001").await.is_error(400, 20422);

    let page = world.listed("/Messages.json?PageSize=2&To=%2B12025550101").await.body;
    assert_eq!(
        (&page["page"], &page["page_size"], &page["next_page_uri"]),
        (&0.into(), &2.into(), &().into())
    );
    let mut path = "/Messages.json?PageSize=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = world.listed(&path).await.body;
        seen.push((page["start"].as_u64().unwrap(), page["end"].as_u64().unwrap()));
        for key in ["first_page_uri", "uri"] {
            assert!(page[key].as_str().unwrap().starts_with("/2010-04-01/Accounts/AC"), "{page}");
        }
        let Some(next) = page["next_page_uri"].as_str() else { break };
        path = next.split_once(&world.twilio().account().account_sid).unwrap().1.to_owned();
    }
    assert_eq!(seen, [(0, 1), (2, 2)]);
}

#[tokio::test]
async fn faults_and_magic_numbers() {
    let world = World::new().await;
    for (number, code) in
        [("+15005550001", 21211), ("+15005550003", 21408), ("+15005550004", 21610), ("+15005550009", 21614)]
    {
        world.message(&[("To", number), ("From", FROM), ("Body", BODY)]).await.is_error(400, code);
    }
    for code in [21211, 21408, 21610, 21614_u64] {
        let sample = fixture(&format!("messages-error-{code}"));
        let Fault::Status { http, body, .. } = Fault::twilio(u32::try_from(code).unwrap()) else {
            panic!("{code}")
        };
        assert_eq!((u64::from(http), &body["code"]), (sample["status"].as_u64().unwrap(), &sample["code"]));
        assert_eq!((shape(&body), &body["more_info"]), (shape(&sample), &sample["more_info"]));
    }
    world.message(&[("To", "+15005550031"), ("From", FROM), ("Body", BODY)]).await.is_error(500, 20500);
    assert_eq!(world.messaging().sends().len(), 1);

    let messaging = world.messaging();
    messaging.fail_next(MessagingOp::CreateMessage, Fault::twilio(20429));
    messaging.fail_every(MessagingOp::CreateMessage, 2, Fault::ResetAfterAccept);
    assert_eq!(messaging.faults_waiting(), 1);
    world.message(&form()).await.is_error(429, 20429);
    assert_eq!(world.message(&form()).await.status, 201);
    assert!(world.account(Method::POST, "/Messages.json").form(&form()).send().await.is_err());
    assert_eq!(messaging.sends().len(), 3);
    messaging.fail_numbers("+1202", Fault::twilio(21612));
    messaging.fail_always(MessagingOp::ListMessages, Fault::html_503());
    world.message(&form()).await.is_error(400, 21612);
    assert_eq!(world.listed("/Messages.json").await.status, 503);
    messaging.heal();
    assert_eq!(world.message(&form()).await.status, 201);
    assert_eq!(world.listed("/Messages.json").await.status, 200);
}
