//! Settings: everything that is wrong at once, and never a value.

use std::path::Path;

use crate::harness::{Said, ringback};

const SECRET: &str = "configured-hook-secret-of-forty-letters-x";
const TOKEN: &str = "configured-auth-token";

fn minimal() -> String {
    format!(
        "[okta.orgs.main]\nhook_secrets = ['{SECRET}']\n\
         [telephony.providers.verify]\nkind = 'twilio-verify'\naccount_sid = 'AC{zeroes}'\nauth_token = '{TOKEN}'\n\
         service_sid = 'VA{zeroes}'\n",
        zeroes = "0".repeat(32)
    )
}

async fn run(dir: &Path, toml: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    std::fs::write(dir.join("ringback.toml"), toml).unwrap();
    let said = ringback(dir, arguments, environment).await;
    for secret in [SECRET, TOKEN] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said:?}");
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn h2_a_minimal_file_is_enough() {
    let place = tempfile::tempdir().unwrap();
    let said = run(place.path(), &minimal(), &["config", "check"], &[]).await;
    assert_eq!(
        (said.code, said.out.as_str(), said.err.as_str()),
        (0, "ok   the configuration can be run\n", "")
    );
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "checking makes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn h2_every_error_is_listed_at_once_and_no_value_is_shown() {
    let place = tempfile::tempdir().unwrap();
    let canary = "canary-value-that-must-not-be-shown";
    let toml = format!(
        "surprise = 1\n\
         [server]\nlisten = '{canary}'\nlisen = 'x'\n\
         [admin]\nlisten = '0.0.0.0:9090'\n\
         [journal]\nmax_bytes = '{canary}'\nretain = '1 fortnight'\n\
         [ledger]\nurl = 'mysql://user:{canary}@db/ringback'\nrequire_durable = '{canary}'\n\
         [queue]\nurl = 'kafka://user:{canary}@mq/'\nprefix = '{canary} '\n\
         [privacy]\nkey = '{canary}'\nphone_retention = 'soon'\n\
         [okta.orgs.main]\nbase_url = 'http://{canary}.example.com'\nhook_secrets = []\ndefault_country = 'XX'\n\
         [okta.orgs.'not a name']\nhook_secrets = ['{SECRET}']\n\
         [telephony]\ndeadline = '9s'\nmax_attempts = 3\non_ambiguous = '{canary}'\non_failed = 'silent'\non_blocked = 'never'\n\
         [telephony.providers.verify]\nkind = 'pigeon'\n\
         [telephony.providers.other]\nkind = 'twilio-verify'\naccount_sid = '{canary}'\napi_key = '{canary}'\nservice_sid = 'VA1'\n\
         [feedback]\nmatch = ['{canary}']\nverification_life = '1s'\n\
         [log]\nformat = 'xml'\n"
    );
    for arguments in
        [&["config", "check"][..], &["serve"], &["config", "print"], &["transactions", "list"], &["migrate"]]
    {
        let said = run(place.path(), &toml, arguments, &[]).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {said:?}");
        assert!(!said.err.contains("canary-value"), "{said:?}");
        for name in [
            "surprise",
            "server.listen",
            "server.lisen",
            "admin.token",
            "journal.max_bytes",
            "journal.retain",
            "ledger.url",
            "ledger.require_durable",
            "queue.url",
            "queue.prefix",
            "privacy.key",
            "privacy.phone_retention",
            "okta.orgs.main.base_url",
            "okta.orgs.main.hook_secrets",
            "okta.orgs.main.default_country",
            "okta.orgs.not a name",
            "telephony.deadline",
            "telephony.max_attempts",
            "telephony.on_ambiguous",
            "telephony.on_failed",
            "telephony.on_blocked",
            "telephony.providers.verify.kind",
            "telephony.providers.other.api_secret",
            "feedback.match",
            "feedback.verification_life",
            "log.format",
        ] {
            assert!(
                said.err.lines().any(|line| line.trim().starts_with(&format!("{name}:"))),
                "{name}: {}",
                said.err
            );
        }
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn h2_no_file_no_org_no_provider() {
    let place = tempfile::tempdir().unwrap();
    let said = ringback(place.path(), &["config", "check"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    for name in ["okta.orgs.main", "telephony.providers.verify"] {
        assert!(said.err.contains(name), "{said:?}");
    }
    let said = ringback(place.path(), &["--config", "nowhere.toml", "config", "check"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("nowhere.toml"), "{said:?}");
    let said = run(place.path(), &format!("[okta\nsecret = '{SECRET}'"), &["config", "check"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("ringback.toml") && said.err.contains("line"), "{said:?}");
}

/// The defaults as a file without comments before settings. Sections that are comments themselves are examples, and stay so.
async fn defaults(dir: &Path) -> String {
    let said = ringback(dir, &["config", "default"], &[]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let mut example = false;
    let mut lines = Vec::new();
    for line in said.out.lines() {
        example = line.starts_with("# [") || (example && !line.starts_with('['));
        lines.push(setting(line).filter(|_| !example).unwrap_or(line));
    }
    lines.join("\n")
}

/// A setting that is a comment.
pub(crate) fn setting(line: &str) -> Option<&str> {
    let (name, value) = line.strip_prefix("# ")?.split_once(" = ")?;
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (plain && !value.is_empty()).then(|| &line[2..])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commented_defaults_are_settings_and_are_the_defaults() {
    let place = tempfile::tempdir().unwrap();
    let toml = defaults(place.path()).await;
    let said = run(place.path(), &toml, &["config", "check"], &[]).await;
    assert_eq!(said.code, 2, "secrets have no default");
    for line in said.err.lines().skip(1) {
        assert!(line.contains("is missing") || line.contains("is empty"), "{line}");
    }
    let zeroes = "0".repeat(32);
    let (account, service) = (format!("AC{zeroes}"), format!("VA{zeroes}"));
    let filled = [
        ("RINGBACK__OKTA__ORGS__MAIN__HOOK_SECRETS", SECRET),
        ("RINGBACK__TELEPHONY__PROVIDERS__VERIFY__ACCOUNT_SID", account.as_str()),
        ("RINGBACK__TELEPHONY__PROVIDERS__VERIFY__SERVICE_SID", service.as_str()),
        ("RINGBACK__TELEPHONY__PROVIDERS__VERIFY__AUTH_TOKEN", TOKEN),
    ];
    let spelt_out = run(place.path(), &toml, &["config", "print"], &filled).await;
    assert_eq!(spelt_out.code, 0, "{spelt_out:?}");
    let left_out = run(place.path(), &minimal(), &["config", "print"], &[]).await;
    // Examples, and the address and the list that are built in where nothing is said.
    let shown = |said: &Said| -> Vec<String> {
        let own = ["base_url = ", "locales = ", "ledger.url = ", "queue.url = "];
        said.out.lines().filter(|line| !own.iter().any(|own| line.contains(own))).map(str::to_owned).collect()
    };
    assert_eq!(shown(&spelt_out), shown(&left_out));
    assert!(shown(&left_out).len() > 20, "{left_out:?}");
    for line in ["ledger.url = \"sqlite:data/ledger.db\"", "queue.url = \"memory:\""] {
        assert!(left_out.out.lines().any(|it| it == line), "no {line} in\n{}", left_out.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_print_shows_settings_and_redacts_secrets() {
    let place = tempfile::tempdir().unwrap();
    let said = run(
        place.path(),
        &minimal(),
        &["config", "print"],
        &[("RINGBACK__LEDGER__URL", "sqlite:elsewhere.db")],
    )
    .await;
    assert_eq!(said.code, 0, "{said:?}");
    for line in [
        "telephony.deadline = \"2600ms\"",
        "okta.orgs.main.hook_secrets = [\"<redacted>\"]",
        "telephony.providers.verify.auth_token = \"<redacted>\"",
        "ledger.url = \"<redacted>\"",
    ] {
        assert!(said.out.lines().any(|it| it == line), "no {line} in\n{}", said.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_wins_over_the_file_and_wrong_names_are_told() {
    let place = tempfile::tempdir().unwrap();
    let toml = format!("[telephony]\ndeadline = '2s'\n{}", minimal());
    let print = async |environment: &[(&str, &str)]| {
        run(place.path(), &toml, &["config", "print"], environment).await
    };
    assert!(print(&[]).await.out.contains("telephony.deadline = \"2s\""));
    assert!(
        print(&[("RINGBACK__TELEPHONY__DEADLINE", "1500ms")])
            .await
            .out
            .contains("telephony.deadline = \"1500ms\"")
    );
    let two = format!("{SECRET},{SECRET}2");
    let said = print(&[("RINGBACK__OKTA__ORGS__MAIN__HOOK_SECRETS", &two)]).await;
    assert!(said.out.contains("hook_secrets = [\"<redacted>\", \"<redacted>\"]"), "{said:?}");
    for (name, told) in [
        ("RINGBACK__TELEPHONY__DEADLIN", "telephony.deadlin"),
        ("RINGBACK__NONSENSE", "nonsense"),
        ("RINGBACK__OKTA__ORGS__MAIN__HOOK_SECRETS__X", "okta.orgs.main.hook_secrets.x"),
    ] {
        let said = print(&[(name, "canary-value")]).await;
        assert_eq!(said.code, 2, "{name}: {said:?}");
        assert!(said.err.contains(told) && !said.err.contains("canary-value"), "{name}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_a_secret_may_be_in_a_file() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("token"), format!("{TOKEN}\n")).unwrap();
    std::fs::write(place.path().join("secrets"), format!("{SECRET}\n{SECRET}2\n")).unwrap();
    let by_file = minimal()
        .replace(&format!("auth_token = '{TOKEN}'"), "auth_token_file = 'token'")
        .replace(&format!("hook_secrets = ['{SECRET}']"), "hook_secrets_file = 'secrets'");
    assert!(!by_file.contains(TOKEN) && !by_file.contains(SECRET));
    let said = run(place.path(), &by_file, &["config", "print"], &[]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("auth_token = \"<redacted>\""), "{said:?}");
    assert!(said.out.contains("hook_secrets = [\"<redacted>\", \"<redacted>\"]"), "{said:?}");
    let by_environment = [("RINGBACK__TELEPHONY__PROVIDERS__VERIFY__AUTH_TOKEN_FILE", "token")];
    let without = minimal().replace(&format!("auth_token = '{TOKEN}'\n"), "");
    assert_eq!(run(place.path(), &without, &["config", "check"], &[]).await.code, 2);
    assert_eq!(run(place.path(), &without, &["config", "check"], &by_environment).await.code, 0);
    let twice = run(place.path(), &minimal(), &["config", "check"], &by_environment).await;
    assert_eq!(twice.code, 2, "{twice:?}");
    let gone = run(place.path(), &by_file.replace("'token'", "'gone'"), &["config", "check"], &[]).await;
    assert_eq!(gone.code, 2, "{gone:?}");
    assert!(gone.err.contains("auth_token_file"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h2_what_is_safe_only_on_this_machine_is_refused_elsewhere() {
    let place = tempfile::tempdir().unwrap();
    let short = minimal().replace(SECRET, "short");
    let said = run(place.path(), &short, &["config", "check"], &[]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("warn ") && said.out.contains("hook_secrets"), "{said:?}");
    let open = [("RINGBACK__SERVER__LISTEN", "0.0.0.0:8080")];
    let said = run(place.path(), &short, &["config", "check"], &open).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("hook_secrets") && !said.err.contains("short\""), "{said:?}");
    assert_eq!(run(place.path(), &minimal(), &["config", "check"], &open).await.code, 0);
    for url in [
        "http://verify.example.com",
        "ftp://verify.example.com",
        "https://user:word@verify.example.com",
        "verify",
    ] {
        let environment = [("RINGBACK__TELEPHONY__PROVIDERS__VERIFY__BASE_URL", url)];
        let said = run(place.path(), &minimal(), &["config", "check"], &environment).await;
        assert_eq!(said.code, 2, "{url}: {said:?}");
        assert!(
            said.err.contains("telephony.providers.verify.base_url") && !said.err.contains("example.com"),
            "{said:?}"
        );
    }
    let split = run(place.path(), &minimal(), &["serve", "--role", "worker"], &[]).await;
    assert_eq!(split.code, 2, "{split:?}");
}
