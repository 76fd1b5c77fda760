//! The sections, each with its settings, defaults and rules.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ingress::{AnswerPolicy, OnAmbiguous, OnBlocked, OnFailed};
use otp::{Country, MatchedBy, OrgName};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::reader::Reader;

/// Everything.
#[derive(Debug)]
pub(crate) struct Config {
    /// `[server]`
    pub(crate) server: ServerConfig,
    /// `[admin]`
    pub(crate) admin: AdminConfig,
    /// `[journal]`
    pub(crate) journal: JournalConfig,
    /// `[ledger]`
    pub(crate) ledger: LedgerConfig,
    /// `[queue]`
    pub(crate) queue: QueueConfig,
    /// `[privacy]`
    pub(crate) privacy: PrivacyConfig,
    /// `[okta.orgs.*]`
    pub(crate) orgs: Vec<OrgConfig>,
    /// `[telephony]`
    pub(crate) telephony: TelephonyConfig,
    /// `[feedback]`
    pub(crate) feedback: FeedbackConfig,
    /// `[log]`
    pub(crate) log: LogConfig,
}

/// `[server]`
#[derive(Debug)]
pub(crate) struct ServerConfig {
    /// The public listener.
    pub(crate) listen: SocketAddr,
}

/// `[admin]`
#[derive(Debug)]
pub(crate) struct AdminConfig {
    /// The admin listener.
    pub(crate) listen: SocketAddr,
    /// Its bearer token.
    pub(crate) token: Option<SecretString>,
}

/// `[journal]`
#[derive(Debug)]
pub(crate) struct JournalConfig {
    /// This process's own directory; its parent is the volume that is searched for left-behind journals.
    pub(crate) dir: PathBuf,
    /// Bound of what waits, in bytes.
    pub(crate) max_bytes: u64,
    /// For how long facts are kept after they were drained.
    pub(crate) retain: Duration,
}

/// `[ledger]`
#[derive(Debug)]
pub(crate) struct LedgerConfig {
    /// `sqlite:PATH`; may hold a password for other engines, so it is a secret.
    pub(crate) url: SecretString,
}

/// `[queue]`
#[derive(Debug)]
pub(crate) struct QueueConfig {
    /// `memory:`
    pub(crate) url: SecretString,
}

/// `[privacy]`
#[derive(Debug)]
pub(crate) struct PrivacyConfig {
    /// 32 bytes, base64; the embedded profile makes one.
    pub(crate) key: Option<SecretString>,
    /// For how long a sealed number is kept.
    pub(crate) phone_retention: Duration,
    /// For how long a transaction is kept.
    pub(crate) transaction_retention: Duration,
}

/// `[okta.orgs.NAME]`
#[derive(Debug)]
pub(crate) struct OrgConfig {
    /// NAME.
    pub(crate) name: OrgName,
    /// Of Okta's API.
    pub(crate) base_url: Option<Url>,
    /// Any of them opens the door.
    pub(crate) hook_secrets: Vec<SecretString>,
    /// The header that holds it.
    pub(crate) hook_header: http::HeaderName,
    /// SSWS token for Okta's API.
    pub(crate) api_token: Option<SecretString>,
    /// To read numbers that have no country code.
    pub(crate) default_country: Option<Country>,
}

/// `[telephony]`
#[derive(Debug)]
pub(crate) struct TelephonyConfig {
    /// From a hook's first byte to its answer.
    pub(crate) deadline: Duration,
    /// Calls to providers per hook.
    pub(crate) max_attempts: u8,
    /// What Okta is told.
    pub(crate) policy: AnswerPolicy,
    /// In order of name.
    pub(crate) providers: Vec<ProviderConfig>,
}

/// `[telephony.providers.NAME]`
#[derive(Debug)]
pub(crate) struct ProviderConfig {
    /// NAME.
    pub(crate) name: String,
    /// By `kind`.
    pub(crate) verify: VerifyConfig,
}

