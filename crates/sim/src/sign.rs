//! How the vendors sign what they post, and what they want signed.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key, sign, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `X-Twilio-Signature` of a form posted to `url`; of a JSON body, its URL alone with no parameters.
pub(crate) fn twilio(auth_token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = form.iter().collect();
    sorted.sort();
    sorted.dedup(); // of a repeated name, the distinct values
    let mut text = url.split('#').next().unwrap_or_default().to_owned();
    for (name, value) in sorted {
        text.push_str(name);
        text.push_str(value);
    }
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_token.as_bytes());
    STANDARD.encode(sign(&key, text.as_bytes()))
}

/// `url` with the `bodySHA256` that Twilio adds where it posts JSON.
pub(crate) fn with_body_digest(url: &str, body: &[u8]) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}bodySHA256={}", hex::encode(digest(&SHA256, body)))
}

/// Telesign's key, from the Base64 it is handed out in.
fn telesign_key(api_key: &str) -> Option<Key> {
    STANDARD.decode(api_key).ok().map(|key| Key::new(HMAC_SHA256, &key))
}

/// Telesign's signature of a text or a raw body; none if the API key is no Base64.
pub(crate) fn telesign(api_key: &str, text: &[u8]) -> Option<String> {
    Some(STANDARD.encode(sign(&telesign_key(api_key)?, text)))
}

/// Whether a Telesign signature fits.
pub(crate) fn telesign_fits(api_key: &str, text: &[u8], signature: &str) -> bool {
    let (Some(key), Ok(signature)) = (telesign_key(api_key), STANDARD.decode(signature)) else {
        return false;
    };
    verify(&key, text, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../tests/fixtures/signature-vectors.json")).unwrap()
    }

    #[test]
    fn a_form_of_twilio() {
        let vector = &vectors()["twilio_form"];
        let form: Vec<(String, String)> = vector["params"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let (token, url) = (vector["auth_token"].as_str().unwrap(), vector["url"].as_str().unwrap());
        assert_eq!(twilio(token, url, &form), vector["x_twilio_signature"].as_str().unwrap());
        let twice: Vec<_> = form.iter().chain(&form).cloned().collect();
        assert_eq!(twilio(token, &format!("{url}#rc=2"), &twice), twilio(token, url, &form));
    }

    #[test]
    fn json_of_twilio() {
        let vector = &vectors()["twilio_json"];
        let url = with_body_digest(
            "https://byot.example.com/webhooks/twilio/events",
            vector["body"].as_str().unwrap().as_bytes(),
        );
        assert_eq!(url, vector["url"].as_str().unwrap());
        let signature = twilio(vector["auth_token"].as_str().unwrap(), &url, &[]);
        assert_eq!(signature, vector["x_twilio_signature"].as_str().unwrap());
        assert!(
            with_body_digest("https://a.example/?x=1", b"").starts_with("https://a.example/?x=1&bodySHA256=")
        );
    }

    #[test]
    fn a_callback_of_telesign() {
        let vector = &vectors()["telesign_callback"];
        let (key, body) = (vector["api_key_b64"].as_str().unwrap(), vector["raw_body"].as_str().unwrap());
        let signature = vector["x_ts_authorization"].as_str().unwrap();
        assert_eq!(telesign(key, body.as_bytes()).unwrap(), signature);
        assert!(telesign_fits(key, body.as_bytes(), signature));
        assert!(!telesign_fits(key, b"another", signature));
        assert_eq!(telesign("not base64!", b""), None);
    }
}
