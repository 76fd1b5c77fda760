//! A vendor that is configured: what it is asked, and what its answers mean.

use serde_json::json;
use sim::{Channel, Fault, Sender, WebhookAnswer, WebhookOp};

use crate::harness::{Kind, Provider, World};

/// What a vendor's answers mean.
const RULES: &str = "code = '/error'
[[telephony.providers.acme.answers]]
status = ['2xx']
at = '/status'
equals = ['blocked']
means = 'fraud'
[[telephony.providers.acme.answers]]
at = '/error'
equals = ['limit', 'too-many']
means = 'limit'
[[telephony.providers.acme.answers]]
status = ['422']
means = 'rejected'
[[telephony.providers.acme.answers]]
status = ['503']
means = 'not_sent'
[telephony.providers.acme.report]
url = '{sim}/webhook/report/{{reference}}'
body = '{\"outcome\":\"{{verdict}}\"}'
";

async fn acme(more: &str) -> World {
    let provider = Provider::new("acme", Kind::Webhook).with(more);
    World::with(|settings| settings.providers = vec![provider]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_code_goes_through_and_its_use_is_reported() {
    let headers = "headers = { authorization = 'Bearer webhook-vendor-secret', x-org = '{{org}}' }\n";
    let world = acme(&format!("{headers}{RULES}")).await;
    let user = world.user("ana");
    let asked = world.ask(&user, Channel::Sms).await;
    let sends = world.sim.webhook().sends();
    let [send] = &sends[..] else { panic!("{sends:?}") };
    let text = format!("Your code is {}", asked.request.code);
    let request = world.sim.webhook().requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/webhook/messages"));
    assert_eq!(request.json(), json!({ "to": asked.request.phone, "text": text, "channel": "sms" }));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer webhook-vendor-secret"));
    assert_eq!(request.header("x-org"), Some("main"));
    let inbox = world.sim.handset().inbox(&asked.request.phone);
    assert_eq!((inbox.len(), inbox[0].sender, &inbox[0].text), (1, Sender::Webhook, &text));
    assert_eq!(asked.value()["transactionId"], json!(send.id), "where the setting reference points");
    assert_eq!([&asked.row["provider"], &asked.row["provider_ref"]], ["acme", &send.id]);

    world.type_in(&user, &asked.request.code).await;
    let report = world.report_when(&asked, "done").await;
    assert_eq!((&report["result"], &report["provider_ref"]), ("reported", send.id.as_str()));
    let told = world.sim.webhook().reports();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].path, &told[0].body),
        (&format!("report/{}", send.id), &r#"{"outcome":"approved"}"#.to_owned())
    );
    assert!(!world.server.log().contains("webhook-vendor-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_to_c12_answers_mean_what_the_rules_say() {
    let world = acme(RULES).await;
    for (id, answer, outcome, status, code, told) in [
        ("c10", (200, r#"{"status":"Blocked"}"#), "rejected_fraud", "blocked", "NULL", "error"),
        ("c9", (429, r#"{"error":"limit"}"#), "rejected_limit", "rejected", "limit", "error"),
        ("c9", (200, r#"{"error":"too-many"}"#), "rejected_limit", "rejected", "too-many", "error"),
        ("c11", (422, r#"{"error":"landline"}"#), "rejected_number", "rejected", "landline", "error"),
        ("by a rule", (503, "<html>"), "not_sent", "failed", "NULL", "error"),
        ("c7", (500, ""), "ambiguous", "ambiguous", "NULL", "PENDING"),
        ("c12", (401, "{}"), "misconfigured", "failed", "NULL", "error"),
        (
            "accepted",
            (202, r#"{"id":"m-{id}","status":"queued"}"#),
            "accepted",
            "accepted",
            "NULL",
            "SUCCESSFUL",
        ),
        ("c13: no reference", (200, "OK"), "ambiguous", "ambiguous", "NULL", "PENDING"),
    ] {
        world.sim.webhook().answer_next(WebhookAnswer::new(answer.0, answer.1));
        let asked = world.ask(&world.user("ana"), Channel::Sms).await;
        assert_eq!((asked.outcomes(), &asked.row["status"]), (vec![outcome], status), "{id}: {answer:?}");
        assert_eq!(
            (&asked.attempts[0]["provider_code"], asked.told().as_str()),
            (code, told),
            "{id}: {answer:?}"
        );
        assert_eq!(&asked.attempts[0]["http_status"], answer.0.to_string(), "{id}");
    }
    // What is in the middle of an answer when it breaks off may have been sent.
    world.sim.webhook().fail_next(WebhookOp::Send, Fault::ResetAfterAccept);
    let asked = world.ask(&world.user("ana"), Channel::Sms).await;
    assert_eq!((asked.outcomes(), asked.told().as_str()), (vec!["ambiguous"], "PENDING"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e6_without_a_report_call_there_is_none() {
    let world = acme("").await;
    let user = world.user("ana");
    let asked = world.ask(&user, Channel::Sms).await;
    world.type_in(&user, &asked.request.code).await;
    let report = world.report_when(&asked, "skipped").await;
    assert_eq!(&report["result"], "unsupported");
    assert_eq!(world.sim.webhook().reports(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_escaped_for_where_they_stand() {
    let provider = "
method = 'PUT'
url = '{sim}/webhook/sms/{{digits}}?plus={{to}}&why={{purpose}}'
headers = { content-type = 'application/x-www-form-urlencoded' }
body = 'to={{to}}&text={{text}}&for={{seconds}}'
reference = '/id'";
    let world = World::with(|settings| {
        settings.more = format!("[telephony.providers.form]\nkind = 'webhook'\n{provider}\n");
        settings.providers = vec![Provider::new("zz", Kind::Verify)];
    })
    .await;
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap();
    let mut body = world.sim.okta().hook_body(&request);
    let template = format!("R&D = \"100 %\" +1 é\n{}", request.code);
    body["data"]["messageProfile"]["msgTemplate"] = json!(template);
    let answer = world.sim.okta().fire_body(&body).await.json();
    assert_eq!(answer["commands"][0]["value"][0]["provider"], "form");
    let seen = world.sim.webhook().requests().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.path), ("PUT", format!("/webhook/sms/{}", &request.phone[1..])));
    let query = format!("plus=%2B{}&why=mfa-verification", &request.phone[1..]);
    assert_eq!(seen.query.as_deref(), Some(query.as_str()));
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect();
    assert_eq!(form[..2], [("to".to_owned(), request.phone), ("text".to_owned(), template)]);
    let seconds: u64 = form[2].1.parse().unwrap();
    assert!((200..=300).contains(&seconds) && form.len() == 3, "{form:?}");
}
