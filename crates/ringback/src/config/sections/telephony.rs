use std::time::Duration;

use ingress::{AnswerPolicy, OnAmbiguous, OnBlocked, OnFailed};
use secrecy::SecretString;
use url::Url;

use super::outbound;
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

impl TelephonyConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
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
