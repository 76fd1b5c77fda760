//! Twilio Programmable Messaging and Voice: our text on the handset, our digits in the ear, and what Twilio is told afterwards.

use std::time::Duration;

use serde_json::json;
use sim::{Channel, Fault, MessagingOp, Sender};

use crate::harness::{Balancer, Kind, Provider, World, status_of, value_of};

async fn with(kind: Kind) -> World {
    World::with(|settings| settings.providers = vec![Provider::new("sms", kind)]).await
}

fn field<'f>(form: &'f [(String, String)], name: &str) -> Option<&'f str> {
    form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_text_says_what_okta_wrote_and_its_use_is_confirmed() {
    let front = Balancer::start().await;
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("sms", Kind::Messaging)];
        settings.public_url = Some(front.url());
    })
    .await;
    let user = world.user("ana");
    let asked = world.ask(&user, Channel::Sms).await;

    let sends = world.sim.messaging().sends();
    let [send] = &sends[..] else { panic!("{sends:?}") };
    let text = format!("Your code is {}", asked.request.code);
    assert_eq!((&send.text, &send.to, send.from.as_str()), (&text, &asked.request.phone, "+15555550199"));
    let inbox = world.sim.handset().inbox(&asked.request.phone);
    assert_eq!((inbox.len(), inbox[0].sender, &inbox[0].text), (1, Sender::TwilioMessaging, &text));
    assert!(send.provide_feedback, "{send:?}");
    assert!(
        (200..=300).contains(&send.validity_period.unwrap()),
        "Okta's codes live for five minutes: {send:?}"
    );
    let id = &asked.row["id"];
    let callback = format!("{}/providers/sms/status?transaction={id}", front.url());
    assert_eq!(send.status_callback.as_ref(), Some(&callback));

    let value = asked.value();
    assert_eq!(
        (&value["status"], &value["provider"], &value["transactionId"]),
        (&json!("SUCCESSFUL"), &json!("sms"), &json!(send.sid))
    );
    assert!(send.sid.starts_with("SM"), "{send:?}");
    let row = &asked.row;
    assert_eq!(
        [&row["status"], &row["provider"], &row["provider_ref"], &row["channel"], &row["failure_class"]],
        ["accepted", "sms", &send.sid, "sms", "NULL"]
    );
    let [attempt] = &asked.attempts[..] else { panic!("{asked:?}") };
    assert_eq!(
        [&attempt["outcome"], &attempt["http_status"], &attempt["provider_code"], &attempt["provider_ref"]],
        ["accepted", "201", "NULL", &send.sid]
    );

    world.type_in(&user, &asked.request.code).await;
    let report = world.report_when(&asked, "done").await;
    assert_eq!(
        [
            &report["result"],
            &report["provider"],
            &report["provider_ref"],
            &report["matched_by"],
            &report["verdict"]
        ],
        ["reported", "sms", &send.sid, "record", "approved"]
    );
    let told = world.sim.messaging().reports();
    assert_eq!((told.len(), told[0].outcome.as_str(), &told[0].target), (1, "confirmed", &send.sid));
    assert_ne!(&world.transaction(&asked.request.event_id).await["verified_at"], "NULL");
    assert_eq!(world.sim.okta().requests(), [], "our own record knows the message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_ours_where_okta_sent_none_through_a_messaging_service() {
    let world = with(Kind::MessagingService).await;
    let user = world.user("ana");
    for (locale, expected) in [
        ("fr-FR", "Votre code de vérification est {code}. Ne le communiquez à personne."),
        ("EN-US", "Your verification code is {code}. Do not share it with anyone."),
        ("xx-YY", "Your verification code is {code}. Do not share it with anyone."),
    ] {
        let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().locale(locale);
        let request = request.expires_in(Duration::from_secs(60));
        let mut body = world.sim.okta().hook_body(&request);
        body["data"]["messageProfile"].as_object_mut().unwrap().remove("msgTemplate");
        let answer = world.sim.okta().fire_body(&body).await.json();
        assert_eq!(value_of(&answer)["status"], "SUCCESSFUL", "{locale}");
        let send = world.sim.messaging().sends().pop().unwrap();
        assert_eq!(send.text, expected.replace("{code}", &request.code), "{locale}");
        assert!((1..=60).contains(&send.validity_period.unwrap()), "no longer than the code: {send:?}");
        assert_eq!(send.status_callback, None, "nobody knows our address");
        let form = world.sim.messaging().requests().pop().unwrap().form();
        let service = &world.sim.messaging().account().messaging_service_sid;
        assert_eq!(
            (field(&form, "MessagingServiceSid"), field(&form, "From")),
            (Some(service.as_str()), None)
        );
    }
    // A messaging service makes no calls.
    let asked = world.ask(&user, Channel::Voice).await;
    assert_eq!((asked.told().as_str(), &asked.row["failure_class"]), ("error", "no_provider"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e6_a_call_says_the_digits_and_takes_no_report() {
    let world = with(Kind::Messaging).await;
    let user = world.user("ana");
    let asked = world.ask(&user, Channel::Voice).await;
    let calls = world.sim.messaging().sends();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    let digits: Vec<String> = asked.request.code.chars().map(String::from).collect();
    let digits = digits.join(", ");
    assert_eq!(call.text.matches(&digits).count(), 3, "digit by digit, three times: {}", call.text);
    let inbox = world.sim.handset().inbox(&asked.request.phone);
    assert_eq!((inbox[0].channel.as_str(), &inbox[0].code), ("call", &asked.request.code));
    assert!(call.sid.starts_with("CA") && asked.value()["transactionId"] == json!(call.sid), "{asked:?}");
    assert_eq!((&asked.row["channel"], &asked.row["provider_ref"]), ("voice", call.sid.as_str()));

    world.type_in(&user, &asked.request.code).await;
    let report = world.report_when(&asked, "skipped").await;
    assert_eq!((&report["result"], &report["provider_ref"]), ("unsupported", call.sid.as_str()));
    assert_eq!(world.sim.messaging().reports(), [], "calls take no feedback");
    assert_ne!(&world.transaction(&asked.request.event_id).await["verified_at"], "NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_says_what_okta_wrote_whatever_is_in_it() {
    let world = with(Kind::Messaging).await;
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Voice).unwrap();
    let mut body = world.sim.okta().hook_body(&request);
    let template = format!("R&D <Say>\"pay\"</Say> ]]> {}", request.code);
    body["data"]["messageProfile"]["msgTemplate"] = json!(template);
    let answer = world.sim.okta().fire_body(&body).await.json();
    assert_eq!(status_of(&answer), "SUCCESSFUL");
    let said = world.sim.messaging().sends().pop().unwrap();
    assert!(said.text.contains("R&D <Say>\"pay\"</Say> ]]>"), "{}", said.text);
    assert_eq!(said.code, request.code);
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_to_c16_what_messages_and_calls_are_refused_with() {
    let world = with(Kind::Messaging).await;
    let failed = json!({ "sid": format!("SM{}", "0".repeat(32)), "status": "failed", "error_code": 30006 });
    for (channel, fault, class, status, answer) in [
        (Channel::Sms, Fault::twilio(21211), "rejected_number", "rejected", "error"),
        (Channel::Sms, Fault::twilio(21610), "rejected_number", "rejected", "error"),
        (Channel::Sms, Fault::twilio(21614), "rejected_number", "rejected", "error"),
        (Channel::Sms, Fault::twilio(21408), "misconfigured", "failed", "error"),
        (Channel::Sms, Fault::twilio(20003), "misconfigured", "failed", "error"),
        (Channel::Sms, Fault::twilio(20500), "ambiguous", "ambiguous", "PENDING"),
        (Channel::Sms, Fault::status(201, failed), "not_sent", "failed", "error"),
        (
            Channel::Sms,
            Fault::junk(201, "text/html", "<html>").after_accept(),
            "ambiguous",
            "ambiguous",
            "PENDING",
        ),
        (Channel::Sms, Fault::Redirect, "misconfigured", "failed", "error"),
        (Channel::Voice, Fault::twilio(21217), "rejected_number", "rejected", "error"),
        (Channel::Voice, Fault::twilio(21215), "misconfigured", "failed", "error"),
        (Channel::Voice, Fault::ResetAfterAccept, "ambiguous", "ambiguous", "PENDING"),
    ] {
        let what = format!("{channel:?} {fault:?}");
        let op = if channel == Channel::Sms { MessagingOp::CreateMessage } else { MessagingOp::CreateCall };
        world.sim.messaging().fail_next(op, fault);
        let asked = world.ask(&world.user("ana"), channel).await;
        assert_eq!(world.sim.messaging().faults_waiting(), 0, "{what}");
        assert_eq!(
            (asked.outcomes(), &asked.row["status"], asked.told().as_str()),
            (vec![class], status, answer),
            "{what}"
        );
        assert_eq!(&asked.row["failure_class"], class, "{what}");
    }
    assert_eq!(world.sim.redirects_followed(), 0);
}
