//! The life of a verification.

use std::time::Duration;

use reqwest::Method;
use sim::{ResendDelivers, VerificationStatus, VerifyChannel};

use crate::shape::{fixture, shape};
use crate::world::{ANA, BOB, World, answer};

#[tokio::test]
async fn answers_have_the_keys_of_the_samples() {
    let world = World::new().await;
    let first = world.start(ANA, "sms", "123456").await;
    assert_eq!(first.status, 201);
    assert_eq!(shape(&first.body), shape(&fixture("verify-create-sms")));
    assert_eq!(first.body["send_code_attempts"][0]["channel"], "SMS");
    assert_eq!((&first.body["valid"], &first.body["status"]), (&false.into(), &"pending".into()));
    assert_eq!(shape(&world.fetch(ANA).await.body), shape(&fixture("verify-fetch-pending")));

    let second = world.start(ANA, "call", "123456").await;
    let sample = fixture("verify-create-call-after-sms");
    assert_eq!(shape(&second.body), shape(&sample));
    assert_eq!(second.body["channel"], sample["channel"]);
    assert_eq!(second.body["send_code_attempts"][1]["channel"], "CALL");
    assert_eq!(second.body["sid"], first.body["sid"]);

    let approved = world.update(ANA, "approved").await;
    assert_eq!(approved.status, 200);
    assert_eq!(shape(&approved.body), shape(&fixture("verify-update-approved")));
    assert_eq!((&approved.body["valid"], &approved.body["status"]), (&true.into(), &"approved".into()));

    world.start(BOB, "sms", "654321").await;
    let canceled = world.update(BOB, "canceled").await;
    assert_eq!(shape(&canceled.body), shape(&fixture("verify-update-canceled")));
    assert_eq!((&canceled.body["valid"], &canceled.body["status"]), (&false.into(), &"canceled".into()));

    world.start(BOB, "sms", "654321").await;
    let checked = world.check(BOB, "654321").await;
    assert_eq!(shape(&checked.body), shape(&fixture("verify-check-approved")));
    assert_eq!(checked.body["status"], "approved");

    world.twilio().configure(|it| it.lookup_enabled = true);
    let with_lookup = world.start(BOB, "sms", "654321").await;
    assert_eq!(shape(&with_lookup.body), shape(&fixture("verify-create-sms-lookup-enabled")));
}

