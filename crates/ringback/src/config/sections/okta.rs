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
    /// The header that holds it.
    pub(crate) hook_header: http::HeaderName,
    /// SSWS token for Okta's API.
    pub(crate) api_token: Option<SecretString>,
    /// To read numbers that have no country code.
    pub(crate) default_country: Option<Country>,
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
