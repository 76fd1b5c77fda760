//! The configuration that a test runs the binary with.

use std::fmt::Write as _;
use std::time::Duration;

use sim::Sim;

use crate::client::SECRET;
use crate::provider::Provider;

/// What a test may set; everything else is the default.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `serve --role`.
    pub role: Option<&'static str>,
    /// `server.shutdown_delay`: for how long it listens when it is leaving.
    pub leaving: Duration,
    /// `server.public_url`
    pub public_url: Option<String>,
    /// Of the journal, below the test's directory.
    pub journal: String,
    /// `journal.append_timeout`. A machine that runs tests has disks that stand still for longer than a host of logins may.
    pub append_timeout: &'static str,
    /// Added to `[journal]`.
    pub journal_more: String,
    /// Added to `[admin]`.
    pub admin_more: String,
    /// `ledger.url`
    pub ledger: String,
    /// Added to `[ledger]`.
    pub ledger_more: String,
    /// `queue.url`
    pub queue: Option<String>,
    /// Added to `[queue]`.
    pub queue_more: String,
    /// `privacy.key`
    pub privacy_key: Option<String>,
    /// `hook_secrets`.
    pub secrets: Vec<String>,
    /// `hook_header`.
    pub header: String,
    /// `base_url` of the org; the simulator's if not set.
    pub okta_url: Option<String>,
    /// `api_token`; the simulator's if not set.
    pub api_token: Option<String>,
    /// Added to `[okta.orgs.main]`.
    pub org_more: String,
    /// `[telephony]`
    pub telephony: String,
    /// `base_url` of the provider; the simulator's if not set.
    pub provider_url: Option<String>,
    /// Added to the provider.
    pub provider_more: String,
    /// `base_url` of a second provider; there is none if not set.
    pub backup_url: Option<String>,
    /// The providers, instead of Verify and its second one.
    pub providers: Vec<Provider>,
    /// Further sections; `{sim}` is the simulator's address.
    pub more: String,
    /// Said to the shell that starts the process: `ulimit -n 64`.
    pub limits: Option<String>,
    /// Put before the process's name: `strace -D …`.
    pub runner: Option<String>,
    /// The process's environment.
    pub environment: Vec<(String, String)>,
    /// What it logs is appended to this file as well, below the test's directory.
    pub log_file: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            role: None,
            leaving: Duration::ZERO,
            public_url: None,
            journal: "data/journal".to_owned(),
            append_timeout: "1500ms",
            journal_more: String::new(),
            admin_more: String::new(),
            ledger: "sqlite:data/ledger.db".to_owned(),
            ledger_more: String::new(),
            queue: None,
            queue_more: String::new(),
            privacy_key: None,
            secrets: vec![SECRET.to_owned()],
            header: "authorization".to_owned(),
            okta_url: None,
            api_token: None,
            org_more: String::new(),
            telephony: String::new(),
            provider_url: None,
            provider_more: String::new(),
            backup_url: None,
            providers: Vec::new(),
            more: String::new(),
            limits: None,
            runner: None,
            environment: Vec::new(),
            log_file: None,
        }
    }
}

impl Settings {
    /// The file's text. Paths are relative: the process runs in the test's directory.
    pub fn toml(&self, sim: &Sim) -> String {
        let url = sim.url();
        let token = self.api_token.as_deref().unwrap_or(&sim.okta().org().api_token);
        let mut toml = String::new();
        let mut section = |name: &str, lines: &[String]| {
            let lines: Vec<_> = lines.iter().filter(|line| !line.is_empty()).map(String::as_str).collect();
            writeln!(toml, "[{name}]\n{}\n", lines.join("\n")).unwrap();
        };
        let leaving = format!("shutdown_delay = '{}ms'", self.leaving.as_millis());
        let public = self.public_url.as_ref().map(|url| format!("public_url = '{url}'"));
        section("server", &["listen = '127.0.0.1:0'".to_owned(), leaving, public.unwrap_or_default()]);
        section("admin", &["listen = '127.0.0.1:0'".to_owned(), self.admin_more.clone()]);
        let patience = format!("append_timeout = '{}'", self.append_timeout);
        section("journal", &[format!("dir = '{}'", self.journal), patience, self.journal_more.clone()]);
        section("ledger", &[format!("url = '{}'", self.ledger), self.ledger_more.clone()]);
        if let Some(queue) = &self.queue {
            section("queue", &[format!("url = '{queue}'"), self.queue_more.clone()]);
        }
        if let Some(key) = &self.privacy_key {
            section("privacy", &[format!("key = '{key}'")]);
        }
        section(
            "okta.orgs.main",
            &[
                format!("base_url = '{}'", self.okta_url.as_ref().unwrap_or(&url)),
                format!("hook_secrets = {:?}", self.secrets),
                format!("hook_header = '{}'", self.header),
                format!("api_token = '{token}'"),
                self.org_more.clone(),
            ],
        );
        section("telephony", std::slice::from_ref(&self.telephony));
        for provider in &self.providers {
            let (name, lines) = provider.section(sim);
            section(&name, &lines);
        }
        if !self.providers.is_empty() {
            return toml + &self.more.replace("{sim}", &url);
        }
        let first = self.provider_url.as_ref().unwrap_or(&url);
        section("telephony.providers.verify", &verify(sim, first, &self.provider_more));
        if let Some(backup) = &self.backup_url {
            section("telephony.providers.verify-backup", &verify(sim, backup, ""));
        }
        toml + &self.more.replace("{sim}", &url)
    }
}

fn verify(sim: &Sim, url: &str, more: &str) -> Vec<String> {
    let account = sim.twilio().account();
    vec![
        "kind = 'twilio-verify'".to_owned(),
        format!("account_sid = '{}'", account.account_sid),
        format!("auth_token = '{}'", account.auth_token),
        format!("service_sid = '{}'", account.service_sid),
        format!("base_url = '{url}'"),
        more.to_owned(),
    ]
}