#[tokio::test]
async fn one_verification_per_number_with_growing_attempts() {
    let world = World::new().await;
    let first = world.start(ANA, "sms", "111111").await;
    let second = world.start(ANA, "sms", "222222").await;
    let other = world.start(BOB, "sms", "333333").await;
    assert_eq!(first.body["sid"], second.body["sid"]);
    assert_ne!(first.body["sid"], other.body["sid"]);
    let attempts = second.body["send_code_attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0], first.body["send_code_attempts"][0]);
    assert_ne!(attempts[0]["attempt_sid"], attempts[1]["attempt_sid"]);

    let sends = world.twilio().sends();
    let sent: Vec<_> = sends.iter().map(|it| (it.to.as_str(), it.channel, it.code.as_str())).collect();
    let sms = VerifyChannel::Sms;
    assert_eq!(sent, [(ANA, sms, "111111"), (ANA, sms, "222222"), (BOB, sms, "333333")]);
    assert_eq!(sends[1].attempt_sid, attempts[1]["attempt_sid"].as_str().unwrap());
    assert_eq!(sends[1].verification_sid, second.text("sid"));
}

#[tokio::test]
async fn the_sixth_send_is_refused_until_the_verification_ends() {
    let world = World::new().await;
    for end in ["approved", "canceled", "window"] {
        for n in 1..=5 {
            let sent = world.start(ANA, "sms", "123456").await;
            assert_eq!(sent.body["send_code_attempts"].as_array().unwrap().len(), n, "before {end}");
        }
        world.start(ANA, "call", "123456").await.is_error(429, 60203);
        let sid = world.fetch(ANA).await.text("sid");
        if end == "window" {
            world.clock().advance(Duration::from_secs(600));
        } else {
            assert_eq!(world.update(ANA, end).await.text("sid"), sid);
        }
        let fresh = world.start(ANA, "sms", "123456").await;
        assert_eq!(fresh.status, 201);
        assert_ne!(fresh.text("sid"), sid);
        world.update(ANA, "canceled").await;
    }
    assert_eq!(world.twilio().sends().len(), 18);
}

#[tokio::test]
async fn by_sid_by_phone_raw_and_escaped() {
    let world = World::new().await;
    let sid = world.start(ANA, "sms", "123456").await.text("sid");
    let escaped = ANA.replace('+', "%2B");
    for target in [sid.as_str(), ANA, &escaped] {
        assert_eq!(world.fetch(target).await.text("sid"), sid, "{target}");
    }
    assert_eq!(world.update(&escaped, "approved").await.text("sid"), sid);
    assert!(world.twilio().approved(&sid));
    assert!(world.twilio().approved(ANA));
}

#[tokio::test]
async fn what_ended_is_not_found_except_canceled() {
    let world = World::new().await;
    let approved = world.start(ANA, "sms", "123456").await.text("sid");
    world.update(&approved, "approved").await;
    let expired = world.start(BOB, "sms", "123456").await.text("sid");
    world.clock().advance(Duration::from_millis(599_000));
    assert_eq!(world.fetch(&expired).await.status, 200);
    world.clock().advance(Duration::from_millis(1_000));
    for (sid, phone) in [(&approved, ANA), (&expired, BOB)] {
        for target in [sid.as_str(), phone] {
            world.fetch(target).await.is_error(404, 20404);
            world.update(target, "approved").await.is_error(404, 20404);
        }
        world.check(phone, "123456").await.is_error(404, 20404);
    }
    assert_eq!(world.twilio().verification(&expired).unwrap().status, VerificationStatus::Expired);
    assert!(!world.twilio().approved(&expired));

    let canceled = world.start(ANA, "sms", "123456").await.text("sid");
    world.update(&canceled, "canceled").await;
    assert_eq!(world.fetch(&canceled).await.text("status"), "canceled");
    world.check(ANA, "123456").await.is_error(404, 20404);

    let reports = world.twilio().reports();
    let told: Vec<_> = reports.iter().map(|it| (it.http_status, it.status.as_str())).collect();
    let not_found = (404, "approved");
    assert_eq!(told, [(200, "approved"), not_found, not_found, not_found, not_found, (200, "canceled")]);
    assert_eq!(reports[0].verification_sid.as_deref(), Some(approved.as_str()));
    assert_eq!(
        (reports[1].verification_sid.as_deref(), reports[1].target.as_str()),
        (None, approved.as_str())
    );
}

#[tokio::test]
async fn the_window_is_a_setting() {
    let world = World::new().await;
    world.twilio().configure(|it| it.window = Duration::from_secs(120));
    world.start(ANA, "sms", "123456").await;
    world.clock().advance(Duration::from_secs(119));
    assert_eq!(world.fetch(ANA).await.status, 200);
    world.clock().advance(Duration::from_secs(1));
    world.fetch(ANA).await.is_error(404, 20404);
}

#[tokio::test]
async fn five_wrong_checks_are_the_limit() {
    let world = World::new().await;
    let sid = world.start(ANA, "sms", "123456").await.text("sid");
    for _ in 0..5 {
        let wrong = world.check(ANA, "000000").await;
        assert_eq!((wrong.status, &wrong.body["valid"]), (201, &false.into()));
        assert_eq!(wrong.body["status"], "pending");
    }
    world.check(ANA, "123456").await.is_error(429, 60202);
    world.check(ANA, "123456").await.is_error(429, 60202);
    world.fetch(&sid).await.is_error(404, 20404);
    assert_eq!(world.twilio().verification(&sid).unwrap().status, VerificationStatus::MaxAttemptsReached);
}

#[tokio::test]
async fn either_code_may_be_delivered_by_a_resend() {
    let world = World::new().await;
    for (setting, delivered) in [(ResendDelivers::NewCode, "222222"), (ResendDelivers::OldCode, "111111")] {
        world.twilio().configure(|it| it.resend_delivers = setting);
        world.start(ANA, "sms", "111111").await;
        world.start(ANA, "sms", "222222").await;
        assert_eq!(world.twilio().sends().last().unwrap().code, delivered);
        assert_eq!(world.handset().latest_code(ANA).as_deref(), Some(delivered));
        assert_eq!(world.check(ANA, delivered).await.text("status"), "approved");
    }
}

#[tokio::test]
async fn verify_makes_its_own_code_if_none_is_given() {
    let world = World::new().await;
    world.create(&[("To", ANA), ("Channel", "sms")]).await;
    world.create(&[("To", ANA), ("Channel", "sms")]).await;
    let sends = world.twilio().sends();
    assert_eq!((sends.len(), sends[0].code.len()), (2, 6));
    assert_eq!(sends[0].code, sends[1].code, "the token stays the same");
}

#[tokio::test]
async fn the_handset_gets_every_accepted_send() {
    let world = World::new().await;
    let waiting = world.handset().clone();
    let waiting = tokio::spawn(async move { waiting.wait_for(ANA, 2, Duration::from_secs(20)).await });
    world.start(ANA, "sms", "012345").await;
    world.start(ANA, "call", "012345").await;
    world.start("12025550101", "sms", "999999").await.is_error(400, 60200);
    let inbox = waiting.await.unwrap().unwrap();
    assert_eq!(inbox.len(), 2);
    assert_eq!((inbox[0].channel.as_str(), inbox[1].channel.as_str()), ("sms", "call"));
    assert!(inbox[0].text.contains("012345"), "{}", inbox[0].text);
    assert!(inbox[1].text.contains("0, 1, 2, 3, 4, 5"), "{}", inbox[1].text);
    assert_eq!(world.handset().latest_code(ANA).as_deref(), Some("012345"));
    assert_eq!(world.handset().inbox(BOB), []);
    assert_eq!(world.handset().wait_for(BOB, 1, Duration::ZERO).await, None);
}

#[tokio::test]
async fn the_service_shows_its_flags() {
    let world = World::new().await;
    world.twilio().configure(|it| it.custom_code_enabled = false);
    let service = answer(world.verify(Method::GET, "")).await;
    assert_eq!(service.status, 200);
    assert_eq!(service.text("sid"), world.twilio().account().service_sid);
    for (flag, value) in
        [("custom_code_enabled", false), ("lookup_enabled", false), ("dtmf_input_required", false)]
    {
        assert_eq!(service.body[flag], value, "{flag}");
    }
    for key in ["skip_sms_to_landlines", "do_not_share_warning_enabled", "verify_event_subscription_enabled"]
    {
        assert!(service.body[key].is_boolean(), "{key}");
    }
    for key in ["tts_name", "default_template_sid", "code_length", "friendly_name", "links", "url"] {
        assert!(service.body.get(key).is_some(), "{key}");
    }
}
