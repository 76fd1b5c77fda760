use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use okta::{AuthError, HookAuth, SecretIndex};

const CURRENT: &str = "Basic ZmFrZTpub3QtYS1yZWFsLXNlY3JldA==";
const NEXT: &str = "another-secret-that-is-valid-during-a-rotation";

fn auth(secrets: &[&str]) -> HookAuth {
    HookAuth::new(AUTHORIZATION, secrets.iter().map(|s| (*s).into()).collect())
}

fn headers(values: &[&str]) -> HeaderMap {
    let value = |v: &&str| (AUTHORIZATION, HeaderValue::from_bytes(v.as_bytes()).unwrap());
    let mut headers = HeaderMap::new();
    for (name, value) in values.iter().map(value) {
        headers.append(name, value);
    }
    headers
}

#[test]
fn s1_only_the_secret_itself_opens() {
    let auth = auth(&[CURRENT, NEXT]);
    let two_in_one = format!("{CURRENT}, {CURRENT}");
    for (values, answer) in [
        (&[CURRENT][..], Ok(SecretIndex(0))),
        (&[NEXT], Ok(SecretIndex(1))),
        (&[], Err(AuthError::Missing)),
        (&[""], Err(AuthError::Missing)),
        (&["wrong"], Err(AuthError::Wrong)),
        (&[&CURRENT[..CURRENT.len() - 1]], Err(AuthError::Wrong)),
        (&[&format!("{CURRENT}=")], Err(AuthError::Wrong)),
        (&[&CURRENT.to_lowercase()], Err(AuthError::Wrong)),
        (&[&CURRENT["Basic ".len()..]], Err(AuthError::Wrong)),
        (&[&two_in_one], Err(AuthError::Wrong)),
        (&["é"], Err(AuthError::Wrong)),
        (&[CURRENT, CURRENT], Err(AuthError::Several)),
        (&[CURRENT, "wrong"], Err(AuthError::Several)),
        (&["wrong", NEXT], Err(AuthError::Several)),
    ] {
        assert_eq!(auth.check(&headers(values)), answer, "{values:?}");
    }
}

#[test]
fn s1_the_secret_in_another_header_does_not_open() {
    let auth = HookAuth::new(HeaderName::from_static("x-hook-secret"), vec![NEXT.into()]);
    assert_eq!(auth.check(&headers(&[NEXT])), Err(AuthError::Missing));
    let right = HeaderMap::from_iter([("X-Hook-Secret".parse().unwrap(), HeaderValue::from_static(NEXT))]);
    assert_eq!(auth.check(&right), Ok(SecretIndex(0)), "a header's name has no case");
}

#[test]
fn s1_an_empty_secret_opens_nothing() {
    for secrets in [&[][..], &[""], &["  ", "\n"]] {
        for values in [&[][..], &[""], &[" "], &["x"]] {
            assert!(auth(secrets).check(&headers(values)).is_err(), "{secrets:?} {values:?}");
        }
    }
    assert_eq!(auth(&["", NEXT]).check(&headers(&[NEXT])), Ok(SecretIndex(1)), "the others keep their place");
}

#[test]
fn s3_two_secrets_are_valid_and_it_is_told_which() {
    let trailing_line_end = format!("{NEXT}\n");
    let auth = auth(&[CURRENT, &trailing_line_end]);
    assert_eq!(auth.check(&headers(&[NEXT])), Ok(SecretIndex(1)), "as it is read from a file");
}

#[test]
fn s2_nothing_is_printed() {
    let shown = format!("{:?} {:#?}", auth(&[CURRENT]), auth(&[NEXT]));
    assert_eq!(shown, "HookAuth HookAuth");
}
