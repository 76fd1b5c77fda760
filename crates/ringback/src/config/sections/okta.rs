use std::time::Duration;

use okta::{BearerOptions, Credential, SigningKey};
use otp::{Country, OrgName};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::outbound;
use crate::config::reader::Reader;

/// `[okta.orgs.NAME]`
#[derive(Debug)]
pub(crate) struct OrgConfig {
    /// NAME.
    pub(crate) name: OrgName,
    /// Of Okta's API.
    pub(crate) base_url: Option<Url>,
    /// Any of them opens the door.
    pub(crate) hook_secrets: Vec<SecretString>,
    /// What a token says that opens the telephony hook's door too.
    pub(crate) oauth: Option<BearerOptions>,
    /// The header that holds it.
    pub(crate) hook_header: http::HeaderName,
    /// For Okta's API.
    pub(crate) credential: Option<Credential>,
    /// Percent of Okta's rate limits that are left to others.
    pub(crate) reserve: u8,
    /// To read numbers that have no country code.
    pub(crate) default_country: Option<Country>,
    /// How its System Log is read; `None` where it is not.
    pub(crate) system_log: Option<SystemLogConfig>,
}

/// `[okta.orgs.NAME.system_log]`
#[derive(Debug)]
pub(crate) struct SystemLogConfig {
    /// Between two looks.
    pub(crate) interval: Duration,
    /// How old an event is before it is looked for.
    pub(crate) lag: Duration,
}

/// A hook secret of fewer bytes can be guessed.
const SECRET_BYTES: usize = 32;

pub(super) fn orgs(mut okta: Reader<'_>, loopback: bool, warnings: &mut Vec<String>) -> Vec<OrgConfig> {
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

impl OrgConfig {
    fn read(name: OrgName, mut reader: Reader<'_>, loopback: bool, warnings: &mut Vec<String>) -> Self {
        let base_url = outbound(&mut reader, "base_url");
        let hook_secrets = reader.secrets("hook_secrets");
        let oauth = oauth(&mut reader);
        if hook_secrets.is_empty() && oauth.is_none() {
            reader.problem("hook_secrets", "is empty: Okta needs one to speak for this org");
        } else if hook_secrets.is_empty() {
            warnings.push(format!(
                "{}: is empty: Okta's event hooks come with a secret only, so no login is reported",
                reader.name("hook_secrets")
            ));
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
        let credential = credential(&mut reader);
        if credential.is_some() && base_url.is_none() {
            reader.problem("base_url", "is missing: api_token and client_id are for Okta's API");
        }
        let reserve = reader.percent("rate_limit_reserve", "10%");
        let default_country = reader.string("default_country").and_then(|code| match code.parse() {
            Ok(country) => Some(country),
            Err(err) => {
                reader.problem("default_country", format!("{err}"));
                None
            }
        });
        let system_log = SystemLogConfig::read(reader.section("system_log"));
        if system_log.is_some() && (credential.is_none() || base_url.is_none()) {
            reader.problem(
                "system_log.enabled",
                "needs base_url and a credential: the System Log is read from Okta's API",
            );
        }
        reader.finish();
        let hook_header = hook_header.unwrap_or(http::header::AUTHORIZATION);
        Self {
            name,
            base_url,
            hook_secrets,
            oauth,
            hook_header,
            credential,
            reserve,
            default_country,
            system_log,
        }
    }
}

/// `[okta.orgs.NAME.oauth]`
fn oauth(reader: &mut Reader<'_>) -> Option<BearerOptions> {
    let there = reader.has("oauth");
    let mut section = reader.section("oauth");
    if !there {
        return None;
    }
    let issuer = outbound(&mut section, "issuer");
    let [audience, client_id, scope] = ["audience", "client_id", "scope"].map(|key| section.required(key));
    if issuer.is_none() {
        section.problem(
            "issuer",
            "is missing: the authorization server, like https://example.okta.com/oauth2/default",
        );
    }
    section.finish();
    Some(BearerOptions { issuer: issuer?, audience, client_id, scope })
}

/// An API token, or a service app's id and key.
fn credential(reader: &mut Reader<'_>) -> Option<Credential> {
    let api_token = reader.secret("api_token");
    let client_id = reader.string("client_id");
    let private_key = reader.secret("private_key");
    let key_id = reader.string("private_key_id");
    if api_token.is_some() && (client_id.is_some() || private_key.is_some()) {
        reader.problem("api_token", "and client_id are both given: one of them signs in");
        return None;
    }
    let key = private_key.as_ref().map(|text| SigningKey::read(text, key_id.clone()));
    match (api_token, client_id, key) {
        (Some(token), ..) => Some(Credential::Ssws(token)),
        (None, Some(client_id), Some(Ok(key))) => Some(Credential::ServiceApp { client_id, key }),
        (None, Some(_), None) => {
            reader.problem("private_key", "is missing: the app client_id signs in with it");
            None
        }
        (None, client_id, Some(key)) => {
            if client_id.is_none() {
                reader.problem("client_id", "is missing: private_key is that app's");
            }
            if let Err(err) = key {
                reader.problem("private_key", err);
            }
            None
        }
        (None, None, None) => {
            if key_id.is_some() {
                reader.problem("private_key", "is missing: private_key_id names it");
            }
            None
        }
    }
}

impl SystemLogConfig {
    /// Of a log that is read.
    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let enabled = reader.truth("enabled", false);
        let interval = reader.duration("interval", "30s");
        // Okta allows 60 to 120 pages a minute, and a report is of use for ten minutes.
        if !(Duration::from_secs(1)..=Duration::from_secs(300)).contains(&interval) {
            reader.problem("interval", "is not between 1s and 5m");
        }
        let lag = reader.duration("lag", "20s");
        if lag > Duration::from_secs(300) {
            reader.problem("lag", "is longer than 5m: a report of a code would come too late");
        }
        reader.finish();
        enabled.then_some(Self { interval, lag })
    }
}
