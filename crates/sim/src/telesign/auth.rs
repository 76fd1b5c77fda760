//! Both ways to sign in: HTTP Basic, and a digest of the request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, Method, header};

use crate::options::TelesignAccount;
use crate::sign;
use crate::vendor::Arrival;

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No credentials, or of no known form.
    Unreadable,
    /// Not this customer.
    Customer,
    /// Not this customer's key.
    Key,
}

/// Lets a request in; of a digest, returns the nonce, which must not come again.
pub(crate) fn sign_in(account: &TelesignAccount, arrival: &Arrival) -> Result<Option<String>, Refused> {
    let credentials = arrival.header(&header::AUTHORIZATION).ok_or(Refused::Unreadable)?;
    let (scheme, value) = credentials.split_once(' ').ok_or(Refused::Unreadable)?;
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(account, value).map(|()| None);
    }
    if scheme != "TSA" {
        return Err(Refused::Unreadable);
    }
    let (customer, signature) = value.split_once(':').ok_or(Refused::Unreadable)?;
    if customer != account.customer_id {
        return Err(Refused::Customer);
    }
    let nonce = arrival.header(&NONCE).ok_or(Refused::Unreadable)?;
    let text = string_to_sign(arrival).ok_or(Refused::Unreadable)?;
    if sign::telesign_fits(&account.api_key, &text, signature) {
        Ok(Some(nonce.to_owned()))
    } else {
        Err(Refused::Key)
    }
}

fn basic(account: &TelesignAccount, value: &str) -> Result<(), Refused> {
    let decoded = STANDARD.decode(value.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
    let pair = decoded.ok_or(Refused::Unreadable)?;
    let (customer, key) = pair.split_once(':').ok_or(Refused::Unreadable)?;
    if customer != account.customer_id {
        Err(Refused::Customer)
    } else if key != account.api_key {
        Err(Refused::Key)
    } else {
        Ok(())
    }
}

const AUTH_METHOD: HeaderName = HeaderName::from_static("x-ts-auth-method");
const DATE: HeaderName = HeaderName::from_static("x-ts-date");
const NONCE: HeaderName = HeaderName::from_static("x-ts-nonce");

/// What a digest is taken of; none if a header is missing.
fn string_to_sign(arrival: &Arrival) -> Option<Vec<u8>> {
    let bodiless = matches!(arrival.method, Method::GET | Method::DELETE);
    let content_type = arrival.header(&header::CONTENT_TYPE).filter(|_| !bodiless).unwrap_or_default();
    let own_date = arrival.header(&DATE);
    let date = if own_date.is_some() { "" } else { arrival.header(&header::DATE)? };
    let method = arrival.header(&AUTH_METHOD).filter(|method| *method == "HMAC-SHA256")?;
    let mut lines: Vec<Vec<u8>> = vec![
        arrival.method.as_str().into(),
        content_type.into(),
        date.into(),
        format!("x-ts-auth-method:{method}").into_bytes(),
    ];
    lines.extend(own_date.map(|date| format!("x-ts-date:{date}").into_bytes()));
    lines.push(format!("x-ts-nonce:{}", arrival.header(&NONCE)?).into_bytes());
    if !arrival.body.is_empty() {
        lines.push(arrival.body.to_vec());
    }
    lines.push(arrival.raw_path.as_bytes().to_vec());
    Some(lines.join(&b'\n'))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::Value;

    use super::*;

    fn vector() -> Value {
        let all = include_str!("../../tests/fixtures/signature-vectors.json");
        serde_json::from_str::<Value>(all).unwrap()["telesign_request_digest_json"].take()
    }

    fn text(vector: &Value, key: &str) -> String {
        vector[key].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_digest() {
        let vector = vector();
        let account = TelesignAccount {
            customer_id: text(&vector, "customer_id"),
            api_key: text(&vector, "api_key_b64"),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONTENT_TYPE, text(&vector, "content_type")),
            (header::DATE, text(&vector, "date")),
            (AUTH_METHOD, "HMAC-SHA256".to_owned()),
            (NONCE, text(&vector, "nonce")),
            (header::AUTHORIZATION, text(&vector, "authorization")),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let mut arrival = Arrival {
            method: Method::POST,
            path: text(&vector, "resource"),
            raw_path: text(&vector, "resource"),
            query: None,
            headers,
            body: Bytes::from(text(&vector, "body")),
        };
        assert_eq!(string_to_sign(&arrival).unwrap(), text(&vector, "string_to_sign").into_bytes());
        assert_eq!(sign_in(&account, &arrival), Ok(Some(text(&vector, "nonce"))));
        arrival.body = Bytes::from_static(b"{}");
        assert_eq!(sign_in(&account, &arrival), Err(Refused::Key));
        arrival.headers.remove(header::DATE);
        assert_eq!(sign_in(&account, &arrival), Err(Refused::Unreadable));
    }

    #[test]
    fn a_password() {
        let account = TelesignAccount::default();
        let pair = |customer: &str, key: &str| basic(&account, &STANDARD.encode(format!("{customer}:{key}")));
        assert_eq!(pair(&account.customer_id, &account.api_key), Ok(()));
        assert_eq!(pair("X", &account.api_key), Err(Refused::Customer));
        assert_eq!(pair(&account.customer_id, "X"), Err(Refused::Key));
        assert_eq!(basic(&account, "!!!"), Err(Refused::Unreadable));
    }
}
