//! The sections, each with its settings, defaults and rules.

mod feedback;
mod listeners;
mod log;
mod okta;
mod storage;
mod telemetry;
mod telephony;

use secrecy::ExposeSecret as _;
use url::Url;

pub(crate) use self::feedback::{Cancel, FeedbackConfig, Mode};
pub(crate) use self::listeners::{AdminConfig, ServerConfig};
pub(crate) use self::log::{LogConfig, LogFormat};
pub(crate) use self::okta::OrgConfig;
pub(crate) use self::storage::{JournalConfig, LedgerConfig, PrivacyConfig, QueueConfig};
pub(crate) use self::telemetry::TelemetryConfig;
pub(crate) use self::telephony::{
    KindConfig, LookupConfig, MessagingConfig, ProviderConfig, TelephonyConfig, TelesignConfig,
    TwilioAccount, VerifyConfig, WebhookConfig,
};
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
    /// `[telemetry]`
    pub(crate) telemetry: TelemetryConfig,
}

impl Config {
    /// Reads everything; problems and the settings in effect go into the reader's notes. Returns warnings too.
    pub(in crate::config) fn read(mut root: Reader<'_>) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let simulators = simulators(root.section("simulators"), &mut warnings);
        root.trust_simulators(simulators);
        let server = ServerConfig::read(root.section("server"));
        let loopback = server.listen.ip().is_loopback();
        let ledger = LedgerConfig::read(root.section("ledger"));
        let queue = QueueConfig::read(root.section("queue"));
        let embedded = is_embedded(&ledger, &queue);
        let orgs = okta::orgs(root.section("okta"), loopback, &mut warnings);
        let names: Vec<_> = orgs.iter().map(|org| org.name.clone()).collect();
        let config = Self {
            admin: AdminConfig::read(root.section("admin")),
            journal: JournalConfig::read(root.section("journal")),
            ledger,
            queue,
            privacy: PrivacyConfig::read(root.section("privacy"), embedded),
            telephony: TelephonyConfig::read(root.section("telephony"), &names, &mut warnings),
            orgs,
            feedback: FeedbackConfig::read(root.section("feedback")),
            log: LogConfig::read(root.section("log")),
            telemetry: TelemetryConfig::read(root.section("telemetry")),
            server,
        };
        for provider in &config.telephony.providers {
            let wanted = match &provider.kind {
                KindConfig::Telesign(settings) => settings.status_callbacks,
                // What cannot be checked is not asked for.
                KindConfig::Messaging(settings) => {
                    settings.status_callbacks && settings.account.auth_token.is_some()
                }
                KindConfig::Verify(_) | KindConfig::Webhook(_) => false,
            };
            if wanted && config.server.public_url.is_none() {
                warnings.push(format!(
                    "telephony.providers.{}.status_callbacks: has no effect without server.public_url",
                    provider.name
                ));
            }
        }
        if config.feedback.mode == Mode::FeedbackOnly {
            for org in config.orgs.iter().filter(|org| org.base_url.is_none() || org.credential.is_none()) {
                let key = format!("okta.orgs.{}.base_url", org.name);
                root.problem(&key, "and a credential are needed where feedback.mode is feedback-only: nothing but Okta's API tells whose phone it is");
            }
        }
        root.not_yet("guard");
        root.finish();
        (config, warnings)
    }
}

/// Nothing but this process is needed: its ledger and its queue are its own.
fn is_embedded(ledger: &LedgerConfig, queue: &QueueConfig) -> bool {
    ledger.url.expose_secret().starts_with("sqlite:") && !queue.is_broker()
}

/// `[simulators]`: the hosts that Okta and providers are simulated on.
fn simulators(mut reader: Reader<'_>, warnings: &mut Vec<String>) -> Vec<String> {
    let hosts = reader.list("hosts", &[]);
    if !hosts.is_empty() {
        warnings.push(format!(
            "simulators.hosts: plain http is used to {}; no real code is sent there",
            hosts.join(", ")
        ));
    }
    reader.finish();
    hosts
}

/// A URL that a request with a secret may go to: https, or plain http to this very machine or a simulator.
fn outbound(reader: &mut Reader<'_>, key: &str) -> Option<Url> {
    let text = reader.string(key)?;
    check_outbound(reader, key, &text)
}

fn check_outbound(reader: &mut Reader<'_>, key: &str, text: &str) -> Option<Url> {
    let Ok(url) = text.parse::<Url>() else {
        reader.problem(key, "is not a URL");
        return None;
    };
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || reader.is_simulator(name),
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
