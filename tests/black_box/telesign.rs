//! Telesign: the code in the answer decides, whatever the HTTP status is.

use serde_json::json;
use sim::{Channel, Fault, Sender, TelesignOp, TelesignProduct};

use crate::harness::{Kind, Provider, Settings, World, status_of};

async fn with(kind: Kind) -> World {
    World::with(|settings| settings.providers = vec![Provider::new("telesign", kind)]).await
}

/// Telesign first, and somebody after it.
fn and_another(settings: &mut Settings) {
    settings.providers = vec![Provider::new("a", Kind::Omnichannel), Provider::new("b", Kind::Webhook)];
}

#[tokio::test(flavor = "multi_thread")]
async fn e6_omnichannel_sends_okta_s_text_and_takes_no_report() {
    let world = with(Kind::Omnichannel).await;
    let user = world.user("ana");
    let asked = world.ask(&user, Channel::Sms).await;
    let sends = world.sim.telesign().sends();
    let [send] = &sends[..] else { panic!("{sends:?}") };
    assert_eq!(send.text, format!("Your code is {}", asked.request.code));
    assert_eq!((send.product, send.channel.as_str()), (TelesignProduct::Omnichannel, "sms"));
    assert_eq!(send.external_id.as_deref(), Some(&asked.row["id"]));
    assert_eq!(send.callback_url, None, "nobody has asked for callbacks");
    let request = world.sim.telesign().requests().pop().unwrap();
    assert_eq!(request.json()["recipient"]["phone_number"], asked.request.phone.trim_start_matches('+'));
    assert!(
        request.header("authorization").is_some_and(|it| it.starts_with("TSA ") || it.starts_with("Basic "))
    );
    let inbox = world.sim.handset().inbox(&asked.request.phone);
    assert_eq!((inbox.len(), inbox[0].sender), (1, Sender::Telesign));

    assert_eq!(asked.value()["transactionId"], json!(send.reference_id));
    let [attempt] = &asked.attempts[..] else { panic!("{asked:?}") };
    assert_eq!((&attempt["outcome"], &attempt["provider_ref"]), ("accepted", send.reference_id.as_str()));
    assert!(attempt["provider_code"].starts_with('3'), "Telesign's own code: {attempt:?}");

    world.type_in(&user, &asked.request.code).await;
    let report = world.report_when(&asked, "skipped").await;
    assert_eq!((&report["result"], &report["provider"]), ("unsupported", "telesign"));
    assert_eq!(world.sim.telesign().reports(), []);
    assert_eq!(world.sim.telesign().requests().len(), 1, "nothing is tried in vain");
    assert_ne!(&world.transaction(&asked.request.event_id).await["verified_at"], "NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn omnichannel_calls_and_says_the_code() {
    let world = with(Kind::Omnichannel).await;
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Voice).unwrap().locale("FR-FR");
    let asked = world.ask_for(request).await;
    assert_eq!(asked.told(), "SUCCESSFUL");
    let send = world.sim.telesign().sends().pop().unwrap();
    assert_eq!((send.channel.as_str(), &send.code), ("voice", &asked.request.code));
    let parameters = &world.sim.telesign().requests()[0].json()["message"]["voice"]["parameters"];
    assert_eq!(*parameters, json!({ "otp_code": asked.request.code, "language": "fr-FR" }));
    assert_eq!(&asked.row["channel"], "voice");
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_the_older_products_are_told_that_a_code_was_used() {
    for (kind, product, path) in [
        (Kind::SmsVerify, TelesignProduct::SmsVerify, "/v1/verify/sms"),
        (Kind::TelesignMessaging, TelesignProduct::Messaging, "/v1/messaging"),
    ] {
        let world = with(kind).await;
        let user = world.user("ana");
        let asked = world.ask(&user, Channel::Sms).await;
        let send = world.sim.telesign().sends().pop().unwrap();
        assert_eq!((send.product, &send.code), (product, &asked.request.code));
        assert_eq!(send.text, format!("Your code is {}", asked.request.code), "{product:?}");
        assert_eq!(world.sim.telesign().requests()[0].path, path);
        world.type_in(&user, &asked.request.code).await;
        let report = world.report_when(&asked, "done").await;
        assert_eq!((&report["result"], &report["provider_ref"]), ("reported", send.reference_id.as_str()));
        let told = world.sim.telesign().reports();
        assert_eq!((told.len(), &told[0].target, told[0].http_status), (1, &send.reference_id, 200));
        // They send texts alone.
        let asked = world.ask(&user, Channel::Voice).await;
        assert_eq!(
            (asked.told().as_str(), &asked.row["failure_class"]),
            ("error", "no_provider"),
            "{product:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c8_to_c12_the_code_decides_and_not_the_status() {
    let world = World::with(and_another).await;
    // Its breaker would open with the first code that says that it is misconfigured.
    world.command(&["breaker", "close", "a", "--url", &world.admin_url()]).await.done();
    for (id, code, outcome, second) in [
        ("c12 the product is not enabled, under 429", 3206, "misconfigured", true),
        ("c12 credentials", 3411, "misconfigured", true),
        ("c12 the channel is not enabled", 3200, "misconfigured", true),
        ("not in coverage", 3115, "misconfigured", true),
        ("c8 too many requests", 3204, "not_sent", true),
        ("unavailable", 3500, "not_sent", true),
        ("c11 a bad number", 3101, "rejected_number", false),
        ("c11 a blocked country", 3037, "rejected_number", false),
        ("c10 blocked by Telesign", 3053, "rejected_fraud", false),
        ("c10 the risk score", 3072, "rejected_fraud", false),
    ] {
        world.sim.telesign().fail_next(TelesignOp::Omnichannel, Fault::telesign(code));
        let before = world.sim.webhook().requests().len();
        let asked = world.ask(&world.user("ana"), Channel::Sms).await;
        assert_eq!(world.sim.telesign().faults_waiting(), 0, "{id}");
        assert_eq!(&asked.attempts[0]["provider_code"], code.to_string(), "{id}");
        assert_eq!(asked.outcomes()[0], outcome, "{id}");
        let asked_of_b = world.sim.webhook().requests().len() - before;
        if second {
            assert_eq!((asked.providers(), asked.outcomes()[1]), (vec!["a", "b"], "accepted"), "{id}");
            assert_eq!((asked.told().as_str(), asked_of_b), ("SUCCESSFUL", 1), "{id}");
        } else {
            assert_eq!(
                (asked.providers(), asked.told().as_str(), asked_of_b),
                (vec!["a"], "error", 0),
                "{id}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_real_wrong_key_is_misconfigured() {
    let world = World::with(|settings| {
        let wrong = Provider::new("a", Kind::Omnichannel).with("sender_id = 'Ringback'");
        settings.providers = vec![wrong];
        settings.environment = vec![(
            "RINGBACK__TELEPHONY__PROVIDERS__A__API_KEY".to_owned(),
            "d3Jvbmcga2V5IG9mIHRoaXJ0eS10d28gYnl0ZXMhISE=".to_owned(),
        )];
    })
    .await;
    let asked = world.ask(&world.user("ana"), Channel::Sms).await;
    assert_eq!((asked.outcomes(), asked.told().as_str()), (vec!["misconfigured"], "error"));
    assert_eq!(&asked.attempts[0]["http_status"], "401");
    assert_eq!(world.sim.telesign().sends(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c22_a_clock_that_is_off_does_not_keep_codes_back() {
    let world = with(Kind::Omnichannel).await;
    let okta = world.sim.okta();
    for hours in [-2, 2] {
        let user = world.user("ana");
        let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
        world.sim.clock().set_offset_ms(0);
        let body = okta.hook_body(&request);
        // Telesign's clock, from now on.
        world.sim.clock().set_offset_ms(hours * 3_600_000);
        let answer = okta.fire_body(&body).await.json();
        assert_eq!(status_of(&answer), "SUCCESSFUL", "{hours}");
    }
}
