//! Bodies that no Okta sends, and some that one day it might.

use serde_json::{Value, json};
use sim::Channel;

use crate::harness::{World, assert_is_error, in_minutes, status_of};

fn hook(world: &World) -> Value {
    let user = world.user("ana");
    let okta = world.sim.okta();
    okta.hook_body(&okta.hook_request(&user.id, Channel::Sms).unwrap())
}

/// The body is answered with an error, nothing is sent, and the service goes on.
async fn refused(world: &World, what: &str, body: impl Into<reqwest::Body>) {
    let reply = world.hook_bytes(body).await;
    assert_eq!(reply.status, 200, "{what}: {reply:?}");
    assert_is_error(&reply.json());
    assert_eq!(world.sim.twilio().requests(), [], "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_what_is_no_hook_is_answered_with_an_error() {
    let world = World::start().await;
    let good = hook(&world).to_string();
    let deep = |open: &str, close: &str| format!("{{\"data\":{}{}}}", open.repeat(5000), close.repeat(5000));
    for (what, body) in [
        ("nothing", String::new()),
        ("blanks", "  \n ".to_owned()),
        ("a word", "hello".to_owned()),
        ("half a hook", good[..good.len() / 2].to_owned()),
        ("two hooks", format!("{good}{good}")),
        ("null", "null".to_owned()),
        ("a list", format!("[{good}]")),
        ("a number", "7".to_owned()),
        ("a text", "\"hook\"".to_owned()),
        ("no data", "{}".to_owned()),
        ("data is null", json!({ "data": null }).to_string()),
        ("no message profile", json!({ "data": { "userProfile": {} } }).to_string()),
        ("a message profile that is a list", json!({ "data": { "messageProfile": [] } }).to_string()),
        ("5,000 lists deep", deep("[", "]")),
        ("5,000 objects deep", deep("{\"data\":", "}").replace("}}", "1}}")),
        ("a lone surrogate", "{\"data\":{\"messageProfile\":\"\\ud800".to_owned()),
        ("trailing comma", "{\"data\":{},}".to_owned()),
        ("NaN", "{\"data\":NaN}".to_owned()),
    ] {
        refused(&world, what, body).await;
    }
    refused(&world, "no UTF-8", vec![b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}']).await;
    refused(&world, "zeroes", vec![0u8; 1000]).await;
    assert!(world.hook(&serde_json::from_str(&good).unwrap()).await.text.contains("SUCCESSFUL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_a_byte_order_mark_does_no_harm() {
    let world = World::start().await;
    let body = format!("\u{feff}{}", hook(&world));
    assert_eq!(status_of(&world.hook_bytes(body).await.json()), "SUCCESSFUL");
}

#[tokio::test(flavor = "multi_thread")]
async fn g10_unknown_fields_of_any_kind_are_passed_over() {
    let world = World::start().await;
    let mut body = hook(&world);
    body["new"] = json!({ "deep": [[[{ "er": null }]]] });
    body["data"]["messageProfile"]["risk"] = json!([1, 2.5, true, "x"]);
    body["data"]["userProfile"]["firstName"] = json!("\u{202e}\u{0}😀 <script>");
    body["eventTypeVersion"] = json!(9);
    assert_eq!(status_of(&world.hook(&body).await.json()), "SUCCESSFUL");
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_almost_nothing_is_needed() {
    let world = World::start().await;
    let message =
        json!({ "phoneNumber": crate::harness::phone(), "otpCode": "4711", "deliveryChannel": "sms" });
    let body = json!({ "data": { "messageProfile": message } });
    // Without an eventId every hook is the first of its kind.
    for sends in 1..=2 {
        assert_eq!(status_of(&world.hook(&body).await.json()), "SUCCESSFUL");
        assert_eq!(world.sim.twilio().sends().len(), sends);
    }
    let rows = world.rows_when("SELECT * FROM otp_transactions", |rows| rows.len() == 2).await;
    assert_eq!(
        (&rows[0]["okta_event_id"], &rows[0]["okta_user_id"], &rows[0]["purpose"]),
        ("NULL", "NULL", "unknown")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_g13_a_missing_or_impossible_number_or_code_is_refused() {
    let world = World::with(|settings| settings.org_more = "default_country = 'US'".to_owned()).await;
    for (field, value, class) in [
        ("phoneNumber", json!(null), "invalid_number"),
        ("phoneNumber", json!(""), "invalid_number"),
        ("phoneNumber", json!(" "), "invalid_number"),
        ("phoneNumber", json!("call me"), "invalid_number"),
        ("phoneNumber", json!("+1555CALLNOW"), "invalid_number"),
        ("phoneNumber", json!("+1"), "invalid_number"),
        ("phoneNumber", json!("+0000000000"), "invalid_number"),
        ("phoneNumber", json!("1".repeat(40)), "invalid_number"),
        ("phoneNumber", json!({ "number": "+15555550101" }), "invalid_number"),
        ("phoneNumber", json!(["+15555550101"]), "invalid_number"),
        ("phoneNumber", json!(1.5), "invalid_number"),
        ("phoneNumber", json!(true), "invalid_number"),
        ("otpCode", json!(null), "invalid_code"),
        ("otpCode", json!(""), "invalid_code"),
        ("otpCode", json!("123"), "invalid_code"),
        ("otpCode", json!("12345678901"), "invalid_code"),
        ("otpCode", json!("12a456"), "invalid_code"),
        ("otpCode", json!("１２３４５６"), "invalid_code"),
        ("otpCode", json!(12.5), "invalid_code"),
        ("otpCode", json!(-12345), "invalid_code"),
        ("otpCode", json!(["123456"]), "invalid_code"),
        ("deliveryChannel", json!(null), "unknown_channel"),
        ("deliveryChannel", json!(""), "unknown_channel"),
        ("deliveryChannel", json!("fax"), "unknown_channel"),
        ("deliveryChannel", json!("WhatsApp"), "unknown_channel"),
        ("deliveryChannel", json!("email"), "unknown_channel"),
        ("deliveryChannel", json!("SMS or voice"), "unknown_channel"),
        ("deliveryChannel", json!(["SMS"]), "unknown_channel"),
        ("deliveryChannel", json!(1), "unknown_channel"),
        ("otpExpires", json!(in_minutes(-1)), "stale"),
        ("otpExpires", json!("2001-01-01T00:00:00Z"), "stale"),
    ] {
        let mut body = hook(&world);
        body["data"]["messageProfile"][field] = value.clone();
        assert_eq!(status_of(&world.hook(&body).await.json()), "error", "{field} {value}");
        let row = world.transaction(body["eventId"].as_str().unwrap()).await;
        assert_eq!((&row["status"], &row["failure_class"]), ("rejected", class), "{field} {value}");
        assert_eq!(&row["answer"], "error");
        assert_eq!(world.attempts(&row).await, []);
        // And one where the field is not there at all.
        let mut body = hook(&world);
        body["data"]["messageProfile"].as_object_mut().unwrap().remove(field);
        let answer = world.hook(&body).await.json();
        assert_eq!(
            status_of(&answer),
            if field == "otpExpires" { "SUCCESSFUL" } else { "error" },
            "no {field}"
        );
    }
    let sent = world.sim.twilio().sends();
    assert_eq!(sent.len(), 2, "only those that named no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn g14_every_spelling_of_the_channel() {
    let world = World::start().await;
    for (spelling, channel) in [
        ("SMS", "sms"),
        ("sms", "sms"),
        (" Sms ", "sms"),
        ("Voice", "call"),
        ("VOICE", "call"),
        ("voice call", "call"),
        ("VOICE CALL", "call"),
        ("Voice_Call", "call"),
        ("CALL", "call"),
        ("call", "call"),
    ] {
        let mut body = hook(&world);
        body["data"]["messageProfile"]["deliveryChannel"] = json!(spelling);
        assert_eq!(status_of(&world.hook(&body).await.json()), "SUCCESSFUL", "{spelling}");
        assert_eq!(world.sim.twilio().sends().last().unwrap().channel.as_str(), channel, "{spelling}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_numbers_are_sent_in_e164_only() {
    let world = World::with(|settings| settings.org_more = "default_country = 'GB'".to_owned()).await;
    for (written, sent) in [
        ("+1 (555) 555-0199", "+15555550199"),
        ("0015555550198", "+15555550198"),
        ("+1-555-555-0197", "+15555550197"),
        ("＋１５５５５５５０１９６", "+15555550196"),
        ("\u{202a}+15555550195\u{202c}", "+15555550195"),
        ("020 7946 0958", "+442079460958"),
        ("+15555550194;ext=12", "+15555550194"),
        ("+15555550193 x12", "+15555550193"),
    ] {
        let mut body = hook(&world);
        body["data"]["messageProfile"]["phoneNumber"] = json!(written);
        assert_eq!(status_of(&world.hook(&body).await.json()), "SUCCESSFUL", "{written}");
        assert_eq!(world.sim.twilio().sends().last().unwrap().to, sent, "{written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g5_a_code_that_has_just_expired_is_not_sent() {
    let world = World::start().await;
    let user = world.user("ana");
    let stale = std::time::Duration::ZERO;
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().expires_in(stale);
    let result = world.sim.okta().fire_hook(&request).await;
    assert_eq!(status_of(&result.json()), "error");
    assert_eq!(&world.transaction(&request.event_id).await["failure_class"], "stale");
    assert_eq!(world.sim.twilio().requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_of_two_fields_with_one_name_nothing_bad_comes() {
    let world = World::start().await;
    let body = hook(&world).to_string();
    // Either is a fair reading; two sends or a crash are not.
    let twice = body.replacen("\"otpCode\":", "\"otpCode\":\"0000\",\"otpCode\":", 1);
    assert_ne!(twice, body);
    let reply = world.hook_bytes(twice).await;
    assert_eq!(reply.status, 200);
    status_of(&reply.json());
    assert!(world.sim.twilio().sends().len() <= 1);
}
