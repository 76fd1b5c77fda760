use okta::{EventDelivery, NotJson, Parsed, Unreadable};
use otp::Channel::{Sms, Voice};
use otp::Factor::{Other, Phone, PhoneUnknownChannel};
use otp::Reading::{CodeAccepted, Nothing, PhoneEnrolled};
use otp::{OktaEvent, OrgName, SendEventKind, SendOutcome};
use serde_json::{Value, json};

use crate::samples::{DELIVERIES, of};

const ANA: Option<&str> = Some("00uFAKEana000000001a7");
const BOB: Option<&str> = Some("00uFAKEbob000000002b7");

fn org() -> OrgName {
    OrgName::new("main").unwrap()
}

fn parse(body: &str) -> EventDelivery {
    EventDelivery::parse(body.as_bytes(), &org()).unwrap()
}

/// The only event of a delivery that holds `event`.
fn read(event: &Value) -> OktaEvent {
    let body = json!({ "data": { "events": [event] } });
    match parse(&body.to_string()).events.pop() {
        Some(Parsed::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

/// The event of the plainest sample, changed.
fn changed(change: impl FnOnce(&mut Value)) -> OktaEvent {
    let mut delivery: Value = serde_json::from_str(of(&DELIVERIES, "single-sms-success")).unwrap();
    let mut event = delivery["data"]["events"][0].take();
    change(&mut event);
    read(&event)
}

#[test]
fn every_sample_is_read() {
    let sms = (Phone(Sms), CodeAccepted);
    let voice = (Phone(Voice), CodeAccepted);
    for (name, expected) in [
        ("single-sms-success", &[(ANA, sms.0, sms.1)][..]),
        ("single-call-success", &[(BOB, voice.0, voice.1)]),
        ("recovery-sms-success", &[(ANA, sms.0, sms.1)]),
        (
            "enroll-sms-then-two-activates",
            &[(ANA, Phone(Sms), PhoneEnrolled), (ANA, Phone(Voice), PhoneEnrolled)],
        ),
        (
            "batch-mixed-factors",
            &[
                (ANA, Other, Nothing),
                (ANA, sms.0, sms.1),
                (BOB, Other, Nothing),
                (BOB, voice.0, voice.1),
                (BOB, Phone(Sms), Nothing),
                // An admin enrolled that one.
                (BOB, Phone(Sms), PhoneEnrolled),
            ],
        ),
        (
            "failures-only",
            &[(ANA, Phone(Sms), Nothing), (BOB, Phone(Voice), Nothing), (ANA, Phone(Sms), Nothing)],
        ),
        (
            "degenerate-events",
            &[
                (ANA, Phone(Sms), CodeAccepted),
                (ANA, Phone(Sms), Nothing),
                (BOB, Other, Nothing),
                (BOB, Phone(Sms), CodeAccepted),
                (ANA, PhoneUnknownChannel, PhoneEnrolled),
                (ANA, Phone(Sms), CodeAccepted),
            ],
        ),
        ("duplicate-delivery-1", &[(ANA, sms.0, sms.1)]),
        ("duplicate-delivery-2-same-eventId", &[(ANA, sms.0, sms.1)]),
        ("duplicate-delivery-3-new-eventId-same-uuid", &[(ANA, sms.0, sms.1)]),
        ("empty-events", &[]),
    ] {
        let delivery = parse(of(&DELIVERIES, name));
        assert!(delivery.event_id.is_some(), "{name}");
        assert_eq!(delivery.events.len(), expected.len(), "{name}");
        for (n, (parsed, (user, factor, reading))) in delivery.events.iter().zip(expected).enumerate() {
            let Parsed::Event(event) = parsed else { panic!("{name}: {parsed:?}") };
            assert_eq!(event.okta_user_id.as_deref(), *user, "{name} {n}");
            assert_eq!((event.factor, event.reading), (*factor, *reading), "{name} {n}");
            assert_eq!(event.id.org, org());
            assert!(event.id.uuid.ends_with("-c5f9-11f1-8d3b-fa4e00000000"), "{name} {n}");
            assert!(event.published_at.is_some(), "{name} {n}");
        }
    }
}

#[test]
fn g10_other_types_are_named_and_dropped() {
    let other = Parsed::OtherType("user.mfa.factor.deactivate".to_owned());
    assert_eq!(parse(of(&DELIVERIES, "factor-deactivate")).events, [other]);
    let long = json!({ "data": { "events": [{ "eventType": format!("x\u{0}{}", "y".repeat(999)) }] } });
    let expected = Parsed::OtherType(format!("x{}", "y".repeat(254)));
    assert_eq!(parse(&long.to_string()).events, [expected]);
}

#[test]
fn what_okta_says_of_sends_is_read() {
    let [Parsed::Send(failed)] = &parse(of(&DELIVERIES, "inline-hook-executed-failure")).events[..] else {
        panic!("one event about a send")
    };
    assert_eq!((failed.kind, failed.outcome), (SendEventKind::HookFailed, SendOutcome::Failed));
    assert_eq!(failed.reason.as_deref(), Some("Callback timeout"));
    assert_eq!((failed.okta_user_id.as_deref(), failed.channel), (None, None));
    assert_eq!(failed.id.uuid, "0000001a-c5f9-11f1-8d3b-fa4e00000000");
    // The first of the three was sent by the hook: nothing new.
    let delivery = parse(of(&DELIVERIES, "phone-verification-oie-classic-deny"));
    let sent_by_hook = Parsed::OtherType("system.sms.send_phone_verification_message".to_owned());
    let [first, Parsed::Send(classic), Parsed::Send(denied)] = &delivery.events[..] else {
        panic!("{delivery:?}")
    };
    assert_eq!(*first, sent_by_hook);
    for event in [classic, denied] {
        assert_eq!((event.kind, event.channel), (SendEventKind::Send, Some(Sms)));
        assert_eq!((event.okta_user_id.as_deref(), event.sent_by), (ANA, None));
        assert_eq!(event.country.as_ref().map(|it| it.as_str()), Some("US"));
        assert_eq!(event.phone_prefix.as_deref(), Some("+1555555"));
    }
    assert_eq!((classic.outcome, denied.outcome), (SendOutcome::Sent, SendOutcome::Denied));
    assert!(!format!("{delivery:?}").contains("5550101"), "{delivery:?}");
}

#[test]
fn g6_the_same_event_is_known_again_in_another_delivery() {
    let [one, two, three] = ["delivery-1", "delivery-2-same-eventId", "delivery-3-new-eventId-same-uuid"]
        .map(|name| parse(of(&DELIVERIES, name)));
    assert_eq!(one, two);
    assert_eq!(one.events, three.events);
    assert_ne!(one.event_id, three.event_id);
}

#[test]
fn g9_what_is_no_delivery_says_where_and_never_what() {
    for (body, error) in [
        ("", Unreadable::NotJson(NotJson { line: 1, column: 0 })),
        ("{\"data\": +15555550101}", Unreadable::NotJson(NotJson { line: 1, column: 10 })),
        ("[]", Unreadable::NotObject),
        ("\"+15555550101\"", Unreadable::NotObject),
        ("{}", Unreadable::NoEvents),
        (r#"{"data":null}"#, Unreadable::NoEvents),
        (r#"{"data":{"events":null}}"#, Unreadable::NoEvents),
        (r#"{"data":{"events":{"eventType":"x"}}}"#, Unreadable::NoEvents),
    ] {
        let found = EventDelivery::parse(body.as_bytes(), &org()).unwrap_err();
        assert_eq!(found, error, "{body}");
        assert!(!format!("{found} {found:?}").contains("555"));
    }
    let deep = format!(r#"{{"data":{{"events":[]}},"x":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    assert!(matches!(EventDelivery::parse(deep.as_bytes(), &org()), Err(Unreadable::NotJson(_))));
}

#[test]
fn g9_one_bad_event_does_not_stand_in_the_way_of_the_others() {
    let good: Value = serde_json::from_str(of(&DELIVERIES, "single-sms-success")).unwrap();
    let good = &good["data"]["events"][0];
    let body = json!({ "data": { "events": [null, 7, "x", [], {}, { "eventType": null }, { "eventType": " " }, good] } });
    let events = parse(&format!("\u{feff}{body}")).events;
    assert!(events[..7].iter().all(|e| matches!(e, Parsed::Unreadable { .. })), "{events:?}");
    assert!(matches!(&events[7], Parsed::Event(event) if event.reading == CodeAccepted));
}

#[test]
fn the_user_is_the_target_and_else_the_actor() {
    let target = |id: &str| json!([{ "type": "AuthenticatorEnrollment", "displayName": "Phone" }, { "type": "User", "id": id }]);
    for (change, user) in [
        (json!({ "target": target("00uTarget") }), Some("00uTarget")),
        (json!({ "target": target("unknown") }), ANA),
        (json!({ "target": target("") }), ANA),
        (json!({ "target": target("two words") }), ANA),
        (json!({ "target": [{ "type": "User" }, { "type": "User", "id": "00uSecond" }] }), Some("00uSecond")),
        (json!({ "target": null }), ANA),
        (json!({ "target": null, "actor": null }), None),
        (json!({ "target": [], "actor": { "type": "SystemPrincipal", "id": "okta.x" } }), None),
        (json!({ "target": [], "actor": { "type": "User", "id": "unknown" } }), None),
    ] {
        let event =
            changed(|event| event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone()));
        assert_eq!(event.okta_user_id.as_deref(), user, "{change}");
        assert_eq!(event.reading, if user.is_some() { CodeAccepted } else { Nothing }, "{change}");
    }
}

#[test]
fn only_a_success_asks_for_anything() {
    for (outcome, reading) in [
        (json!({ "result": "SUCCESS" }), CodeAccepted),
        (json!({ "result": "Success" }), CodeAccepted),
        (json!({ "result": "FAILURE" }), Nothing),
        (json!({ "result": "ALLOW" }), Nothing),
        (json!({ "result": "SUCCESSFUL" }), Nothing),
        (json!({ "result": null }), Nothing),
        (json!({}), Nothing),
        (json!("SUCCESS"), Nothing),
        (json!(null), Nothing),
    ] {
        assert_eq!(changed(|event| event["outcome"] = outcome.clone()).reading, reading, "{outcome}");
    }
}

#[test]
fn an_event_without_a_uuid_is_known_by_its_content() {
    let uuid = |value: Value| changed(|event| event["uuid"] = value).id.uuid;
    let digest = uuid(json!(null));
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    assert_eq!(uuid(json!(null)), digest);
    for odd in [json!(""), json!("x".repeat(256)), json!("a\u{0}b"), json!({})] {
        assert!(uuid(odd.clone()).starts_with("sha256:"), "{odd}");
    }
    assert_eq!(uuid(json!("x".repeat(255))), "x".repeat(255));
    let spelt_otherwise = r#"{"data":{"events":[{"a":1,"eventType":"user.mfa.factor.activate"}]}}"#;
    let spelt = "{\"data\":{\"events\":[ {\"eventType\": \"user.mfa.factor.\\u0061ctivate\", \"a\": 1} ]}}";
    assert_eq!(parse(spelt).events, parse(spelt_otherwise).events);
    assert_ne!(changed(|e| (e["uuid"], e["published"]) = (json!(null), json!("x"))).id.uuid, digest);
}

#[test]
fn g12_what_gets_into_the_books_is_bounded_and_holds_no_number() {
    let reason = format!("code\u{0} 482-913\nfor +1 (555) 555-0101\u{202e} {}", "é".repeat(999));
    let event = changed(|event| event["outcome"] = json!({ "result": "x".repeat(999), "reason": reason }));
    let reason = event.reason.unwrap();
    assert!(reason.starts_with("code # for +# éé") || reason.starts_with("code #for +# éé"), "{reason}");
    assert_eq!(reason.chars().count(), 255);
    assert_eq!(event.result.unwrap().len(), 255);
    let published = |value: Value| changed(|event| event["published"] = value).published_at;
    assert_eq!(published(json!("2026-11-20T10:16:02.512Z")), "2026-11-20T10:16:02.512Z".parse().ok());
    assert_eq!(published(json!("2026-11-20T11:16:02.512+01:00")), "2026-11-20T10:16:02.512Z".parse().ok());
    for odd in [json!("yesterday"), json!(5), json!(null), json!("9999999-01-01T00:00:00Z")] {
        assert_eq!(published(odd), None);
    }
}

#[test]
fn g21_a_thousand_events_are_one_delivery() {
    let sample: Value = serde_json::from_str(of(&DELIVERIES, "single-sms-success")).unwrap();
    let event = |n: usize| {
        let mut event = sample["data"]["events"][0].clone();
        event["uuid"] = json!(format!("u{n}"));
        event
    };
    let body = json!({ "data": { "events": (0..1_000).map(event).collect::<Vec<_>>() } }).to_string();
    let events = parse(&body).events;
    assert_eq!(events.len(), 1_000);
    for (n, event) in events.iter().enumerate() {
        assert!(
            matches!(event, Parsed::Event(e) if e.id.uuid == format!("u{n}") && e.reading == CodeAccepted)
        );
    }
}

#[test]
fn who_enrolled_a_phone_is_told() {
    let (user, admin) = (json!({ "id": ANA, "type": "User" }), json!({ "id": "00uadmin", "type": "User" }));
    let app = json!({ "id": "0oa1", "type": "PublicClientApp" });
    for (actor, by_other) in [(&user, false), (&Value::Null, false), (&admin, true), (&app, true)] {
        let event = changed(|event| {
            event["eventType"] = json!("user.mfa.factor.activate");
            event["outcome"] = json!({ "result": "SUCCESS", "reason": "User set up SMS_FACTOR factor" });
            event["actor"] = actor.clone();
        });
        assert_eq!((event.reading, event.by_other), (PhoneEnrolled, by_other), "{actor}");
    }
    // Who entered a code has entered it, whatever the actor is called.
    let login = changed(|event| event["actor"] = admin.clone());
    assert_eq!((login.reading, login.by_other), (CodeAccepted, true));
}
