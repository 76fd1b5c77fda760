//! The truth ledger.

use reqwest::Method;
use serde_json::Value;
use sim::{Channel, Fault, Options, User, VerifyOp};

use crate::receiver::{Receiver, Say};
use crate::shape::fixture;
use crate::world::{ANA, World, answer};

#[tokio::test]
async fn every_fact_is_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("truth.jsonl");
    std::fs::write(&path, "{\"fact\":\"earlier\"}\n").unwrap();
    let receiver = Receiver::saying([Say::status("SUCCESSFUL")]).await;
    let world = World::with(Options { ledger: Some(path.clone()), ..Options::default() }).await;
    world.okta().point_at(&receiver.url, &receiver.url);
    world.okta().add_user(User::new("00uana", "ana.fake@example.com").phone(ANA));

    let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
    world.twilio().fail_next(VerifyOp::Create, Fault::twilio(20500));
    world.start(ANA, "sms", login.code()).await.is_error(500, 20500);
    world.twilio().fail_next(VerifyOp::Create, Fault::twilio(20500).after_accept());
    world.start(ANA, "sms", login.code()).await.is_error(500, 20500);
    world.update(ANA, "approved").await;
    world.okta().enter_code("00uana", login.code()).await.unwrap();
    world.okta().flush_events().await.unwrap();
    assert_eq!(world.ledger_failures(), 0);

    let lines = std::fs::read_to_string(&path).unwrap();
    let facts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = facts.iter().map(|it| it["fact"].as_str().unwrap()).collect();
    assert_eq!(names, ["earlier", "hook", "send", "report", "code_entered", "events"]);
    let [_, hook, send, report, entered, events] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((&hook["code"], &hook["result"]["okta_says"]["says"]), (&login.code().into(), &"sent".into()));
    assert_eq!((&send["to"], &send["code"]), (&ANA.into(), &login.code().into()));
    assert_eq!((&report["target"], &report["http_status"]), (&ANA.into(), &200.into()));
    assert_eq!(report["verification_sid"], send["verification_sid"]);
    assert_eq!(entered["check"]["result"], "accepted");
    assert_eq!((events["uuids"].as_array().unwrap().len(), &events["received"]), (1, &true.into()));
    assert!(facts[1..].iter().all(|it| it["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok()));
}

#[tokio::test]
async fn the_other_vendors_have_facts_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("truth.jsonl");
    let receiver = Receiver::saying([Say::status("SUCCESSFUL")]).await;
    let world = World::with(Options { ledger: Some(path.clone()), ..Options::default() }).await;
    let callback = ("StatusCallback", receiver.url.as_str());
    let form =
        [("To", ANA), ("From", "+15555550199"), ("Body", "1234"), ("ProvideFeedback", "true"), callback];
    let sid = world.message(&form).await.text("sid");
    world.messaging().deliver_status(&sid, "delivered", None).await.unwrap();
    let feedback = world.account(Method::POST, &format!("/Messages/{sid}/Feedback.json"));
    answer(feedback.form(&[("Outcome", "confirmed")])).await;
    world.omnichannel(&fixture("telesign-omnichannel-request-sms")).await;
    answer(world.telesign_request(Method::PUT, "/v1/verify/completion/X")).await;
    for path in ["/webhook/send", "/webhook/report"] {
        answer(world.request(Method::POST, path).body("")).await;
    }
    let lines = std::fs::read_to_string(&path).unwrap();
    let facts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = facts.iter().map(|it| (it["fact"].as_str().unwrap(), it["provider"].as_str().unwrap()));
    let told: Vec<_> = told.collect();
    let expected = [
        ("message_send", "twilio_messaging"),
        ("callback", "twilio_messaging"),
        ("message_report", "twilio_messaging"),
        ("telesign_send", "telesign"),
        ("telesign_report", "telesign"),
        ("webhook_send", "webhook"),
        ("webhook_report", "webhook"),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        (&facts[0]["to"], &facts[0]["code"], &facts[2]["message_sid"]),
        (&ANA.into(), &"1234".into(), &sid.into())
    );
}

#[tokio::test]
async fn a_ledger_that_cannot_be_opened_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { ledger: Some(dir.path().to_owned()), ..Options::default() };
    assert!(sim::Sim::start(options).await.is_err());
}
