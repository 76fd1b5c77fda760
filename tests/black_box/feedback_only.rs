//! `feedback.mode = "feedback-only"`: Okta's native connector sends through the same Verify service; we only report.

use jiff::Timestamp;
use reqwest::Method;
use sim::{Channel, Outcome};

use crate::harness::{Reply, World};

#[tokio::test(flavor = "multi_thread")]
async fn p6_what_okta_sends_by_itself_is_reported() {
    let world =
        World::with(|settings| settings.more = "[feedback]\nmode = 'feedback-only'\n".to_owned()).await;
    let user = world.user("ana");
    let phone = user.factors[0].phone_number.clone().unwrap();
    let account = world.sim.twilio().account().clone();
    let verifications = format!("{}/v2/Services/{}/Verifications", world.sim.url(), account.service_sid);
    let started = Reply::to(
        world.client.post(verifications).basic_auth(&account.account_sid, Some(&account.auth_token)).form(&[
            ("To", phone.as_str()),
            ("Channel", "sms"),
            ("CustomCode", "918273"),
        ]),
    )
    .await;
    assert_eq!(started.status, 201, "{started:?}");
    let okta = world.sim.okta();
    // A wrong code, and then the right one.
    let wrong = okta.event_mfa(&user, "SMS_FACTOR", Outcome::Failure, Timestamp::now());
    let right = okta.event_mfa(&user, "SMS_FACTOR", Outcome::Success, Timestamp::now());
    let uuid = right["uuid"].as_str().unwrap().to_owned();
    assert!(okta.deliver(vec![wrong, right]).await.is_received());
    world.event_when(&uuid, "done").await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert_eq!([&report["matched_by"], &report["transaction_id"]], ["factor", "NULL"]);
    assert!(world.sim.twilio().approved(&phone));
    assert_eq!(world.sim.twilio().reports().len(), 1);

    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let reply =
        Reply::to(world.signed(Method::POST, "/okta/main/telephony").json(&okta.hook_body(&request))).await;
    assert_eq!(reply.status, 404, "nothing is sent here: {reply:?}");
    assert_eq!(world.rows("SELECT * FROM otp_transactions").await.len(), 0);
}
