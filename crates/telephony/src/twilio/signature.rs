//! `X-Twilio-Signature`: that a request is Twilio's (Twilio docs: webhooks security; checked against the webhooks module of Twilio's
//! own Node library).

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;

const HEADER: &str = "x-twilio-signature";

/// The parameter Twilio adds to the URL of a request whose body is no form.
const BODY_HASH: &str = "bodySHA256";

/// Whether Twilio signed this request with the account's token. `url` is the one Twilio called, as far as we know.
///
/// A form's parameters are part of what is signed. Any other body is signed through the hash in the URL.
pub(crate) fn is_signed(auth_token: &SecretString, url: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let token = auth_token.expose_secret();
    let Some(given) = signature(headers) else { return false };
    if token.trim().is_empty() {
        return false;
    }
    let parameters = match body_hashes(url).as_slice() {
        [] => parameters(body),
        [hash] if is_hash_of(hash, body) => String::new(),
        _ => return false,
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    // Every spelling is tried, so that the time does not tell which one it was.
    let matches = spellings(url).iter().fold(Choice::from(0), |matches, url| {
        let mut context = hmac::Context::with_key(&key);
        context.update(url.as_bytes());
        context.update(parameters.as_bytes());
        matches | context.sign().as_ref().ct_eq(&given)
    });
    matches.into()
}

/// Whether the URL says that the body is no form.
pub(crate) fn is_hashed(url: &str) -> bool {
    !body_hashes(url).is_empty()
}

/// The one signature that came with the request.
fn signature(headers: &HeaderMap) -> Option<Vec<u8>> {
    let mut all = headers.get_all(HEADER).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return None };
    STANDARD.decode(only.as_bytes()).ok()
}

fn query(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, query)| query)
}

fn body_hashes(url: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(query(url).as_bytes());
    pairs.filter(|(name, _)| name == BODY_HASH).map(|(_, value)| value.into_owned()).collect()
}

fn is_hash_of(hex: &str, body: &[u8]) -> bool {
    hex::decode(hex).is_ok_and(|hash| digest(&SHA256, body).as_ref().ct_eq(&hash).into())
}

/// A form as it is signed: names and values run together, by name, a name's values sorted and each once.
fn parameters(body: &[u8]) -> String {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).collect();
    pairs.sort_by(|a, b| utf16(&a.0).cmp(utf16(&b.0)).then_with(|| utf16(&a.1).cmp(utf16(&b.1))));
    pairs.dedup();
    pairs.iter().flat_map(|(name, value)| [&**name, &**value]).collect()
}

/// The order of Twilio's libraries, which sort by UTF-16 units.
fn utf16(text: &str) -> std::str::EncodeUtf16<'_> {
    text.encode_utf16()
}

/// The URL in the spellings Twilio may have signed: it is not consistent about a port, nor about how a query is encoded.
fn spellings(url: &str) -> [String; 4] {
    let with = with_port(url);
    let without = without_port(url);
    [legacy_query(&without), legacy_query(&with), without, with]
}

/// Scheme, user and host; port; the rest.
fn split_port(url: &str) -> Option<(&str, Option<&str>, &str)> {
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let (authority, rest) = url.split_at(end);
    // The colon after the host, not one in a user's password or an IPv6 address.
    let host = authority.rfind(['@', ']']).map_or(start, |at| at + 1);
    Some(match authority[host..].find(':') {
        Some(colon) => (&authority[..host + colon], Some(&authority[host + colon + 1..]), rest),
        None => (authority, None, rest),
    })
}

fn without_port(url: &str) -> String {
    split_port(url).map_or_else(|| url.to_owned(), |(host, _, rest)| format!("{host}{rest}"))
}

fn with_port(url: &str) -> String {
    match split_port(url) {
        Some((host, None, rest)) if host.starts_with("https:") => format!("{host}:443{rest}"),
        Some((host, None, rest)) => format!("{host}:80{rest}"),
        _ => url.to_owned(),
    }
}

