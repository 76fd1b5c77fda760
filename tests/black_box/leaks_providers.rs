//! No code, number or credential gets anywhere it can be read, whichever vendor sends, and whatever vendors say back.

use std::hash::BuildHasher as _;

use serde_json::json;
use sim::{Channel, Fault, MessagingOp, TelesignOp, VerifyOp, WebhookAnswer};

use crate::harness::{Asked, Balancer, Kind, Provider, Secrets, World};

/// So many digits that no other has by chance.
fn digits(n: usize) -> String {
    let random = std::hash::RandomState::new().hash_one(0);
    format!("{random:020}")[20 - n..].to_owned()
}

const BEARER: &str = "bearer-of-a-vendor-that-nobody-guesses";

/// Who sends where: by country, and who is next.
const WAYS: [(&str, &str, [&str; 2]); 4] = [
    ("US", "+1555", ["sms", "telesign"]),
    ("FR", "+3361", ["telesign", "hook"]),
    ("DE", "+49151", ["hook", "verify"]),
    ("GB", "+44791", ["verify", "sms"]),
];

async fn world(front: &Balancer) -> World {
    let world = World::with(|settings| {
        settings.providers = vec![
            Provider::new("sms", Kind::Messaging),
            Provider::new("telesign", Kind::Omnichannel).with("status_callbacks = true"),
            Provider::new("verify", Kind::Verify),
            Provider::new("hook", Kind::Webhook)
                .with("channels = ['sms', 'voice']\ncode = '/error'")
                .with(&format!("headers = {{ authorization = 'Bearer {BEARER}', x-number = '{{{{to}}}}' }}"))
                .with("[telephony.providers.hook.report]\nurl = '{sim}/webhook/report/{{reference}}'"),
        ];
        settings.public_url = Some(front.url());
        settings.log_file = Some("log.jsonl".to_owned());
        let lookup = "[telephony.lookup]\nbase_url = '{sim}'\naccount_sid = 'AC5117000000000000000000000000f4ce'\n\
            auth_token = 'simulated-auth-token'\n";
        let route = |(country, _, providers): &(&str, &str, [&str; 2])| {
            format!("[[telephony.routes]]\ncountries = ['{country}']\nproviders = {providers:?}\n")
        };
        let routes: String = WAYS.iter().map(route).collect();
        settings.more = format!("[log]\nlevel = 'trace'\n{lookup}{routes}");
    })
    .await;
    front.lead_to(vec![world.server.public]);
    world.sim.twilio().stream_to(&format!("{}/providers/verify/status", front.url()));
    world
}

/// What vendors answer when they repeat what they were asked.
fn echo(request: &sim::HookRequest) -> String {
    let (to, code) = (&request.phone, &request.code);
    json!({ "code": 21211, "message": format!("{to} {code}"), "error": format!("{}{code}", &to[1..]), "sid": to, "status": code }).to_string()
}

/// Lets the next send of everybody end with this.
fn all_fail(world: &World, fault: &Fault) {
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, fault.clone());
    world.sim.telesign().fail_next(TelesignOp::Omnichannel, fault.clone());
    world.sim.twilio().fail_next(VerifyOp::Create, fault.clone());
}

/// Everybody says what became of it, over and over.
async fn call_back(world: &World, asked: &Asked) {
    let Some(last) = asked.attempts.last().filter(|last| &last["outcome"] == "accepted") else { return };
    let reference = &last["provider_ref"];
    let answer = match &last["provider"] {
        "sms" => {
            let status = if reference.starts_with("CA") { "completed" } else { "undelivered" };
            world.sim.messaging().deliver_status(reference, status, None).await
        }
        "telesign" => world.sim.telesign().deliver_status(reference, 3000).await,
        "verify" => world.sim.twilio().stream_message_status(reference, "undelivered").await,
        _ => return,
    };
    assert_eq!(answer, Ok(200), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn p8_s8_s9_no_vendor_s_code_number_or_credential_is_kept_or_logged() {
    let front = Balancer::start().await;
    let world = world(&front).await;
    let mut secrets = Secrets::default();
    let mut shown = String::new();
    // Whoever fails here fails for the test alone.
    for (_, _, [name, _]) in WAYS {
        world.command(&["breaker", "close", name, "--url", &world.admin_url()]).await.done();
    }
    for (n, (_, prefix, _)) in WAYS.iter().cycle().take(16).enumerate() {
        let user = world.user("ana");
        let channel = if n % 4 == n / 4 { Channel::Voice } else { Channel::Sms };
        let (code, phone) = (
            format!("7{}", digits(9)),
            format!("{prefix}{}", digits(if *prefix == "+49151" { 8 } else { 7 })),
        );
        secrets.add(&code);
        secrets.add(&phone);
        let request = world.sim.okta().hook_request(&user.id, channel).unwrap().phone(&phone).code(&code);
        match n / 4 {
            1 => {
                all_fail(&world, &Fault::junk(500, "application/json", &echo(&request)));
                world.sim.webhook().answer_next(WebhookAnswer::new(500, &echo(&request)));
            }
            2 => {
                all_fail(&world, &Fault::junk(201, "application/json", &echo(&request)));
                world.sim.webhook().answer_next(WebhookAnswer::new(400, &echo(&request)));
            }
            _ => {}
        }
        let asked = world.ask_for(request).await;
        world.sim.messaging().heal();
        world.sim.telesign().heal();
        world.sim.twilio().heal();
        world.sim.webhook().configure(|it| it.next_answers.clear());
        call_back(&world, &asked).await;
        if asked.told() == "SUCCESSFUL" {
            world.type_in(&user, &code).await;
        }
        let said = world.command(&["transactions", "show", &asked.row["id"], "--json"]).await.done();
        shown.push_str(&(said.out + &asked.result.body));
    }
    world.rows_when("SELECT * FROM okta_events WHERE state = 'queued'", <[_]>::is_empty).await;
    world.drained().await;
    assert!(world.rows("SELECT * FROM delivery_receipts").await.len() > 4);
    for arguments in
        [&["transactions", "list"][..], &["events", "list"], &["dead", "list"], &["config", "print"]]
    {
        let said = world.command(arguments).await;
        shown.push_str(&(said.out + &said.err));
    }
    for path in ["/metrics", "/readyz", "/api/breakers"] {
        shown.push_str(&world.admin(path).await.text);
    }
    assert_eq!(secrets.find(shown.as_bytes()), None, "shown: {shown}");
    assert_eq!(secrets.find_below(&world.path("data")), []);
    let log = std::fs::read(world.path("log.jsonl")).unwrap();
    assert_eq!(secrets.find(&log), None);
    let log = String::from_utf8(log).unwrap() + &shown;
    let (twilio, telesign) = (world.sim.twilio().account(), world.sim.telesign().account());
    for credential in [&twilio.auth_token, &telesign.api_key, &BEARER.to_owned()] {
        assert!(!log.contains(credential), "{credential}");
    }
}
