//! Twilio Lookup: what is known of a number before a code goes to it, without ever costing a login that is fine.

use std::time::Duration;

use sim::{Channel, Fault, KnownNumber, LookupOp};

use crate::harness::{Asked, Kind, Provider, World, phone};

const LOOKUP: &str = "
[telephony.lookup]
account_sid = 'AC5117000000000000000000000000f4ce'
auth_token = 'simulated-auth-token'
base_url = '{sim}'
";

/// Numbers are looked up, with more time than anybody needs unless a test says otherwise.
async fn world(more: &str) -> World {
    let more = if more.contains("budget") { more.to_owned() } else { format!("budget = '500ms'\n{more}") };
    World::with(|settings| {
        settings.providers = vec![Provider::new("sms", Kind::Messaging)];
        settings.more = format!("{LOOKUP}{more}\n");
    })
    .await
}

async fn ask(world: &World, to: &str, channel: Channel) -> Asked {
    let user = world.user("ana");
    world.ask_for(world.sim.okta().hook_request(&user.id, channel).unwrap().phone(to)).await
}

fn know(world: &World, line_type: &str, risk: u8) -> String {
    let number = phone();
    world.sim.lookup().know(KnownNumber::new(&number, line_type, risk));
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_landline_gets_no_text_but_a_call() {
    let world = world("").await;
    let landline = know(&world, "landline", 7);
    let asked = ask(&world, &landline, Channel::Sms).await;
    assert_eq!((asked.told().as_str(), asked.attempts.len()), ("error", 0));
    assert_eq!([&asked.row["status"], &asked.row["failure_class"]], ["rejected", "rejected_number"]);
    assert_eq!(world.sim.messaging().requests(), []);
    let call = ask(&world, &landline, Channel::Voice).await;
    assert_eq!(call.told(), "SUCCESSFUL");
    let mobile = ask(&world, &know(&world, "mobile", 7), Channel::Sms).await;
    assert_eq!(mobile.told(), "SUCCESSFUL");
    // What nobody has a word for is no landline.
    assert_eq!(ask(&world, &know(&world, "nonFixedVoip", 7), Channel::Sms).await.told(), "SUCCESSFUL");
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_c10_a_number_that_pumps_is_blocked() {
    let world = world("max_pumping_risk = 60\non_landline = 'send'").await;
    let asked = ask(&world, &know(&world, "mobile", 61), Channel::Sms).await;
    assert_eq!((asked.told().as_str(), asked.attempts.len()), ("error", 0));
    assert_eq!([&asked.row["status"], &asked.row["failure_class"]], ["blocked", "rejected_fraud"]);
    assert_eq!(ask(&world, &know(&world, "mobile", 60), Channel::Sms).await.told(), "SUCCESSFUL");
    assert_eq!(
        ask(&world, &know(&world, "landline", 7), Channel::Sms).await.told(),
        "SUCCESSFUL",
        "by the setting"
    );
    assert_eq!(world.sim.messaging().sends().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_asked_about_once() {
    let world = world("").await;
    let (mobile, landline) = (know(&world, "mobile", 7), know(&world, "landline", 7));
    for _ in 0..3 {
        assert_eq!(ask(&world, &mobile, Channel::Sms).await.told(), "SUCCESSFUL");
        assert_eq!(ask(&world, &landline, Channel::Sms).await.told(), "error");
    }
    let looked_up = world.sim.lookup().sends();
    assert_eq!(looked_up.iter().map(|it| &it.number).collect::<Vec<_>>(), [&mobile, &landline]);
    assert_eq!(looked_up[0].fields, ["line_type_intelligence", "sms_pumping_risk"], "each field costs");
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_lookup_that_is_slow_or_fails_costs_nobody_a_code() {
    let world = world("budget = '20ms'").await;
    for fault in [
        Fault::Delay(Duration::from_secs(8)),
        Fault::twilio(20500),
        Fault::html_503(),
        Fault::twilio(20003),
        Fault::ResetBeforeAccept,
    ] {
        let what = format!("{fault:?}");
        world.sim.lookup().fail_next(LookupOp::Fetch, fault);
        let asked = ask(&world, &know(&world, "landline", 99), Channel::Sms).await;
        assert_eq!((asked.told().as_str(), asked.outcomes()), ("SUCCESSFUL", vec!["accepted"]), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_late_counts_for_the_next_code() {
    let world = world("budget = '20ms'").await;
    world.sim.lookup().fail_next(LookupOp::Fetch, Fault::DelayAfterAccept(Duration::from_millis(400)));
    let landline = know(&world, "landline", 7);
    assert_eq!(ask(&world, &landline, Channel::Sms).await.told(), "SUCCESSFUL", "nothing is known yet");
    // It is asked about once; the answer is there a moment later.
    crate::harness::until("the landline is known", async || {
        (ask(&world, &landline, Channel::Sms).await.told() == "error").then_some(())
    })
    .await;
    assert_eq!(world.sim.lookup().sends().len(), 1);
}
