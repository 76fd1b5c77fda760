//! The sections, each with its settings, defaults and rules.

mod feedback;
mod listeners;
mod log;
mod okta;
mod storage;
mod telephony;

use secrecy::ExposeSecret as _;
use url::Url;

pub(crate) use self::feedback::FeedbackConfig;
pub(crate) use self::listeners::{AdminConfig, ServerConfig};
pub(crate) use self::log::{LogConfig, LogFormat};
pub(crate) use self::okta::OrgConfig;
pub(crate) use self::storage::{JournalConfig, LedgerConfig, PrivacyConfig, QueueConfig};
pub(crate) use self::telephony::{ProviderConfig, TelephonyConfig};
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

impl Config {
    /// Reads everything; problems and the settings in effect go into the reader's notes. Returns warnings too.
    pub(in crate::config) fn read(mut root: Reader<'_>) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let server = ServerConfig::read(root.section("server"));
        let loopback = server.listen.ip().is_loopback();
        let config = Self {
            admin: AdminConfig::read(root.section("admin")),
            journal: JournalConfig::read(root.section("journal")),
            ledger: LedgerConfig::read(root.section("ledger")),
            queue: QueueConfig::read(root.section("queue")),
            privacy: PrivacyConfig::read(root.section("privacy")),
            orgs: okta::orgs(root.section("okta"), loopback, &mut warnings),
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
