//! The configuration that a test runs the binary with.

use std::fmt::Write as _;

use sim::Sim;

use super::client::SECRET;

/// What a test may set; everything else is the default.
pub(crate) struct Settings {
    /// Of the journal, below the test's directory.
    pub(crate) journal: String,
    /// Added to `[journal]`.
    pub(crate) journal_more: String,
    /// Added to `[admin]`.
    pub(crate) admin_more: String,
    /// `hook_secrets`.
    pub(crate) secrets: Vec<String>,
    /// `hook_header`.
    pub(crate) header: String,
    /// `api_token`; the simulator's if not set.
    pub(crate) api_token: Option<String>,
    /// Added to `[okta.orgs.main]`.
    pub(crate) org_more: String,
    /// `[telephony]`
    pub(crate) telephony: String,
    /// `base_url` of the provider; the simulator's if not set.
    pub(crate) provider_url: Option<String>,
    /// Added to the provider.
    pub(crate) provider_more: String,
    /// Further sections.
    pub(crate) more: String,
    /// Said to the shell that starts the process: `ulimit -n 64`.
    pub(crate) limits: Option<String>,
    /// The process's environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            journal: "data/journal".to_owned(),
            journal_more: String::new(),
            admin_more: String::new(),
            secrets: vec![SECRET.to_owned()],
            header: "authorization".to_owned(),
            api_token: None,
            org_more: String::new(),
            telephony: String::new(),
            provider_url: None,
            provider_more: String::new(),
            more: String::new(),
            limits: None,
            environment: Vec::new(),
        }
    }
}

impl Settings {
    /// The file's text. Paths are relative: the process runs in the test's directory.
    pub(crate) fn toml(&self, sim: &Sim) -> String {
        let (account, url) = (sim.twilio().account(), sim.url());
        let token = self.api_token.as_deref().unwrap_or(&sim.okta().org().api_token);
        let mut toml = String::new();
        let mut section = |name: &str, lines: &[String]| {
            let lines: Vec<_> = lines.iter().filter(|line| !line.is_empty()).map(String::as_str).collect();
            writeln!(toml, "[{name}]\n{}\n", lines.join("\n")).unwrap();
        };
        section("server", &["listen = '127.0.0.1:0'".to_owned()]);
        section("admin", &["listen = '127.0.0.1:0'".to_owned(), self.admin_more.clone()]);
        section("journal", &[format!("dir = '{}'", self.journal), self.journal_more.clone()]);
        section("ledger", &["url = 'sqlite:data/ledger.db'".to_owned()]);
        section(
            "okta.orgs.main",
            &[
                format!("base_url = '{url}'"),
                format!("hook_secrets = {:?}", self.secrets),
                format!("hook_header = '{}'", self.header),
                format!("api_token = '{token}'"),
                self.org_more.clone(),
            ],
        );
        section("telephony", std::slice::from_ref(&self.telephony));
        section(
            "telephony.providers.verify",
            &[
                "kind = 'twilio-verify'".to_owned(),
                format!("account_sid = '{}'", account.account_sid),
                format!("auth_token = '{}'", account.auth_token),
                format!("service_sid = '{}'", account.service_sid),
                format!("base_url = '{}'", self.provider_url.as_ref().unwrap_or(&url)),
                self.provider_more.clone(),
            ],
        );
        toml + &self.more
    }
}
