//! Providers as configured.

use std::sync::Arc;

use secrecy::SecretString;
use telephony::Provider;
use telephony::twilio::verify::{BASE_URL, DEFAULT_LOCALES, Verify, VerifyOptions};
use telephony::twilio::{Auth, SetupError};

use crate::config::{Problems, ProviderConfig};

/// Makes every provider, in order of name.
///
/// # Errors
/// Everything that is wrong with their settings, by full name.
pub(crate) fn providers(configs: &[ProviderConfig]) -> Result<Vec<Arc<dyn Provider>>, Problems> {
    let mut problems = Problems::default();
    let mut made: Vec<Arc<dyn Provider>> = Vec::new();
    for config in configs {
        match verify(config) {
            Ok(provider) => made.push(Arc::new(provider)),
            Err(SetupError::Options(wrong)) => {
                for option in wrong {
                    problems
                        .add(&format!("telephony.providers.{}.{}", config.name, option.key), option.problem);
                }
            }
            Err(err @ SetupError::Client(_)) => {
                problems.add(&format!("telephony.providers.{}", config.name), err)
            }
        }
    }
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}

fn verify(config: &ProviderConfig) -> Result<Verify, SetupError> {
    let settings = &config.verify;
    let auth = match (&settings.api_key, &settings.auth_token) {
        (Some((key, secret)), _) => Auth::ApiKey { key: key.clone(), secret: secret.clone() },
        (None, Some(token)) => Auth::Token(token.clone()),
        (None, None) => Auth::Token(SecretString::default()),
    };
    let base_url = match &settings.base_url {
        Some(url) => url.clone(),
        None => BASE_URL.parse().map_err(|err: url::ParseError| SetupError::Client(err.into()))?,
    };
    let default = || DEFAULT_LOCALES.iter().map(|locale| (*locale).to_owned()).collect();
    Verify::new(VerifyOptions {
        name: config.name.clone(),
        account_sid: settings.account_sid.clone(),
        auth,
        service_sid: settings.service_sid.clone(),
        base_url,
        locales: settings.locales.clone().unwrap_or_else(default),
    })
}