/// The query read and written again as Node's `querystring` does it: a name's values next to each other.
fn legacy_query(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    // Whoever calls writes the query, and nobody knows yet who that is: no loop inside a loop here.
    let mut first = HashMap::new();
    for (at, (name, _)) in pairs.iter().enumerate() {
        first.entry(&**name).or_insert(at);
    }
    let mut grouped: Vec<_> = pairs.iter().collect();
    grouped.sort_by_key(|(name, _)| first.get(&**name));
    let written = grouped.iter().map(|(name, value)| format!("{}={}", legacy(name), legacy(value)));
    format!("{path}?{}", written.collect::<Vec<_>>().join("&"))
}

fn legacy(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut written, b| {
        if b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b) {
            written.push(char::from(b));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(written, "%{b:02X}");
        }
        written
    })
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::hmac;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;
    use secrecy::SecretString;
    use serde_json::Value;
    use url::form_urlencoded::Serializer;

    use super::{is_signed, parameters, spellings};

    pub(in crate::twilio) const TOKEN: &str = "12345abcdef";
    const URL: &str = "https://byot.example.com/webhooks/twilio/message-status?tenant=acme";

    fn token() -> SecretString {
        TOKEN.into()
    }

    pub(in crate::twilio) fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("X-Twilio-Signature", HeaderValue::from_str(signature).unwrap());
        headers
    }

    /// Signs what is put together by hand.
    pub(in crate::twilio) fn sign(text: &str) -> HeaderMap {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
        headers(&STANDARD.encode(hmac::sign(&key, text.as_bytes())))
    }

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/samples/signature-vectors.json")).unwrap()
    }

    fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
        vector[name].as_str().unwrap()
    }

    fn form(vector: &Value) -> String {
        let params = vector["params"].as_object().unwrap().iter();
        Serializer::new(String::new()).extend_pairs(params.map(|(n, v)| (n, v.as_str().unwrap()))).finish()
    }

    #[test]
    fn the_vectors_of_twilios_own_library_verify() {
        let vectors = vectors();
        let (form_vector, json) = (&vectors["twilio_form"], &vectors["twilio_json"]);
        let body = form(form_vector);
        let signed = text(form_vector, "string_to_sign");
        assert_eq!(format!("{URL}{}", parameters(body.as_bytes())), signed);
        let header = headers(text(form_vector, "x_twilio_signature"));
        assert!(is_signed(&token(), URL, &header, body.as_bytes()));
        let header = headers(text(json, "x_twilio_signature"));
        assert!(is_signed(&token(), text(json, "url"), &header, text(json, "body").as_bytes()));
    }

    #[test]
    fn any_other_byte_is_another_request() {
        let vectors = vectors();
        let (form_vector, json) = (&vectors["twilio_form"], &vectors["twilio_json"]);
        for (vector, body) in [(form_vector, form(form_vector)), (json, text(json, "body").to_owned())] {
            let (url, header) = (text(vector, "url"), headers(text(vector, "x_twilio_signature")));
            for at in 0..body.len() {
                let mut other = body.clone().into_bytes();
                other[at] ^= 1;
                assert!(!is_signed(&token(), url, &header, &other), "body {at}");
            }
            for at in 0..url.len() {
                let mut other = url.to_owned().into_bytes();
                other[at] ^= 1;
                let other = String::from_utf8(other).unwrap();
                assert!(!is_signed(&token(), &other, &header, body.as_bytes()), "{other}");
            }
            for shorter in [&body[1..], &body[..body.len() - 1], ""] {
                assert!(!is_signed(&token(), url, &header, shorter.as_bytes()), "{shorter}");
            }
            assert!(!is_signed(&token(), url, &header, format!("{body}&x=1").as_bytes()));
        }
    }

    #[test]
    fn only_one_good_header_and_a_real_token_do() {
        let signed = sign(&format!("{URL}To1"));
        let good = signed["x-twilio-signature"].clone();
        assert!(is_signed(&token(), URL, &signed, b"To=1"));
        for other in ["12345abcdeF", "", " ", "12345abcdef "] {
            assert!(!is_signed(&other.into(), URL, &signed, b"To=1"), "{other:?}");
        }
        assert!(!is_signed(&token(), URL, &HeaderMap::new(), b"To=1"));
        let mut twice = signed.clone();
        twice.append("X-Twilio-Signature", good);
        assert!(!is_signed(&token(), URL, &twice, b"To=1"));
        for garbage in ["", "=", "AAAA", "not base64!", "AAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(!is_signed(&token(), URL, &headers(garbage), b"To=1"), "{garbage}");
        }
        let mut bytes = HeaderMap::new();
        bytes.insert("X-Twilio-Signature", HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert!(!is_signed(&token(), URL, &bytes, b"To=1"));
    }

    #[test]
    fn an_empty_token_never_verifies() {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"");
        let header = headers(&STANDARD.encode(hmac::sign(&key, URL.as_bytes())));
        assert!(!is_signed(&"".into(), URL, &header, b""));
    }

    #[test]
    fn names_are_sorted_and_values_of_one_name_are_each_there_once() {
        for (body, signed) in [
            ("", ""),
            ("b=2&a=1&B=3", "B3a1b2"),
            ("a=2&a=1&a=2", "a1a2"),
            ("a=&b", "ab"),
            ("a=x+y%20z%2B", "ax y z+"),
            ("%F0%9F%98%80=1&%EF%AC%81=2", "\u{1f600}1\u{fb01}2"),
        ] {
            assert_eq!(parameters(body.as_bytes()), signed, "{body}");
        }
    }

    #[test]
    fn a_port_and_a_query_may_be_spelt_either_way() {
        for (called, signed) in [
            ("https://a.example/x?b=1", "https://a.example:443/x?b=1"),
            ("https://a.example:443/x?b=1", "https://a.example/x?b=1"),
            ("http://a.example/x", "http://a.example:80/x"),
            ("https://a.example:8443/x", "https://a.example/x"),
            ("https://a.example:8443/x", "https://a.example:8443/x"),
            ("https://u:p@a.example/x", "https://u:p@a.example:443/x"),
            ("https://[::1]/x", "https://[::1]:443/x"),
            ("https://a.example", "https://a.example:443"),
            ("https://a.example/x?b=c/d+e'", "https://a.example/x?b=c%2Fd%20e'"),
            ("https://a.example/x?b=1&c=2&b=3", "https://a.example:443/x?b=1&b=3&c=2"),
            ("https://a.example/x?b", "https://a.example/x?b="),
        ] {
            assert!(is_signed(&token(), called, &sign(signed), b""), "{called} {signed}");
        }
        for (called, signed) in [
            ("https://a.example/x", "https://a.example:80/x"),
            ("https://a.example/x", "http://a.example/x"),
            ("https://a.example/x", "https://a.example/x/"),
            ("https://a.example:8443/x", "https://a.example:443/x"),
            ("https://a.example/x?b=1", "https://a.example/x"),
            ("https://a.example/x?b=1", "https://a.example/x?b=2"),
        ] {
            assert!(!is_signed(&token(), called, &sign(signed), b""), "{called} {signed}");
        }
    }

    #[test]
    fn a_hash_in_the_url_must_be_the_bodys_and_the_only_one() {
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (query, fine) in [
            (format!("bodySHA256={hash}"), true),
            (format!("a=1&bodySHA256={}", hash.to_uppercase()), true),
            (format!("bodySHA256={hash}&bodySHA256={hash}"), false),
            (format!("bodySHA256={}", &hash[..62]), false),
            ("bodySHA256=".to_owned(), false),
            ("bodySHA256=x".to_owned(), false),
        ] {
            let url = format!("https://a.example/x?{query}");
            assert_eq!(is_signed(&token(), &url, &sign(&url), b""), fine, "{query}");
            assert!(!is_signed(&token(), &url, &sign(&url), b"a=1"), "{query}");
        }
    }

    proptest! {
        #[test]
        fn c13_nothing_panics(url in ".{0,60}", body in prop::collection::vec(any::<u8>(), 0..100)) {
            spellings(&url);
            prop_assert!(!is_signed(&token(), &url, &headers("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), &body));
        }
    }
}
