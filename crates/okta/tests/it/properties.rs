use okta::{EventDelivery, TelephonyHook};
use otp::OrgName;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::samples::{DELIVERIES, HOOKS};

fn org() -> OrgName {
    OrgName::new("main").unwrap()
}

/// A value with everything in it that a reading uses, secrets too.
fn hook_reading(body: &[u8]) -> String {
    let Ok(hook) = TelephonyHook::parse(body) else { return "none".to_owned() };
    let us = "us".parse().unwrap();
    let phone = hook.phone.as_ref().and_then(|p| p.read(Some(&us)).ok());
    let phone = phone.as_ref().map(otp::PhoneNumber::expose_e164);
    format!("{hook:?} {phone:?} {:?}", hook.passcode.as_ref().map(otp::Passcode::expose))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("SMS_FACTOR")),
        Just(json!("SUCCESS")),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,8}", inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every object in `value`, itself first.
fn objects<'a>(value: &'a mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visit(members);
            members.values_mut().for_each(|v| objects(v, visit));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|v: &'a mut Value| objects(v, visit)),
        _ => {}
    }
}

/// `body` with fields that nobody knows in some of its objects.
fn with_fields(body: &str, fields: &[(String, Value, Index)]) -> String {
    let mut value: Value = serde_json::from_str(body).unwrap();
    let mut count = 0;
    objects(&mut value, &mut |_| count += 1);
    for (name, extra, at) in fields {
        let (at, mut n) = (at.index(count), 0);
        objects(&mut value, &mut |members| {
            if n == at {
                members.insert(format!("x-{name}"), extra.clone());
            }
            n += 1;
        });
    }
    value.to_string()
}

fn damaged(body: &str, damage: &[(Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for (at, what, byte) in damage {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match what % 4 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => _ = bytes.remove(at),
            _ => bytes.truncate(at + 1),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn g9_no_bytes_panic(body in vec(any::<u8>(), 0..512)) {
        let _ = TelephonyHook::parse(&body);
        let _ = EventDelivery::parse(&body, &org());
    }

    #[test]
    fn g9_no_json_panics(profile in any_json(), data in any_json(), event in any_json(), parts in vec(any_json(), 4)) {
        let hook = json!({ "eventId": data, "data": { "messageProfile": profile, "userProfile": data } });
        let _ = TelephonyHook::parse(hook.to_string().as_bytes());
        let event_type = json!("user.authentication.auth_via_mfa");
        let full = json!({ "eventType": event_type, "actor": parts[0], "target": parts[1], "outcome": parts[2],
            "debugContext": { "debugData": parts[3] } });
        let named = json!({ "eventType": event_type, "uuid": parts[0], "published": parts[1],
            "outcome": { "reason": parts[2], "result": parts[3] }, "debugContext": { "debugData": { "factor": parts[0] } },
            "target": [{ "type": "AuthenticatorEnrollment", "displayName": parts[1], "detailEntry": parts[2] }] });
        let delivery = json!({ "data": { "events": [event, full, named] } });
        let delivery = EventDelivery::parse(delivery.to_string().as_bytes(), &org()).unwrap();
        prop_assert_eq!(delivery.events.len(), 3);
    }

    #[test]
    fn g9_no_damaged_sample_panics(
        hook in any::<Index>(),
        delivery in any::<Index>(),
        damage in vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..6),
    ) {
        let _ = TelephonyHook::parse(&damaged(hook.get(&HOOKS).1, &damage));
        let _ = EventDelivery::parse(&damaged(delivery.get(&DELIVERIES).1, &damage), &org());
    }

    #[test]
    fn g10_unknown_fields_change_no_reading(
        hook in any::<Index>(),
        delivery in any::<Index>(),
        fields in vec((".{0,8}", any_json(), any::<Index>()), 1..6),
    ) {
        let hook = hook.get(&HOOKS).1;
        prop_assert_eq!(hook_reading(with_fields(hook, &fields).as_bytes()), hook_reading(hook.as_bytes()));
        let delivery = delivery.get(&DELIVERIES).1;
        prop_assert_eq!(
            EventDelivery::parse(with_fields(delivery, &fields).as_bytes(), &org()),
            EventDelivery::parse(delivery.as_bytes(), &org())
        );
    }
}
