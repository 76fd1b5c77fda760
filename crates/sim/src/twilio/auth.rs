//! HTTP Basic: the account's token, or an API key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::options::TwilioAccount;

/// Whether an `Authorization` header opens `account`.
pub(crate) fn authorized(account: &TwilioAccount, header: Option<&str>) -> bool {
    let Some((scheme, encoded)) = header.and_then(|header| header.split_once(' ')) else { return false };
    if !scheme.eq_ignore_ascii_case("basic") {
        return false;
    }
    let Ok(decoded) = STANDARD.decode(encoded.trim()) else { return false };
    let Ok(pair) = String::from_utf8(decoded) else { return false };
    let Some((user, password)) = pair.split_once(':') else { return false };
    let by_token = user == account.account_sid && password == account.auth_token;
    let by_key = match (&account.api_key, &account.api_secret) {
        (Some(key), Some(secret)) => user == key && password == secret,
        _ => false,
    };
    by_token || by_key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }

    #[test]
    fn token_or_key_and_nothing_else() {
        let mut account = TwilioAccount::default();
        let (sid, token) = (account.account_sid.clone(), account.auth_token.clone());
        assert!(authorized(&account, Some(&basic(&sid, &token))));
        assert!(authorized(
            &account,
            Some(&basic("SK5117000000000000000000000000f4ce", "simulated-api-secret"))
        ));
        assert!(!authorized(&account, Some(&basic(&sid, "simulated-api-secret"))));
        assert!(!authorized(&account, Some(&basic(&sid, "wrong"))));
        assert!(!authorized(&account, Some("Basic !!!")));
        assert!(!authorized(&account, Some(&format!("Bearer {token}"))));
        assert!(!authorized(&account, None));
        account.api_secret = None;
        assert!(!authorized(&account, Some(&basic("SK5117000000000000000000000000f4ce", ""))));
    }
}
