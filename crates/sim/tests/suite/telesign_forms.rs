//! Telesign's older products, and completions.

use reqwest::Method;
use sim::TelesignProduct;

use crate::shape::{fixture, shape};
use crate::world::{Answer, World, answer};

const PHONE: &str = "15555550100";

async fn post(world: &World, path: &str, form: &[(&str, &str)]) -> Answer {
    answer(world.telesign_request(Method::POST, path).form(form)).await
}

async fn complete(world: &World, reference: &str) -> Answer {
    answer(world.telesign_request(Method::PUT, &format!("/v1/verify/completion/{reference}"))).await
}

#[tokio::test]
async fn an_own_code_and_its_completion() {
    let world = World::new().await;
    let form = [
        ("phone_number", PHONE),
        ("verify_code", "01234"),
        ("template", "Use $$CODE$$ now"),
        ("language", "en-US"),
        ("ucid", "ATCK"),
        ("is_primary", "false"),
        ("originating_ip", "203.0.113.1"),
    ];
    let sent = post(&world, "/v1/verify/sms", &form).await;
    sent.is_telesign(200, 290);
    assert_eq!(shape(&sent.body), shape(&fixture("telesign-smsverify-ok")));
    let message = &world.handset().inbox("+15555550100")[0];
    assert_eq!((message.text.as_str(), message.code.as_str()), ("Use 01234 now", "01234"));

    let reference = sent.text("reference_id");
    let completed = complete(&world, &reference).await;
    completed.is_telesign(200, 1900);
    assert_eq!(shape(&completed.body), shape(&fixture("telesign-completion-ok")));
    complete(&world, "0123456789ABCDEF0123456789ABCDEF").await.is_telesign(404, -10001);
    let path = format!("/v1/verify/completion/{reference}");
    answer(world.telesign_request(Method::PUT, &path).body("x")).await.is_telesign(400, -10001);
    let sample = fixture("telesign-omnichannel-request-sms");
    let omnichannel = world.omnichannel(&sample).await.text("reference_id");
    complete(&world, &omnichannel).await.is_telesign(404, -10001);
    assert_eq!(answer(world.request(Method::PUT, &path)).await.status, 401);

    let reports = world.telesign().reports();
    let told: Vec<_> = reports.iter().map(|it| it.http_status).collect();
    assert_eq!(
        (told, reports[0].reference_id.as_deref()),
        (vec![200, 404, 400, 404], Some(reference.as_str()))
    );
    answer(world.telesign_request(Method::GET, &format!("/v1/omnichannel/{reference}")))
        .await
        .is_telesign(404, -10004);
}

#[tokio::test]
async fn a_plain_message_and_its_completion() {
    let world = World::new().await;
    let form =
        [("phone_number", PHONE), ("message", "It is 4711"), ("message_type", "OTP"), ("external_id", "e1")];
    let sent = post(&world, "/v1/messaging", &form).await;
    sent.is_telesign(200, 290);
    assert_eq!(sent.text("external_id"), "e1");
    let send = &world.telesign().sends()[0];
    assert_eq!((send.product, send.code.as_str()), (TelesignProduct::Messaging, "4711"));
    complete(&world, &sent.text("reference_id")).await.is_telesign(200, 1900);
}

#[tokio::test]
async fn what_is_refused() {
    let world = World::new().await;
    let phone = ("phone_number", PHONE);
    let cases: [&[(&str, &str)]; 9] = [
        &[("verify_code", "1234")],
        &[("phone_number", "+15555550100")],
        &[phone, ("verify_code", "12")],
        &[phone, ("verify_code", "12345678")],
        &[phone, ("verify_code", "12ab")],
        &[phone, ("template", "no code")],
        &[phone, ("ucid", "NOPE")],
        &[phone, ("is_primary", "yes")],
        &[phone, ("message", "x")],
    ];
    for form in cases {
        let refused = post(&world, "/v1/verify/sms", form).await;
        refused.is_telesign(400, 500);
        assert_eq!(refused.body["errors"][0]["code"], -10001, "{form:?}");
    }
    let cases: [&[(&str, &str)]; 4] = [
        &[phone, ("message", "x")],
        &[phone, ("message", "x"), ("message_type", "otp")],
        &[phone, ("message_type", "OTP")],
        &[phone, ("message", "x"), ("message_type", "OTP"), ("message", "y")],
    ];
    for form in cases {
        post(&world, "/v1/messaging", form).await.is_telesign(400, 11000);
    }
    let json = world.telesign_request(Method::POST, "/v1/messaging").json(&form_as_json());
    answer(json).await.is_telesign(400, 11000);
    let unsigned = answer(world.request(Method::POST, "/v1/verify/sms").form(&[phone])).await;
    unsigned.is_telesign(401, 501);
    assert_eq!(unsigned.body["errors"][0]["code"], -30004);
    assert_eq!(world.telesign().sends(), []);
}

fn form_as_json() -> serde_json::Value {
    serde_json::json!({ "phone_number": PHONE, "message": "x", "message_type": "OTP" })
}
