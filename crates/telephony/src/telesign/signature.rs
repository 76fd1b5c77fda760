//! That a callback is Telesign's (Telesign docs: callback service; the two headers are told differently in different places, so both
//! are read).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Holds `TSA {customer}:{signature}`.
const AUTHORIZATION: &str = "authorization";

/// Holds the same, or the signature alone.
const TS_AUTHORIZATION: &str = "x-ts-authorization";

/// Whether Telesign signed this body with the customer's key, in either header. What is signed is the body and nothing else.
pub(crate) fn is_signed(customer_id: &str, api_key: &SecretString, headers: &HeaderMap, body: &[u8]) -> bool {
    let Ok(key) = STANDARD.decode(api_key.expose_secret().trim()).map(Zeroizing::new) else { return false };
    if key.is_empty() {
        return false;
    }
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), body);
    let given = [
        one(headers, AUTHORIZATION).and_then(|text| of_customer(text, customer_id)),
        one(headers, TS_AUTHORIZATION).and_then(|text| match text.split_once(' ') {
            Some(_) => of_customer(text, customer_id),
            None => Some(text),
        }),
    ];
    let matches = given.into_iter().flatten().filter_map(|text| STANDARD.decode(text).ok());
    matches.fold(Choice::from(0), |so_far, given| so_far | signature.as_ref().ct_eq(&given)).into()
}

/// The header's value, if it is there once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return None };
    only.to_str().ok().map(str::trim)
}

/// The signature in `TSA {customer}:{signature}`, if the customer is this one.
fn of_customer<'t>(text: &'t str, customer_id: &str) -> Option<&'t str> {
    let (customer, signature) = text.strip_prefix("TSA ")?.split_once(':')?;
    // No secret: it is in every request, and Telesign writes it in capitals.
    customer.trim().eq_ignore_ascii_case(customer_id.trim()).then_some(signature)
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::hmac;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use secrecy::SecretString;
    use serde_json::Value;

    use super::is_signed;

    pub(in crate::telesign) const CUSTOMER: &str = "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE";
    pub(in crate::telesign) const KEY: &str =
        "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QA==";

    /// Signs a body by hand.
    pub(in crate::telesign) fn sign(body: &str) -> HeaderMap {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(KEY).unwrap());
        let signature = STANDARD.encode(hmac::sign(&key, body.as_bytes()));
        headers(&[("authorization", &format!("TSA {CUSTOMER}:{signature}"))])
    }

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn vector() -> (String, String, String) {
        let all: Value =
            serde_json::from_str(include_str!("../../tests/samples/signature-vectors.json")).unwrap();
        let vector = &all["telesign_callback"];
        assert_eq!(
            (vector["customer_id"].as_str(), vector["api_key_b64"].as_str()),
            (Some(CUSTOMER), Some(KEY))
        );
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        (text("raw_body"), text("authorization"), text("x_ts_authorization"))
    }

    #[test]
    fn either_header_in_either_form_verifies() {
        let (body, full, bare) = vector();
        let other_customer = full.replace("AAAAAAAA", "FAAAAAAA");
        for (id, given, fine) in [
            ("authorization", &[("authorization", &*full)][..], true),
            ("x-ts, bare", &[("x-ts-authorization", &*bare)], true),
            ("x-ts, full", &[("x-ts-authorization", &*full)], true),
            ("both", &[("authorization", &*full), ("x-ts-authorization", &*bare)], true),
            ("a proxy's own", &[("authorization", "Basic eDp5"), ("x-ts-authorization", &*bare)], true),
            ("none", &[], false),
            ("authorization, bare", &[("authorization", &*bare)], false),
            ("another customer", &[("authorization", &*other_customer)], false),
            ("x-ts of another customer", &[("x-ts-authorization", &*other_customer)], false),
            ("twice", &[("authorization", &*full), ("authorization", &*full)], false),
            ("x-ts twice", &[("x-ts-authorization", &*bare), ("x-ts-authorization", &*bare)], false),
            ("another scheme", &[("authorization", &*full.replace("TSA", "TSB"))], false),
            ("garbage", &[("authorization", "TSA")], false),
            ("garbage", &[("x-ts-authorization", "no base64!")], false),
            ("nothing", &[("x-ts-authorization", "")], false),
        ] {
            assert_eq!(is_signed(CUSTOMER, &KEY.into(), &headers(given), body.as_bytes()), fine, "{id}");
        }
    }

    #[test]
    fn any_other_byte_or_key_does_not() {
        let (body, full, _) = vector();
        let headers = headers(&[("authorization", &*full)]);
        for at in 0..body.len() {
            let mut other = body.clone().into_bytes();
            other[at] ^= 1;
            assert!(!is_signed(CUSTOMER, &KEY.into(), &headers, &other), "{at}");
        }
        assert!(!is_signed(CUSTOMER, &KEY.into(), &headers, b""));
        for key in ["", " ", "no base64!", "AQID", &KEY.replacen('A', "B", 1)] {
            assert!(!is_signed(CUSTOMER, &SecretString::from(key), &headers, body.as_bytes()), "{key}");
        }
        assert!(!is_signed("", &KEY.into(), &headers, body.as_bytes()));
    }

    #[test]
    fn an_empty_key_never_verifies() {
        let signature = STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), b"{}"));
        let headers = headers(&[("x-ts-authorization", &*signature)]);
        assert!(!is_signed(CUSTOMER, &"".into(), &headers, b"{}"));
    }
}
