use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::client::Auth;
use crate::options::Checks;

/// The user name of HTTP Basic. Twilio promises no form for it beyond its first letters; whether it is one, Twilio knows
/// ([`Provider::check`](crate::Provider::check)).
fn is_account(text: &str, prefix: &str) -> bool {
    text.len() > prefix.len() && text.starts_with(prefix) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What every Twilio product needs.
pub(crate) fn check_account(checks: &mut Checks, account_sid: &str, auth: &Auth, base_url: &Url) {
    checks.that(is_account(account_sid, "AC"), "account_sid", "does not look like AC…");
    let given = |secret: &SecretString| !secret.expose_secret().trim().is_empty();
    match auth {
        Auth::Token(token) => checks.that(given(token), "auth_token", "is empty"),
        Auth::ApiKey { key, secret } => {
            checks.that(is_account(key, "SK"), "api_key", "does not look like SK…");
            checks.that(given(secret), "api_secret", "is empty");
        }
    }
    checks.base_url(base_url);
}
