//! Settings of providers, routes, wording and Lookup: everything that is wrong at once, and never a value.

use std::path::Path;

use crate::config::setting;
use crate::harness::{Said, ringback};

const CANARY: &str = "canary-value-that-must-not-be-shown";

fn org() -> String {
    "[okta.orgs.main]\nhook_secrets = ['configured-hook-secret-of-forty-letters-x']\n".to_owned()
}

fn webhook() -> String {
    org()
        + "[telephony.providers.acme]\nkind = 'webhook'\nurl = 'https://api.example.com/m'\nreference = '/id'\n\
        body = '{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}'\n"
}

async fn run(dir: &Path, toml: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    std::fs::write(dir.join("ringback.toml"), toml).unwrap();
    let said = ringback(dir, arguments, environment).await;
    assert!(!said.out.contains(CANARY) && !said.err.contains(CANARY), "{said:?}");
    said
}

/// All of these are listed, each as a problem of its own.
fn lists(said: &Said, names: &[&str]) {
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
    for name in names {
        let told = said.err.lines().any(|line| line.trim().starts_with(&format!("{name}:")));
        assert!(told, "{name}: {}", said.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h2_everything_that_cannot_be_read_is_listed_at_once() {
    let place = tempfile::tempdir().unwrap();
    let toml = org()
        + &format!(
            "[server]\npublic_url = 'https://user:{CANARY}@otp.example.com/?a=b'\n\
             [telephony]\non_resend = '{CANARY}'\nresend_window = '1s'\n\
             [telephony.providers.sms]\nkind = 'twilio-messaging'\nstatus_callbacks = '{CANARY}'\nservice_sid = 'x'\n\
             [telephony.providers.telesign]\nkind = 'telesign'\nproduct = '{CANARY}'\nbase_url = 'http://{CANARY}.example.com'\n\
             [telephony.providers.'not a name']\nkind = 'telesign'\ncustomer_id = 'x'\napi_key = '{CANARY}'\n\
             [telephony.providers.acme]\nkind = 'webhook'\nchannels = ['{CANARY}']\nreference = '{CANARY}'\n\
             headers = {{ authorization_file = 'nowhere/to-be-found' }}\n\
             [[telephony.providers.acme.answers]]\nstatus = ['{CANARY}']\nmeans = '{CANARY}'\n\
             [[telephony.providers.acme.answers]]\nequals = ['x']\nmeans = 'fraud'\n\
             [telephony.providers.acme.report]\nverb = 'POST'\n\
             [[telephony.routes]]\norg = '{CANARY}'\ncountries = ['{CANARY}']\nproviders = []\n\
             [[telephony.routes]]\nchannels = ['{CANARY}']\npurposes = ['{CANARY}']\nproviders = ['sms', 'sms', '{CANARY}']\nwhy = 1\n\
             [telephony.wording]\nweb_otp = 'x'\n\
             [telephony.lookup]\nbudget = '2s'\nttl = '1s'\non_landline = '{CANARY}'\nmax_pumping_risk = '{CANARY}'\napi_key = '{CANARY}'\n"
        );
    for arguments in [
        &["config", "check"][..],
        &["serve"],
        &["config", "print"],
        &["route", "explain", "--to", "+12125550123"],
        &["send", "--to", "+12125550123"],
        &["breaker", "list"],
    ] {
        let said = run(place.path(), &toml, arguments, &[]).await;
        lists(
            &said,
            &[
                "server.public_url",
                "telephony.on_resend",
                "telephony.resend_window",
                "telephony.providers.sms.account_sid",
                "telephony.providers.sms.auth_token",
                "telephony.providers.sms.status_callbacks",
                "telephony.providers.sms.service_sid",
                "telephony.providers.telesign.customer_id",
                "telephony.providers.telesign.api_key",
                "telephony.providers.telesign.product",
                "telephony.providers.telesign.base_url",
                "telephony.providers.not a name",
                "telephony.providers.acme.url",
                "telephony.providers.acme.channels",
                "telephony.providers.acme.reference",
                "telephony.providers.acme.headers.authorization_file",
                "telephony.providers.acme.answers.1.status",
                "telephony.providers.acme.answers.1.means",
                "telephony.providers.acme.answers.2.status",
                "telephony.providers.acme.answers.2.at",
                "telephony.providers.acme.report.url",
                "telephony.providers.acme.report.verb",
                "telephony.routes.1.org",
                "telephony.routes.1.countries",
                "telephony.routes.1.providers",
                "telephony.routes.2.channels",
                "telephony.routes.2.purposes",
                "telephony.routes.2.providers",
                "telephony.routes.2.why",
                "telephony.wording.web_otp",
                "telephony.lookup.account_sid",
                "telephony.lookup.budget",
                "telephony.lookup.ttl",
                "telephony.lookup.on_landline",
                "telephony.lookup.max_pumping_risk",
                "telephony.lookup.api_secret",
            ],
        );
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn h2_everything_that_makes_no_sense_is_listed_at_once() {
    let place = tempfile::tempdir().unwrap();
    let account = format!("account_sid = 'AC{CANARY}'\nauth_token = '{CANARY}'");
    let toml = org()
        + &format!(
            "[telephony.providers.verify]\nkind = 'twilio-verify'\n{account}\nservice_sid = 'VA{CANARY}'\n\
             [telephony.providers.sms]\nkind = 'twilio-messaging'\n{account}\nfrom = '{CANARY}'\nmessaging_service_sid = '{CANARY}'\n\
             [telephony.providers.nobody]\nkind = 'twilio-messaging'\n{account}\n\
             [telephony.providers.telesign]\nkind = 'telesign'\ncustomer_id = '{CANARY}?'\napi_key = '{CANARY}'\n\
             [telephony.providers.acme]\nkind = 'webhook'\nmethod = '{CANARY}'\nurl = 'https://api.example.com/{{{{{CANARY}}}}}'\n\
             headers = {{ x-key = '{CANARY}{{{{nothing}}}}' }}\nbody = '{{\"text\":\"{{{{text}}}}\"'\n\
             [telephony.providers.silent]\nkind = 'webhook'\nurl = 'https://api.example.com/'\nbody = '{{}}'\n\
             [telephony.providers.silent.report]\nurl = 'https://api.example.com/'\n\
             [telephony.wording]\nweb_otp_domain = 'https://{CANARY}/'\napp_hash = '{CANARY}'\n\
             [telephony.wording.texts]\nen = '{CANARY} without the code'\n'no locale' = 'x {{code}}'\n\
             [telephony.wording.voice_texts]\nde = '{CANARY}'\n\
             [telephony.lookup]\n{account}\nmax_pumping_risk = 101\n"
        );
    for arguments in [&["config", "check"][..], &["serve"], &["send", "--to", "+12125550123"]] {
        let said = run(place.path(), &toml, arguments, &[]).await;
        lists(
            &said,
            &[
                "telephony.providers.verify.account_sid",
                "telephony.providers.verify.service_sid",
                "telephony.providers.sms.account_sid",
                "telephony.providers.sms.from",
                "telephony.providers.sms.messaging_service_sid",
                "telephony.providers.nobody.from",
                "telephony.providers.telesign.customer_id",
                "telephony.providers.acme.method",
                "telephony.providers.acme.url",
                "telephony.providers.acme.headers",
                "telephony.providers.acme.body",
                "telephony.providers.silent.body",
                "telephony.providers.silent.report",
                "telephony.wording.web_otp_domain",
                "telephony.wording.app_hash",
                "telephony.wording.texts.en",
                "telephony.wording.texts.no locale",
                "telephony.wording.voice_texts.de",
                "telephony.lookup.account_sid",
                "telephony.lookup.max_pumping_risk",
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_may_come_from_the_environment_as_json() {
    let place = tempfile::tempdir().unwrap();
    let explain = async |routes: &str, to: &str| {
        let environment = [("RINGBACK__TELEPHONY__ROUTES", routes)];
        run(place.path(), &webhook(), &["route", "explain", "--to", to, "--json"], &environment).await
    };
    let routes = r#"[{"countries":["FR"],"providers":["acme"]}]"#;
    let said = explain(routes, "+33612345678").await.done().json();
    assert_eq!((&said["route"], &said["providers"][0]["name"]), (&1.into(), &"acme".into()));
    assert_eq!(explain(routes, "+12125550123").await.code, 1);
    for (routes, name) in [
        ("canary-value-that-must-not-be-shown", "telephony.routes"),
        (r#"{"providers":["acme"]}"#, "telephony.routes"),
        (r#"["canary-value-that-must-not-be-shown"]"#, "telephony.routes"),
        (r#"[{"providers":["canary-value-that-must-not-be-shown"]}]"#, "telephony.routes.1.providers"),
    ] {
        lists(&explain(routes, "+12125550123").await, &[name]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_headers_are_secrets_and_may_be_in_files() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("bearer"), format!("Bearer {CANARY}\n")).unwrap();
    let head = format!("headers = {{ authorization_file = 'bearer', x-key = '{CANARY}' }}\n");
    let toml = webhook() + &head;
    let said = run(place.path(), &toml, &["config", "print"], &[]).await.done();
    for line in [
        "telephony.providers.acme.headers.authorization = \"<redacted>\"",
        "telephony.providers.acme.headers.x-key = \"<redacted>\"",
        "telephony.providers.acme.method = \"POST\"",
        "telephony.providers.acme.url = \"<redacted>\"",
    ] {
        assert!(said.out.lines().any(|it| it == line), "no {line} in\n{}", said.out);
    }
    let by_environment = [("RINGBACK__TELEPHONY__PROVIDERS__ACME__HEADERS__AUTHORIZATION_FILE", "bearer")];
    let said = run(place.path(), &webhook(), &["config", "print"], &by_environment).await.done();
    assert!(said.out.contains("acme.headers.authorization = \"<redacted>\""), "{said:?}");
    let twice = toml.replace("x-key", "authorization");
    lists(
        &run(place.path(), &twice, &["config", "check"], &[]).await,
        &["telephony.providers.acme.headers.authorization"],
    );
}

/// Also those that are examples of sections: every setting in them is one.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_commented_defaults_are_settings() {
    let place = tempfile::tempdir().unwrap();
    let said = ringback(place.path(), &["config", "default"], &[]).await.done();
    let section = |line: &str| line.starts_with("# [") && line.ends_with(']');
    let lines: Vec<&str> = said
        .out
        .lines()
        .map(|line| if section(line) { &line[2..] } else { setting(line).unwrap_or(line) })
        .collect();
    for name in ["[telephony.providers.acme.report]", "[[telephony.routes]]", "[telephony.lookup]"] {
        assert!(lines.contains(&name), "no {name} in\n{lines:#?}");
    }
    let said = run(place.path(), &lines.join("\n"), &["config", "check"], &[]).await;
    assert_eq!(said.code, 2, "secrets have no default");
    for line in said.err.lines().skip(1) {
        assert!(line.contains("is missing") || line.contains("is empty"), "{line}");
    }
}
