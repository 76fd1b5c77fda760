//! No code, number or secret of ours gets anywhere it can be read.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use reqwest::Method;
use serde_json::{Value, json};
use sim::{Channel, Factor, Fault, OktaOp, Outcome, User, VerifyOp};

use crate::harness::{Reply, SECRET, World, until};

/// So many digits that no other has by chance.
fn digits(n: usize) -> String {
    let random = || std::hash::RandomState::new().hash_one(0);
    let all = format!("{:020}{:020}", random(), random());
    all[all.len() - n..].to_owned()
}

/// What must not be found, and what it is.
#[derive(Default)]
struct Wanted(Vec<(String, String)>);

impl Wanted {
    fn add(&mut self, what: &str, text: &str) {
        self.0.push((what.to_owned(), text.to_owned()));
    }

    /// A code of its own: as long as Verify takes, so that nothing else looks like it.
    fn code(&mut self) -> String {
        let code = format!("7{}", digits(9));
        self.add("a code", &code);
        code
    }

    /// A number of its own.
    fn phone(&mut self) -> String {
        let national = format!("555{}", digits(7));
        self.add("a number", &national);
        format!("+1{national}")
    }

    /// Everything under which a text may hide.
    fn disguises(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        for (what, text) in &self.0 {
            all.push((format!("{what} as it is"), text.clone().into_bytes()));
            all.push((
                format!("{what} in hex"),
                text.bytes().map(|b| format!("{b:02x}")).collect::<String>().into_bytes(),
            ));
            all.push((format!("{what} backwards"), text.bytes().rev().collect()));
            for between in [" ", "-", ", ", "."] {
                let spaced: Vec<String> = text.chars().map(String::from).collect();
                all.push((format!("{what} spaced"), spaced.join(between).into_bytes()));
            }
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            all.push((format!("{what} in UTF-16"), utf16));
            for shift in 0..3 {
                let padded = [&vec![b' '; shift][..], text.as_bytes()].concat();
                for engine in [&STANDARD, &URL_SAFE] {
                    // Without what depends on its neighbours.
                    let encoded = engine.encode(&padded);
                    let inner = encoded.trim_end_matches('=');
                    let inner = &inner[if shift == 0 { 0 } else { 4 }..inner.len().saturating_sub(2)];
                    all.push((format!("{what} in base64"), inner.as_bytes().to_vec()));
                }
            }
        }
        all
    }

    fn look_into(&self, place: &str, bytes: &[u8]) {
        let disguises = self.disguises();
        // Most places are passed over by their first two bytes alone.
        let mut heads: HashMap<[u8; 2], Vec<&(String, Vec<u8>)>> = HashMap::new();
        for it in &disguises {
            heads.entry([it.1[0], it.1[1]]).or_default().push(it);
        }
        let mut begins = vec![false; 1 << 16];
        for head in heads.keys() {
            begins[usize::from(u16::from_le_bytes(*head))] = true;
        }
        for at in 0..bytes.len().saturating_sub(1) {
            let head = [bytes[at], bytes[at + 1]];
            if !begins[usize::from(u16::from_le_bytes(head))] {
                continue;
            }
            for (what, disguise) in &heads[&head] {
                if bytes[at..].starts_with(disguise) {
                    let around = &bytes[at.saturating_sub(300)..bytes.len().min(at + 100)];
                    panic!("{what} in {place}: {}", String::from_utf8_lossy(around));
                }
            }
        }
    }

    /// Every file below a directory; returns how many.
    fn look_below(&self, dir: &Path) -> usize {
        let mut files = 0;
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += self.look_below(&path);
            } else {
                self.look_into(&path.display().to_string(), &std::fs::read(&path).unwrap());
                files += 1;
            }
        }
        files
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let mut wanted = Wanted::default();
    let code = wanted.code();
    let hidden = [
        format!("code {code}."),
        STANDARD.encode(format!("x{code}y")),
        STANDARD.encode(format!("xy{code}z")),
        STANDARD.encode(format!("xyz{code}")),
        code.chars().map(|c| format!("{c} ")).collect(),
        code.bytes().map(|b| format!("{b:02x}")).collect(),
    ];
    for text in hidden {
        let found = std::panic::catch_unwind(|| wanted.look_into("a text", text.as_bytes()));
        assert!(found.is_err(), "not found in {text}");
    }
    wanted.look_into("a text", b"nothing of it");
}

