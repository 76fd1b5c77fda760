//! Twilio Lookup.

use reqwest::Method;
use serde_json::Value;
use sim::{Fault, KnownNumber, LookupOp};

use crate::shape::{fixture, shape};
use crate::world::{ANA, Answer, World, answer};

const BOTH: &str = "?Fields=line_type_intelligence,sms_pumping_risk";

async fn look_up(world: &World, path: &str) -> Answer {
    let account = world.lookup().account().clone();
    let request = world.request(Method::GET, &format!("/v2/PhoneNumbers/{path}"));
    answer(request.basic_auth(account.account_sid, Some(account.auth_token))).await
}

/// The sample with its number and address taken from the answer.
fn about(sample: &str, answer: &Answer) -> Value {
    let mut sample = fixture(sample);
    for key in ["phone_number", "national_format", "url"] {
        sample[key] = answer.body[key].clone();
    }
    sample
}

#[tokio::test]
async fn answers_like_the_samples() {
    let world = World::new().await;
    let mobile = look_up(&world, &format!("{ANA}{BOTH}")).await;
    assert_eq!((mobile.status, &mobile.body), (200, &about("lookup-v2-mobile-low-risk", &mobile)));
    assert_eq!(mobile.text("national_format"), "(202) 555-0101");
    let landline = look_up(&world, &format!("%2B15005550009{BOTH}")).await;
    assert_eq!(landline.body, about("lookup-v2-landline-high-risk", &landline));
    let invalid = look_up(&world, &format!("+155555501000{BOTH}")).await;
    assert_eq!((invalid.status, &invalid.body), (200, &about("lookup-v2-invalid", &invalid)));
    assert!(invalid.text("url").ends_with("/v2/PhoneNumbers/+155555501000"));
    let unknown = look_up(&world, "notanumber").await;
    assert_eq!((unknown.status, &unknown.body), (404, &fixture("lookup-v2-error-20404")));
    let lookups = world.lookup().sends();
    let valid: Vec<bool> = lookups.iter().map(|it| it.valid).collect();
    assert_eq!(
        (valid, lookups[0].number.as_str(), lookups[0].fields.len()),
        (vec![true, true, false], ANA, 2)
    );
    assert_eq!(world.twilio().requests().len(), 0);
}

#[tokio::test]
async fn only_what_was_asked_for() {
    let world = World::new().await;
    let plain = look_up(&world, ANA).await.body;
    assert_eq!(shape(&plain), {
        let mut none = fixture("lookup-v2-invalid");
        none["validation_errors"] = serde_json::json!([]);
        shape(&none)
    });
    let risk = look_up(&world, &format!("{ANA}?Fields=sms_pumping_risk,caller_name")).await.body;
    assert!(risk["line_type_intelligence"].is_null());
    assert_eq!(risk["sms_pumping_risk"]["sms_pumping_risk_score"], 7);
    assert_eq!(risk["caller_name"]["error_code"], 60606);
    assert_eq!(look_up(&world, "2025550101?CountryCode=US").await.text("phone_number"), ANA);
    look_up(&world, &format!("{ANA}?Fields=shoe_size")).await.is_error(400, 60200);
    look_up(&world, &format!("{ANA}?Type=carrier")).await.is_error(400, 60200);
    answer(world.request(Method::GET, "/v2/PhoneNumbers/+12025550101")).await.is_error(401, 20003);
}

#[tokio::test]
async fn numbers_can_be_made_known() {
    let world = World::new().await;
    world.lookup().know(KnownNumber::new("+1202", "nonFixedVoip", 65));
    let mut failing = KnownNumber::new("+1202555", "mobile", 0);
    failing.error_code = Some(60626);
    let known = look_up(&world, &format!("{ANA}{BOTH}")).await.body;
    assert_eq!(known["line_type_intelligence"]["type"], "nonFixedVoip");
    assert_eq!(known["sms_pumping_risk"]["carrier_risk_category"], "moderate");
    world.lookup().know(failing);
    let known = look_up(&world, &format!("{ANA}{BOTH}")).await.body;
    assert_eq!(known["line_type_intelligence"]["error_code"], 60626);
    assert!(known["sms_pumping_risk"]["sms_pumping_risk_score"].is_null());
    world.lookup().fail_next(LookupOp::Fetch, Fault::twilio(20429));
    look_up(&world, ANA).await.is_error(429, 20429);
    look_up(&world, "+15005550030").await.is_error(500, 20500);
    assert_eq!(world.lookup().requests()[2].query, None);
}
