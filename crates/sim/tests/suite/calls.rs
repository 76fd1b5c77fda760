//! Programmable Voice.

use sim::{MessagingChannel, Sender};

use crate::shape::{fixture, shape};
use crate::world::{ANA, BOB, World};

const FROM: &str = "+15555550199";
const TWIML: &str = "<Response><Say language=\"en-US\">Your R&amp;D code is 0, 1, 2, 3, 4, 5.</Say><Pause length=\"1\"/>\
                     <Say>0, 1, 2, 3, 4, 5</Say></Response>";

fn with(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [("To", ANA), ("From", FROM)].into_iter().chain(extra.iter().copied()).collect()
}

#[tokio::test]
async fn a_call_says_its_code() {
    let world = World::new().await;
    let made = world.call(&with(&[("Twiml", TWIML)])).await;
    let sample = fixture("calls-create");
    assert_eq!((made.status, shape(&made.body)), (201, shape(&sample)));
    for key in ["status", "start_time", "duration", "queue_time", "price_unit", "direction", "from_formatted"]
    {
        assert_eq!(made.body[key], sample[key], "{key}");
    }
    assert_eq!(made.text("to_formatted"), "(202) 555-0101");
    let inbox = world.handset().inbox(ANA);
    assert_eq!((inbox[0].sender, inbox[0].channel.as_str()), (Sender::TwilioMessaging, "call"));
    assert_eq!(inbox[0].text, "Your R&D code is 0, 1, 2, 3, 4, 5. … 0, 1, 2, 3, 4, 5");
    assert_eq!(inbox[0].code, "012345");
    let send = &world.messaging().sends()[0];
    assert_eq!((send.channel, send.sid.as_str()), (MessagingChannel::Call, made.text("sid").as_str()));

    let later = world.listed(&format!("/Calls/{}.json", made.text("sid"))).await.body;
    assert_eq!((&later["status"], &later["duration"]), (&"completed".into(), &"12".into()));
    assert!(later["start_time"].is_string() && later["end_time"].is_string());
}

#[tokio::test]
async fn what_is_refused() {
    let world = World::new().await;
    let long = format!("<Response><Say>{}</Say></Response>", "x".repeat(4000));
    let cases: [(&[(&str, &str)], u64); 14] = [
        (&[("From", FROM), ("Twiml", TWIML)], 21201),
        (&[("To", ANA), ("Twiml", TWIML)], 21213),
        (&[("To", "12025550101"), ("From", FROM), ("Twiml", TWIML)], 21217),
        (&[("To", ANA), ("From", "me"), ("Twiml", TWIML)], 21212),
        (&[("To", ANA), ("From", BOB), ("Twiml", TWIML)], 21210),
        (&with(&[]), 21205),
        (&with(&[("Twiml", "<Response><Say>x</Response>")]), 12100),
        (&with(&[("Twiml", "<Response><Hangup/></Response>")]), 12100),
        (&[("To", ANA), ("From", FROM), ("Twiml", &long)], 20422),
        (&with(&[("Twiml", TWIML), ("Body", "x")]), 20001),
        (&with(&[("Twiml", TWIML), ("StatusCallbackEvent", "sent")]), 20422),
        (&with(&[("Twiml", TWIML), ("Timeout", "601")]), 20422),
        (&with(&[("Twiml", TWIML), ("SendDigits", "123456789012345678901234567890123")]), 20422),
        (&with(&[("Twiml", TWIML), ("MachineDetection", "yes")]), 20422),
    ];
    for (form, code) in cases {
        world.call(form).await.is_error(400, code);
    }
    let refused = world.call(&[("To", "+15005550003"), ("From", FROM), ("Twiml", TWIML)]).await;
    refused.is_error(400, 21215);
    let sample = fixture("calls-error-21215");
    assert_eq!((shape(&refused.body), &refused.body["more_info"]), (shape(&sample), &sample["more_info"]));
    assert_eq!(world.messaging().sends(), []);
    let full = with(&[
        ("Twiml", TWIML),
        ("StatusCallback", "https://byot.example.com/calls"),
        ("StatusCallbackMethod", "POST"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "completed"),
        ("Timeout", "30"),
        ("TimeLimit", "60"),
        ("SendDigits", "ww1"),
        ("MachineDetection", "Enable"),
    ]);
    assert_eq!(world.call(&full).await.status, 201);
}

#[tokio::test]
async fn lists_calls_and_no_messages() {
    let world = World::new().await;
    world.message(&with(&[("Body", "1234")])).await;
    world.call(&with(&[("Twiml", TWIML)])).await;
    world.call(&[("To", BOB), ("From", FROM), ("Twiml", TWIML)]).await;
    let count = async |query: &str| {
        world.listed(&format!("/Calls.json{query}")).await.body["calls"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("?To=%2B12025550101&PageSize=20").await, 1);
    assert_eq!(count("?StartTime%3E=2020-01-01T00:00:00Z").await, 2);
    assert_eq!(count("?StartTime<=2020-01-01").await, 0);
    world.listed("/Calls.json?DateSent=2020-01-01").await.is_error(400, 20001);
}
