//! Every telephony request of the contract: what the provider gets, what Okta is told, what the books say.

use serde_json::json;

use crate::harness::{World, hook_sample, value_of};

/// A sample, and what must come of it.
struct Expected {
    sample: &'static str,
    channel: &'static str,
    to: &'static str,
    code: &'static str,
    locale: Option<&'static str>,
    purpose: &'static str,
}

const fn expected(
    sample: &'static str,
    channel: &'static str,
    to: &'static str,
    code: &'static str,
    locale: Option<&'static str>,
    purpose: &'static str,
) -> Expected {
    Expected { sample, channel, to, code, locale, purpose }
}

const ANA: &str = "+15555550101";
const BOB: &str = "+15555550102";
const PREVIEW: &str = "+19876543210";
const EN: Option<&str> = Some("en");

const ALL: [Expected; 11] = [
    expected("sms-mfa-verification", "sms", ANA, "482913", EN, "mfa-verification"),
    expected("voice-mfa-verification", "call", ANA, "482913", EN, "mfa-verification"),
    expected("sms-pre-enrollment", "sms", ANA, "482913", EN, "pre-enrollment"),
    expected("sms-account-unlock", "sms", ANA, "730551", EN, "account-unlock"),
    expected("voice-password-reset", "call", BOB, "019284", EN, "password-reset"),
    expected("channel-variant-voice-call", "call", ANA, "482913", EN, "mfa-verification"),
    expected("channel-variant-CALL", "call", ANA, "482913", EN, "mfa-verification"),
    expected("preview-untouched", "sms", PREVIEW, "11111", EN, "mfa-verification"),
    expected("execute-api-numeric", "sms", PREVIEW, "11111", EN, "unknown"),
    expected("missing-optional-fields", "call", ANA, "482913", None, "mfa-verification"),
    expected("unknown-extra-fields", "sms", ANA, "482913", EN, "mfa-verification"),
];

#[tokio::test(flavor = "multi_thread")]
async fn g9_g14_every_sample_is_sent_as_it_says() {
    let world = World::with(|settings| settings.org_more = "default_country = 'US'".to_owned()).await;
    world.sim.twilio().configure(|twilio| twilio.max_sends = 100);
    for it in ALL {
        let body = hook_sample(it.sample);
        let sent = world.sim.twilio().sends().len();
        let answer = world.hook(&body).await.json();

        let sends = world.sim.twilio().sends();
        assert_eq!(sends.len(), sent + 1, "{}", it.sample);
        let send = &sends[sent];
        let value = json!([{
            "status": "SUCCESSFUL",
            "provider": "verify",
            "transactionId": send.verification_sid,
            "transactionMetadata": send.attempt_sid,
        }]);
        let told = json!({ "commands": [{ "type": "com.okta.telephony.action", "value": value }] });
        assert_eq!(answer, told, "{}", it.sample);

        let form = world.sim.twilio().requests().last().unwrap().form.clone();
        let parameter =
            |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(parameter("To"), Some(it.to), "{}", it.sample);
        assert_eq!(parameter("Channel"), Some(it.channel), "{}", it.sample);
        assert_eq!(parameter("CustomCode"), Some(it.code), "{}", it.sample);
        assert_eq!(parameter("Locale"), it.locale, "{}", it.sample);
        assert_eq!(world.sim.handset().latest_code(it.to).as_deref(), Some(it.code), "{}", it.sample);

        let row = world.transaction(body["eventId"].as_str().unwrap()).await;
        let tags: Vec<&str> = send.tags.values().map(String::as_str).collect();
        assert_eq!(tags, [&row["id"]], "the tag is our transaction: {}", it.sample);
        assert_eq!(&row["org"], "main");
        assert_eq!(&row["purpose"], it.purpose, "{}", it.sample);
        assert_eq!(&row["channel"], if it.channel == "sms" { "sms" } else { "voice" });
        assert_eq!(&row["okta_user_id"], body["data"]["userProfile"]["userId"].as_str().unwrap());
        assert_eq!((&row["status"], &row["answer"], &row["provider"]), ("accepted", "SUCCESSFUL", "verify"));
        assert_eq!(&row["provider_ref"], send.verification_sid);
        assert_eq!((&row["failure_class"], &row["verified_at"]), ("NULL", "NULL"));
        let attempts = world.attempts(&row).await;
        assert_eq!(attempts.len(), 1);
        assert_eq!(
            (&attempts[0]["outcome"], &attempts[0]["http_status"], &attempts[0]["n"]),
            ("accepted", "201", "1")
        );
        assert_eq!(&attempts[0]["attempt_ref"], send.attempt_sid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_a_national_number_without_a_default_country_is_refused() {
    let world = World::start().await;
    for sample in ["preview-untouched", "execute-api-numeric"] {
        let body = hook_sample(sample);
        let answer = world.hook(&body).await.json();
        crate::harness::assert_is_error(&answer);
        let row = world.transaction(body["eventId"].as_str().unwrap()).await;
        assert_eq!(
            (&row["status"], &row["failure_class"], &row["answer"]),
            ("rejected", "invalid_number", "error")
        );
        assert_eq!((&row["phone_hmac"], &row["phone_sealed"]), ("NULL", "NULL"));
    }
    assert_eq!(world.sim.twilio().requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn locales_are_those_that_verify_takes() {
    let world = World::start().await;
    world.sim.twilio().configure(|twilio| twilio.max_sends = 100);
    let user = world.user("ana");
    for (okta, verify) in [
        ("EN-US", Some("en")),
        ("en_GB", Some("en-GB")),
        ("fr_CA", Some("fr")),
        ("pt-br", Some("pt-BR")),
        ("zh-HK", Some("zh-HK")),
        ("xx-YY", None),
        ("../../etc", None),
        ("", None),
    ] {
        let request = world.sim.okta().hook_request(&user.id, sim::Channel::Sms).unwrap().locale(okta);
        let result = world.sim.okta().fire_hook(&request).await;
        assert!(result.is_sent(), "{okta}: {result:?}");
        assert_eq!(value_of(&result.json())["status"], "SUCCESSFUL");
        assert_eq!(world.sim.twilio().sends().last().unwrap().locale.as_deref(), verify, "{okta}");
    }
}
