//! `[telephony]`: how codes are sent.

mod lookup;
mod provider;
mod route;
mod webhook;
mod wording;

use std::time::Duration;

use ingress::{AnswerPolicy, OnAmbiguous, OnBlocked, OnFailed};
use telephony::Route;

pub(crate) use self::lookup::LookupConfig;
pub(crate) use self::provider::{
    KindConfig, MessagingConfig, ProviderConfig, TelesignConfig, TwilioAccount, VerifyConfig,
};
pub(crate) use self::webhook::WebhookConfig;
use crate::config::reader::Reader;

/// `[telephony]`
#[derive(Debug)]
pub(crate) struct TelephonyConfig {
    /// From a hook's first byte to its answer.
    pub(crate) deadline: Duration,
    /// Calls to providers per hook.
    pub(crate) max_attempts: u8,
    /// What Okta is told.
    pub(crate) policy: AnswerPolicy,
    /// A user who asks again within this time gets the next provider; `None`: the same.
    pub(crate) next_on_resend: Option<Duration>,
    /// In order of name.
    pub(crate) providers: Vec<ProviderConfig>,
    /// In order.
    pub(crate) routes: Vec<Route>,
    /// What messages say where the text is ours.
    pub(crate) wording: telephony::WordingOptions,
    /// What is asked about numbers, where anything is.
    pub(crate) lookup: Option<LookupConfig>,
}

impl TelephonyConfig {
    /// `orgs` are the names that a route may ask for.
    pub(super) fn read(mut reader: Reader<'_>, orgs: &[otp::OrgName], warnings: &mut Vec<String>) -> Self {
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
        let policy = policy(&mut reader);
        let on_resend = reader.choice("on_resend", "same", &[("same", false), ("next", true)]);
        let window = reader.duration("resend_window", "2m");
        if !(Duration::from_secs(10)..=Duration::from_secs(600)).contains(&window) {
            reader.problem("resend_window", "is not between 10s and 10m");
        }
        let providers = providers(&mut reader, warnings);
        let names: Vec<_> = providers.iter().map(|provider| provider.name.as_str()).collect();
        let routes = reader.tables("routes", |table| route::read(table, orgs, &names));
        route::warn(&reader.name("routes"), &routes, warnings);
        let wording = wording::read(reader.section("wording"));
        let lookup = reader.has("lookup").then(|| LookupConfig::read(reader.section("lookup")));
        reader.finish();
        let next_on_resend = on_resend.unwrap_or_default().then_some(window);
        Self { deadline, max_attempts, policy, next_on_resend, providers, routes, wording, lookup }
    }
}

fn policy(reader: &mut Reader<'_>) -> AnswerPolicy {
    let defaults = AnswerPolicy::default();
    let on_ambiguous = [
        ("pending", OnAmbiguous::Pending),
        ("error", OnAmbiguous::Error),
        ("successful", OnAmbiguous::Successful),
    ];
    let on_failed = [("error", OnFailed::Error), ("failed", OnFailed::Failed)];
    let on_blocked = [("error", OnBlocked::Error), ("silent", OnBlocked::Silent)];
    AnswerPolicy {
        on_ambiguous: reader
            .choice("on_ambiguous", "pending", &on_ambiguous)
            .unwrap_or(defaults.on_ambiguous),
        on_failed: reader.choice("on_failed", "error", &on_failed).unwrap_or(defaults.on_failed),
        on_blocked: reader.choice("on_blocked", "error", &on_blocked).unwrap_or(defaults.on_blocked),
    }
}

fn providers(reader: &mut Reader<'_>, warnings: &mut Vec<String>) -> Vec<ProviderConfig> {
    let names = reader.sections("providers");
    let mut list = reader.section("providers");
    if names.is_empty() {
        list.problem("verify", "is missing: name at least one provider");
    }
    let mut providers = Vec::new();
    for name in names {
        // It is a part of the URL that the provider calls back.
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) || name.len() > 64 {
            list.problem(&name, "is no name for a provider: use letters, digits, - and _");
        }
        providers.extend(ProviderConfig::read(name.clone(), list.section(&name), warnings));
    }
    list.finish();
    providers
}