/// `kind = "twilio-verify"`
#[derive(Debug)]
pub(crate) struct VerifyConfig {
    /// `AC…`
    pub(crate) account_sid: String,
    /// The account's token.
    pub(crate) auth_token: Option<SecretString>,
    /// An API key (`SK…`) and its secret, instead.
    pub(crate) api_key: Option<(String, SecretString)>,
    /// `VA…`
    pub(crate) service_sid: String,
    /// Twilio's, unless a test says otherwise.
    pub(crate) base_url: Option<Url>,
    /// Locales that Verify is known to take; `None` is the documented list.
    pub(crate) locales: Option<Vec<String>>,
}

/// `[feedback]`
#[derive(Debug)]
pub(crate) struct FeedbackConfig {
    /// Ways to find an event's verification, in order.
    pub(crate) ways: Vec<MatchedBy>,
    /// How long a verification lives.
    pub(crate) verification_life: Duration,
}

/// `[log]`
#[derive(Debug)]
pub(crate) struct LogConfig {
    /// How a line looks.
    pub(crate) format: LogFormat,
    /// A filter as `RUST_LOG` takes it; `RUST_LOG` wins.
    pub(crate) level: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For machines.
    Json,
    /// For people.
    Text,
}

impl Config {
    /// Reads everything; problems and the settings in effect go into the reader's notes. Returns warnings too.
    pub(super) fn read(mut root: Reader<'_>) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let server = ServerConfig::read(root.section("server"));
        let loopback = server.listen.ip().is_loopback();
        let config = Self {
            admin: AdminConfig::read(root.section("admin")),
            journal: JournalConfig::read(root.section("journal")),
            ledger: LedgerConfig::read(root.section("ledger")),
            queue: QueueConfig::read(root.section("queue")),
            privacy: PrivacyConfig::read(root.section("privacy")),
            orgs: orgs(root.section("okta"), loopback, &mut warnings),
            telephony: TelephonyConfig::read(root.section("telephony")),
            feedback: FeedbackConfig::read(root.section("feedback"), &mut warnings),
            log: LogConfig::read(root.section("log")),
            server,
        };
        root.not_yet("guard");
        root.finish();
        (config, warnings)
    }

    /// Nothing but this process is needed: its ledger and its queue are its own.
    pub(crate) fn embedded(&self) -> bool {
        self.ledger.url.expose_secret().starts_with("sqlite:") && self.queue.url.expose_secret() == "memory:"
    }
}

const ADDRESS: &str = "an address like 127.0.0.1:8080";

fn address(reader: &mut Reader<'_>, default: &str) -> SocketAddr {
    let address: Option<SocketAddr> = reader.parsed("listen", default, ADDRESS);
    address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// A URL that a request with a secret may go to: https, or plain http to this very machine.
fn outbound(reader: &mut Reader<'_>, key: &str) -> Option<Url> {
    let text = reader.string(key)?;
    let Ok(url) = text.parse::<Url>() else {
        reader.problem(key, "is not a URL");
        return None;
    };
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        "http" => reader.problem(key, "is not encrypted: use https:// (http:// is for this very machine)"),
        _ => reader.problem(key, "is not an https:// URL"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        reader.problem(key, "holds a password; credentials have settings of their own");
    }
    Some(url)
}

impl ServerConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let listen = address(&mut reader, "127.0.0.1:8080");
        // Checked, for the provider callbacks that will be signed for it.
        let _ = outbound(&mut reader, "public_url");
        reader.finish();
        Self { listen }
    }
}

impl AdminConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let listen = address(&mut reader, "127.0.0.1:9090");
        let token = reader.secret("token");
        if token.is_none() && !listen.ip().is_loopback() {
            reader.problem("token", "is missing: required when admin.listen is not a loopback address");
        }
        reader.finish();
        Self { listen, token }
    }
}

impl JournalConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let dir: PathBuf = reader.parsed("dir", "data/journal", "a path").unwrap_or_default();
        let max_bytes = reader.size("max_bytes", "2GiB");
        if max_bytes < 1 << 20 {
            reader.problem("max_bytes", "is less than 1MiB");
        }
        let retain = reader.duration("retain", "24h");
        reader.finish();
        Self { dir, max_bytes, retain }
    }
}

