use http::HeaderMap;

/// What Okta asks to see again when an event hook is verified: the header `x-okta-verification-challenge` of its one GET request
/// (Okta: event hooks, one-time verification request). `None` where it is missing, doubled, longer than 512 characters, or holds
/// anything but visible ASCII.
pub fn challenge(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all("x-okta-verification-challenge").iter();
    let (value, None) = (values.next()?.as_bytes(), values.next()) else { return None };
    let fits = (1..=512).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    fits.then(|| String::from_utf8_lossy(value).into_owned())
}

/// The body of the answer to a [`challenge`], `application/json`.
pub fn challenge_answer(challenge: &str) -> Vec<u8> {
    serde_json::json!({ "verification": challenge }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{challenge, challenge_answer};

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers
                .append("X-Okta-Verification-Challenge", HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        challenge(&headers)
    }

    #[test]
    fn g16_the_challenge_is_echoed_bounded_and_escaped() {
        assert_eq!(read(&["fakeChallengeValue_6f1c2d"]).as_deref(), Some("fakeChallengeValue_6f1c2d"));
        assert_eq!(read(&[&"x".repeat(512)]).map(|c| c.len()), Some(512));
        for bad in [&[][..], &[""], &["a", "a"], &["a b"], &["é"], &[&"x".repeat(513)]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        let sample: serde_json::Value =
            serde_json::from_str(include_str!("../tests/samples/event-hook-verification-response.json"))
                .unwrap();
        let ours: serde_json::Value =
            serde_json::from_slice(&challenge_answer("fakeChallengeValue_6f1c2d")).unwrap();
        assert_eq!(ours, sample);
        assert_eq!(challenge_answer(r#"a"}<\"#), br#"{"verification":"a\"}<\\"}"#);
    }
}