async fn started_elsewhere(world: &World, to: &str) {
    let account = world.sim.twilio().account().clone();
    let url = format!("{}/v2/Services/{}/Verifications", world.sim.url(), account.service_sid);
    let request = world.client.post(url).basic_auth(account.account_sid, Some(account.auth_token));
    let answer =
        request.form(&[("To", to), ("Channel", "sms"), ("CustomCode", "4711")]).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn p8_s8_no_code_no_number_and_no_secret_is_written_anywhere() {
    let mut world = World::with(|settings| {
        settings.environment.push(("RUST_LOG".to_owned(), "trace".to_owned()));
        settings.org_more = "default_country = 'US'".to_owned();
    })
    .await;
    let mut wanted = Wanted::default();
    wanted.add("the hook secret", SECRET);
    wanted.add("Okta's token", &world.sim.okta().org().api_token);
    wanted.add("Twilio's token", &world.sim.twilio().account().auth_token);
    let mut logs = String::new();
    let person = |wanted: &mut Wanted, name: &str| {
        User::new(&format!("00u{name}"), &format!("{name}@example.com")).phone(&wanted.phone())
    };

    // Codes that are sent, refused, lost and doubted; the provider's words hold what it was sent.
    let faults = |phone: &str, code: &str| {
        let words = json!({ "code": 60200, "message": format!("Invalid parameter: To {phone} CustomCode {code}"), "status": 400 });
        let page = format!("<html>{phone} {} {code}</html>", &phone[1..]);
        vec![
            None,
            Some(Fault::status(400, words.clone())),
            Some(Fault::status(500, words)),
            Some(Fault::junk(201, "text/html", &page)),
            Some(Fault::junk(503, "text/html", &page)),
            Some(Fault::twilio(60410)),
            Some(Fault::twilio(20429)),
            Some(Fault::ResetAfterAccept),
            Some(Fault::Redirect),
            Some(Fault::status(201, json!({ "sid": page, "status": page, "to": phone }))),
        ]
    };
    let kinds = faults("+10", "0").len();
    for n in 0..kinds {
        let user = person(&mut wanted, &format!("sent{n}"));
        world.sim.okta().add_user(user.clone());
        let code = wanted.code();
        let channel = if n % 2 == 0 { Channel::Sms } else { Channel::Voice };
        let request = world.sim.okta().hook_request(&user.id, channel).unwrap().code(&code);
        if let Some(fault) = faults(&request.phone, &code).remove(n) {
            world.sim.twilio().fail_next(VerifyOp::Create, fault);
        }
        let result = world.sim.okta().fire_hook(&request).await;
        wanted.look_into("an answer", result.body.as_bytes());
        world.sim.okta().enter_code(&user.id, &code).await.unwrap();
    }
    assert!(world.sim.okta().flush_events().await.unwrap().is_received());

    // Hooks that are no hooks.
    for n in 0..8 {
        let user = person(&mut wanted, &format!("odd{n}"));
        world.sim.okta().add_user(user.clone());
        let code = wanted.code();
        let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().code(&code);
        let mut hook = world.sim.okta().hook_body(&request);
        let number: u64 = request.phone[2..].parse().unwrap();
        let message = &mut hook["data"]["messageProfile"];
        match n {
            0 => message["deliveryChannel"] = json!(format!("SMS to {} with {code}", request.phone)),
            1 => message["locale"] = json!(format!("{code}-{}", request.phone)),
            2 => message["otpExpires"] = json!(format!("{code} {}", request.phone)),
            3 => {
                (message["phoneNumber"], message["otpCode"]) =
                    (json!(number), json!(code.parse::<u64>().unwrap()))
            }
            4 => message["otpCode"] = json!(format!("{code}x")),
            5 => message["phoneNumber"] = json!(format!("{}x{code}", request.phone)),
            6 => hook["requestType"] = json!(format!("com.okta.{code}.{}", request.phone)),
            _ => hook["data"] = json!({ "messageProfile": format!("{code} {}", request.phone) }),
        }
        let reply = world.hook(&hook).await;
        wanted.look_into("an answer", reply.text.as_bytes());
        // Cut off, not signed, in the wrong place, of the wrong kind.
        let text = hook.to_string();
        world.hook_bytes(text[..text.len() - 1].to_owned()).await;
        world.deliver_bytes(text[..text.len() - 1].to_owned()).await;
        world.deliver_bytes(text.clone()).await;
        let unsigned = world.client.post(world.url("/okta/main/telephony")).header("authorization", &code);
        assert_eq!(Reply::to(unsigned.json(&hook)).await.status, 401);
        let elsewhere = world.signed(Method::POST, &format!("/okta/{code}/telephony?{}", request.phone));
        assert_eq!(Reply::to(elsewhere.body(text.clone())).await.status, 404);
        let plain =
            world.signed(Method::POST, "/okta/main/telephony").header("content-type", format!("text/{code}"));
        assert_eq!(Reply::to(plain.body(text)).await.status, 415);
    }

    // Numbers that Okta is asked for, and reports by number that go wrong.
    let mut events = Vec::new();
    for n in 0..7 {
        let (enrolled, profile) = (wanted.phone(), wanted.phone());
        let spaced = format!("{} {}-{}", &enrolled[..5], &enrolled[5..8], &enrolled[8..]);
        let user = User::new(&format!("00uasked{n}"), "asked@example.com").mobile_phone(&profile);
        let user = if n == 5 { user } else { user.factor(Factor::sms(&spaced)) };
        world.sim.okta().add_user(user.clone());
        let page = format!("<html>{enrolled} {profile}</html>");
        let to = if n == 5 { &profile } else { &enrolled };
        started_elsewhere(&world, to).await;
        match n {
            0 => world.sim.twilio().fail_next(VerifyOp::Update, Fault::ResetAfterAccept),
            1 => world.sim.twilio().fail_next(VerifyOp::Update, Fault::junk(500, "text/html", &page)),
            2 => world.sim.twilio().fail_next(VerifyOp::Update, Fault::Redirect),
            3 => world
                .sim
                .twilio()
                .fail_next(VerifyOp::Update, Fault::status(404, json!({ "code": 20404, "message": page }))),
            4 => world.sim.okta().fail_next(OktaOp::Factors, Fault::junk(500, "text/html", &page)),
            _ => {}
        }
        let mut event =
            world.sim.okta().event_mfa(&user, "SMS_FACTOR", Outcome::Success, jiff::Timestamp::now());
        event["outcome"]["reason"] = json!(page);
        event["displayMessage"] = json!(page);
        event["debugContext"]["debugData"]["phoneNumber"] = json!(enrolled);
        event["target"][1]["alternateId"] = json!(enrolled);
        events.extend([event, json!({ "eventType": 7, "phone": enrolled })]);
    }
    world.deliver(&world.sim.okta().envelope(&events)).await;
    // All but the one that was redirected, which waits until somebody mends the address; one of those sent before may have been that one.
    let sql = "SELECT uuid FROM okta_events WHERE okta_user_id LIKE '00uasked%' AND state <> 'queued'";
    world.rows_when(sql, |rows| rows.len() >= 6).await;
    assert_eq!((world.sim.twilio().faults_waiting(), world.sim.okta().faults_waiting()), (0, 0));

    // Killed in the middle, and ended well.
    let user = person(&mut wanted, "killed");
    world.sim.okta().add_user(user.clone());
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().code(&wanted.code());
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_secs(30)));
    let (okta, fired) = (world.sim.okta().clone(), request.clone());
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    until("Verify has it", async || {
        let requests = world.sim.twilio().requests();
        requests.iter().any(|it| it.form.iter().any(|(_, value)| *value == request.phone)).then_some(())
    })
    .await;
    world.server.kill();
    call.await.unwrap();
    logs += &world.server.log();
    assert!(logs.contains("\"TRACE\""), "the log holds everything");
    wanted.look_into("the log", logs.as_bytes());
    assert!(wanted.look_below(&world.path("data")) >= 5);
    world.start_again().await;
    world.transaction(&request.event_id).await;
    world.drained().await;

    let metrics = world.admin("/metrics").await.text + &world.admin("/readyz").await.text;
    wanted.look_into("the metrics", metrics.as_bytes());
    for arguments in [
        &["transactions", "list", "--json", "--limit", "1000"][..],
        &["events", "list", "--json", "--limit", "1000"],
        &["transactions", "list"],
        &["doctor"],
        &["config", "print"],
    ] {
        let said = world.command(arguments).await;
        wanted.look_into(&arguments.join(" "), (said.out + &said.err).as_bytes());
    }
    // Running, and closed: what is purged from a file may linger in it.
    assert!(wanted.look_below(&world.path("data")) >= 5);
    world.server.terminate();
    world.server.ended().await;
    wanted.look_into("the log", world.server.log().as_bytes());
    assert!(wanted.look_below(&world.path("data")) >= 3);
    let sent: Vec<Value> = world.sim.twilio().sends().iter().map(|send| json!(send.code)).collect();
    assert!(sent.len() >= 8, "it was about something: {sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s21_what_is_on_disk_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::start().await;
    world.login(&world.user("ana"), Channel::Sms).await;
    world.drained().await;
    for name in [
        "data/ledger.db",
        "data/ledger.db-wal",
        "data/privacy.key",
        "data/journal",
        "data/journal/journal.db",
    ] {
        let mode = std::fs::metadata(world.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}