impl LedgerConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let url = reader.secret_or("url", "sqlite:data/ledger.db");
        let text = url.expose_secret();
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            reader.problem("url", "Postgres is not supported by this version; use sqlite:PATH");
        } else if !text.starts_with("sqlite:") {
            reader.problem("url", "is not sqlite:PATH");
        }
        reader.finish();
        Self { url }
    }
}

impl QueueConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let url = reader.secret_or("url", "memory:");
        if url.expose_secret() != "memory:" {
            reader.problem("url", "only memory: is supported by this version");
        }
        // Checked, for the broker that will use it.
        let _: Option<String> = reader.parsed("prefix", "ringback", "a name");
        reader.finish();
        Self { url }
    }
}

impl PrivacyConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let key = reader.secret("key");
        if let Some(key) = &key
            && let Err(err) = otp::Vault::from_base64(key.expose_secret())
        {
            reader.problem("key", err);
        }
        let phone_retention = reader.duration("phone_retention", "24h");
        let transaction_retention = reader.duration("transaction_retention", "395d");
        reader.finish();
        Self { key, phone_retention, transaction_retention }
    }
}

fn orgs(mut okta: Reader<'_>, loopback: bool, warnings: &mut Vec<String>) -> Vec<OrgConfig> {
    let names = okta.sections("orgs");
    let mut list = okta.section("orgs");
    if names.is_empty() {
        list.problem("main", "is missing: name at least one org");
    }
    let orgs = names
        .into_iter()
        .filter_map(|name| match OrgName::new(&name) {
            Ok(org) => Some(OrgConfig::read(org, list.section(&name), loopback, warnings)),
            Err(err) => {
                list.problem(&name, err);
                let _ = list.section(&name);
                None
            }
        })
        .collect();
    list.finish();
    okta.finish();
    orgs
}

/// A hook secret of fewer bytes can be guessed.
const SECRET_BYTES: usize = 32;

impl OrgConfig {
    fn read(name: OrgName, mut reader: Reader<'_>, loopback: bool, warnings: &mut Vec<String>) -> Self {
        let base_url = outbound(&mut reader, "base_url");
        let hook_secrets = reader.secrets("hook_secrets");
        if hook_secrets.is_empty() {
            reader.problem("hook_secrets", "is empty: Okta needs one to speak for this org");
        }
        if hook_secrets.iter().any(|secret| secret.expose_secret().len() < SECRET_BYTES) {
            let what = format!("holds one of fewer than {SECRET_BYTES} bytes");
            if loopback {
                warnings.push(format!(
                    "{}: {what}; a listener that others can reach refuses to start with it",
                    reader.name("hook_secrets")
                ));
            } else {
                reader.problem("hook_secrets", what);
            }
        }
        let hook_header = reader.parsed("hook_header", "authorization", "a header name");
        let api_token = reader.secret("api_token");
        if api_token.is_some() && base_url.is_none() {
            reader.problem("base_url", "is missing: api_token is for Okta's API");
        }
        let default_country = reader.string("default_country").and_then(|code| match code.parse() {
            Ok(country) => Some(country),
            Err(err) => {
                reader.problem("default_country", format!("{err}"));
                None
            }
        });
        for key in ["oauth", "client_id", "private_key"] {
            reader.not_yet(key);
        }
        reader.finish();
        let hook_header = hook_header.unwrap_or(http::header::AUTHORIZATION);
        Self { name, base_url, hook_secrets, hook_header, api_token, default_country }
    }
}

impl TelephonyConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let deadline = reader.duration("deadline", "2600ms");
        if !(Duration::from_millis(500)..=Duration::from_millis(2800)).contains(&deadline) {
            reader.problem(
                "deadline",
                "is not between 500ms and 2800ms: Okta waits 3 s, its connect and TLS included",
            );
        }
        let max_attempts: u8 = reader.parsed("max_attempts", "2", "1 or 2").unwrap_or(2);
        if !(1..=2).contains(&max_attempts) {
            reader.problem("max_attempts", "is not 1 or 2");
        }
        let defaults = AnswerPolicy::default();
        let policy = AnswerPolicy {
            on_ambiguous: reader
                .choice(
                    "on_ambiguous",
                    "pending",
                    &[
                        ("pending", OnAmbiguous::Pending),
                        ("error", OnAmbiguous::Error),
                        ("successful", OnAmbiguous::Successful),
                    ],
                )
                .unwrap_or(defaults.on_ambiguous),
            on_failed: reader
                .choice("on_failed", "error", &[("error", OnFailed::Error), ("failed", OnFailed::Failed)])
                .unwrap_or(defaults.on_failed),
            on_blocked: reader
                .choice("on_blocked", "error", &[("error", OnBlocked::Error), ("silent", OnBlocked::Silent)])
                .unwrap_or(defaults.on_blocked),
        };
        reader.not_yet("routes");
        let names = reader.sections("providers");
        let mut list = reader.section("providers");
        if names.is_empty() {
            list.problem("verify", "is missing: name at least one provider");
        }
        let providers =
            names.into_iter().map(|name| ProviderConfig::read(name.clone(), list.section(&name))).collect();
        list.finish();
        reader.finish();
        Self { deadline, max_attempts, policy, providers }
    }
}

impl ProviderConfig {
    fn read(name: String, mut reader: Reader<'_>) -> Self {
        reader.choice("kind", "", &[("twilio-verify", ())]);
        let verify = VerifyConfig::read(&mut reader);
        reader.finish();
        Self { name, verify }
    }
}

impl VerifyConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let account_sid = reader.required("account_sid");
        let auth_token = reader.secret("auth_token");
        let api_key = reader.string("api_key");
        let api_secret = reader.secret("api_secret");
        let api_key = match (api_key, api_secret) {
            (Some(key), Some(secret)) => Some((key, secret)),
            (None, None) => None,
            (Some(_), None) => {
                reader.problem("api_secret", "is missing: api_key needs it");
                None
            }
            (None, Some(_)) => {
                reader.problem("api_key", "is missing: api_secret needs it");
                None
            }
        };
        if auth_token.is_none() && api_key.is_none() {
            reader.problem("auth_token", "is missing: give auth_token, or api_key and api_secret");
        }
        let service_sid = reader.required("service_sid");
        let base_url = outbound(reader, "base_url");
        let locales = reader.list("locales", &[]);
        let locales = (!locales.is_empty()).then_some(locales);
        Self { account_sid, auth_token, api_key, service_sid, base_url, locales }
    }
}

impl FeedbackConfig {
    fn read(mut reader: Reader<'_>, warnings: &mut Vec<String>) -> Self {
        let mut ways = Vec::new();
        for word in reader.list("match", &["record", "factor", "profile"]) {
            match word.parse() {
                Ok(way) => ways.push(way),
                Err(()) => reader.problem("match", "holds something else than record, factor, profile"),
            }
        }
        let verification_life = reader.duration("verification_life", "10m");
        // Twilio's support can set 2 minutes to 24 hours.
        if !(Duration::from_secs(120)..=Duration::from_secs(86_400)).contains(&verification_life) {
            reader.problem("verification_life", "is not between 2m and 24h");
        }
        let cancel =
            reader.choice("cancel", "never", &[("never", false), ("on_cap", true), ("on_expiry", true)]);
        if cancel == Some(true) {
            warnings.push(format!("{}: this version never cancels a verification", reader.name("cancel")));
        }
        reader.choice("mode", "dispatch", &[("dispatch", ())]);
        reader.finish();
        Self { ways, verification_life }
    }
}

impl LogConfig {
    fn read(mut reader: Reader<'_>) -> Self {
        let words = [("json", LogFormat::Json), ("text", LogFormat::Text)];
        let format = reader.choice("format", "json", &words).unwrap_or(LogFormat::Json);
        let level = reader.parsed("level", "info", "a log filter").unwrap_or_default();
        reader.finish();
        Self { format, level }
    }
}
