use okta::{ChannelReading, HookError, NotJson, TelephonyHook};
use otp::Channel::{Sms, Voice};
use otp::Purpose::{AccountUnlock, MfaVerification, PasswordReset, PreEnrollment, Unknown};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::samples::{HOOKS, of};

/// The hook of a sample, with one member of its message profile changed.
fn with(member: &str, value: Value) -> TelephonyHook {
    let mut hook: Value = serde_json::from_str(of(&HOOKS, "sms-mfa-verification")).unwrap();
    hook["data"]["messageProfile"][member] = value;
    TelephonyHook::parse(hook.to_string().as_bytes()).unwrap()
}

fn code(hook: &TelephonyHook) -> Option<&str> {
    hook.passcode.as_ref().ok().map(otp::Passcode::expose)
}

fn number(hook: &TelephonyHook) -> Option<String> {
    let us = "us".parse().unwrap();
    hook.phone.as_ref()?.read(Some(&us)).ok().map(|phone| phone.expose_e164().to_owned())
}

#[test]
fn every_sample_is_read() {
    let (ana, bob) = ("+15555550101", "+15555550102");
    for (name, id, purpose, channel, phone, passcode, locale) in [
        ("sms-mfa-verification", "01", MfaVerification, Sms, ana, "482913", Some("EN-US")),
        ("voice-mfa-verification", "02", MfaVerification, Voice, ana, "482913", Some("en")),
        ("sms-pre-enrollment", "03", PreEnrollment, Sms, ana, "482913", Some("EN-US")),
        ("sms-account-unlock", "04", AccountUnlock, Sms, ana, "730551", Some("EN-US")),
        ("voice-password-reset", "05", PasswordReset, Voice, bob, "019284", Some("en")),
        ("variant-voice-call", "06", MfaVerification, Voice, ana, "482913", Some("EN-US")),
        ("variant-CALL", "07", MfaVerification, Voice, ana, "482913", Some("EN-US")),
        ("preview-untouched", "08", MfaVerification, Sms, "+19876543210", "11111", Some("EN-US")),
        ("execute-api-numeric", "09", Unknown, Sms, "+19876543210", "11111", Some("EN-US")),
        ("missing-optional-fields", "10", MfaVerification, Voice, ana, "482913", None),
        ("unknown-extra-fields", "11", MfaVerification, Sms, ana, "482913", Some("EN-US")),
    ] {
        let hook = TelephonyHook::parse(of(&HOOKS, name).as_bytes()).unwrap();
        assert_eq!(hook.event_id, Some(format!("Zk3vQ1bTRwCx0aFakeEv{id}")), "{name}");
        assert_eq!(hook.purpose, purpose, "{name}");
        assert_eq!(hook.channel, ChannelReading::Known(channel), "{name}");
        assert_eq!(number(&hook).as_deref(), Some(phone), "{name}");
        assert_eq!(code(&hook), Some(passcode), "{name}");
        assert_eq!(hook.locale.as_deref(), locale, "{name}");
        assert_eq!(hook.event_time, Some("2026-11-20T10:15:30Z".parse().unwrap()), "{name}");
        assert_eq!(hook.otp_expires, Some("2026-11-20T10:20:30.412Z".parse().unwrap()), "{name}");
        let user = if phone == bob { "00uFAKEbob000000002b7" } else { "00uFAKEana000000001a7" };
        assert_eq!(hook.user_id.as_deref(), Some(user), "{name}");
        assert_eq!(hook.msg_template.is_some(), name != "missing-optional-fields", "{name}");
    }
}

#[test]
fn g9_nothing_secret_is_printed() {
    for (name, body) in HOOKS {
        let hook = TelephonyHook::parse(body.as_bytes()).unwrap();
        let shown = format!("{hook:?} {:#?} {:?} {:?}", hook, hook.phone, hook.msg_template);
        for secret in
            ["5555550101", "5555550102", "9876543210", "482913", "730551", "019284", "11111", "Your code"]
        {
            assert!(!shown.contains(secret), "{name}: {secret} in {shown}");
        }
    }
    let hook = TelephonyHook::parse(of(&HOOKS, "sms-mfa-verification").as_bytes()).unwrap();
    assert_eq!(hook.msg_template.unwrap().expose_secret(), "Your code is 482913");
}

#[test]
fn g9_what_is_no_hook_says_where_and_never_what() {
    for (body, error) in [
        ("", HookError::NotJson(NotJson { line: 1, column: 0 })),
        ("{\"otpCode\": 482913", HookError::NotJson(NotJson { line: 1, column: 18 })),
        ("{\n\"otpCode\": \"482913\"; }", HookError::NotJson(NotJson { line: 2, column: 20 })),
        ("{} {}", HookError::NotJson(NotJson { line: 1, column: 4 })),
        ("482913", HookError::NotObject),
        ("[]", HookError::NotObject),
        ("null", HookError::NotObject),
        ("{}", HookError::NoMessageProfile),
        (r#"{"data":null}"#, HookError::NoMessageProfile),
        (r#"{"data":{"messageProfile":null}}"#, HookError::NoMessageProfile),
        (r#"{"data":{"messageProfile":"+15555550101"}}"#, HookError::NoMessageProfile),
        (r#"{"data":[{"messageProfile":{}}]}"#, HookError::NoMessageProfile),
    ] {
        let found = TelephonyHook::parse(body.as_bytes()).unwrap_err();
        assert_eq!(found, error, "{body}");
        assert!(!format!("{found} {found:?}").contains("482913"));
    }
}

#[test]
fn g9_odd_json_is_read_as_far_as_it_goes() {
    let empty = TelephonyHook::parse(br#"{"data":{"messageProfile":{}}}"#).unwrap();
    assert!(empty.event_id.is_none() && empty.phone.is_none() && empty.passcode.is_err());
    assert_eq!((empty.purpose, empty.channel), (Unknown, ChannelReading::Missing));

    let body = of(&HOOKS, "sms-mfa-verification");
    let with_mark = format!("\u{feff}{body}");
    assert_eq!(code(&TelephonyHook::parse(with_mark.as_bytes()).unwrap()), Some("482913"), "byte order mark");

    let twice = body.replace(r#""otpCode""#, r#""otpCode": "000000", "otpCode""#);
    assert_eq!(code(&TelephonyHook::parse(twice.as_bytes()).unwrap()), Some("482913"), "the last one counts");

    let mut not_utf8 = body.replace("Ana", "An\u{1}").into_bytes();
    let at = not_utf8.iter().position(|b| *b == 1).unwrap();
    not_utf8[at] = 0xE9;
    assert_eq!(code(&TelephonyHook::parse(&not_utf8).unwrap()), Some("482913"), "a name in Latin-1");

    let half = body.replace("Ana", r"A\ud83d");
    assert_eq!(code(&TelephonyHook::parse(half.as_bytes()).unwrap()), Some("482913"), "half an emoji");
}

#[test]
fn s14_deep_nesting_is_an_error_wherever_it_is() {
    let body = of(&HOOKS, "sms-mfa-verification");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
        let unknown_field = body.replacen('{', &format!("{{\"unknown\":{deep},"), 1);
        let in_profile = body.replace(r#""482913""#, &deep);
        for body in [deep, unknown_field, in_profile, open.repeat(30_000)] {
            assert!(matches!(TelephonyHook::parse(body.as_bytes()), Err(HookError::NotJson(_))));
        }
    }
    let not_too_deep =
        body.replacen('{', &format!("{{\"unknown\":{}{},", "[".repeat(100), "]".repeat(100)), 1);
    assert!(TelephonyHook::parse(not_too_deep.as_bytes()).is_ok());
}

#[test]
fn g13_a_code_is_four_to_ten_digits_or_none() {
    for (value, passcode) in [
        (json!("0000"), Some("0000")),
        (json!("019284"), Some("019284")),
        (json!(11111), Some("11111")),
        (json!(1234567890_u64), Some("1234567890")),
        (json!(" 482913 "), Some("482913")),
        (json!(null), None),
        (json!(""), None),
        (json!("123"), None),
        (json!(123), None),
        (json!("12345678901"), None),
        (json!(-12345), None),
        (json!(1234.5), None),
        (json!(1e5), Some("100000")),
        (json!(12345.0), Some("12345")),
        (json!("12a456"), None),
        (json!("１２３４５６"), None),
        (json!(true), None),
        (json!(["482913"]), None),
    ] {
        assert_eq!(code(&with("otpCode", value.clone())), passcode, "{value}");
    }
}

#[test]
fn g14_a_channel_is_known_or_not_guessed() {
    use ChannelReading::{Known, Missing, Unknown};
    for (value, channel) in [
        (json!("SMS"), Known(Sms)),
        (json!("sms"), Known(Sms)),
        (json!("Voice"), Known(Voice)),
        (json!("voice call"), Known(Voice)),
        (json!("CALL"), Known(Voice)),
        (json!("WhatsApp"), Unknown("WhatsApp".to_owned())),
        (json!("x".repeat(99)), Unknown("x".repeat(32))),
        (json!("to +1 555-555-0101\u{0}\n"), Unknown("to +#".to_owned())),
        (json!(7), Unknown("7".to_owned())),
        (json!(" "), Missing),
        (json!(null), Missing),
        (json!(["SMS"]), Missing),
    ] {
        assert_eq!(with("deliveryChannel", value.clone()).channel, channel, "{value}");
    }
}

#[test]
fn g11_a_number_is_read_as_one_or_not_at_all() {
    for (value, phone) in [
        (json!("+15555550101"), Some("+15555550101")),
        (json!(15555550101_u64), Some("+15555550101")),
        (json!("+1 (555) 555-0102 ext. 12"), Some("+15555550102")),
        (json!("+1 800 FLOWERS"), None),
        (json!(1e40), None),
        (json!({}), None),
    ] {
        assert_eq!(number(&with("phoneNumber", value.clone())).as_deref(), phone, "{value}");
    }
    for nothing in [json!(null), json!(""), json!("  ")] {
        assert!(with("phoneNumber", nothing).phone.is_none());
    }
}

#[test]
fn times_locales_and_ids_are_read_leniently_and_bounded() {
    for (value, readable) in [
        (json!("2026-11-20T10:20:30.412Z"), true),
        (json!("2026-11-20T12:20:30.412+02:00"), true),
        (json!(" 2026-11-20 10:20:30.412Z "), true),
        (json!("2026-11-20T10:20:30.412"), true),
        (json!("tomorrow"), false),
        (json!(1795170030), false),
        (json!(null), false),
    ] {
        let time = "2026-11-20T10:20:30.412Z".parse().ok().filter(|_| readable);
        assert_eq!(with("otpExpires", value.clone()).otp_expires, time, "{value}");
    }
    for (value, locale) in [
        (json!("en_US"), Some("en-US")),
        (json!(" EN-US "), Some("EN-US")),
        (json!("zh-Hant-TW"), Some("zh-Hant-TW")),
        (json!(""), None),
        (json!("en\u{0}"), None),
        (json!("e".repeat(36)), None),
    ] {
        assert_eq!(with("locale", value.clone()).locale.as_deref(), locale, "{value}");
    }
    for (value, id) in [
        (json!("a-B_9"), Some("a-B_9")),
        (json!(42), Some("42")),
        (json!("x".repeat(255)), Some(&*"x".repeat(255))),
        (json!("x".repeat(256)), None),
        (json!("a\u{0}b"), None),
        (json!("a\nb"), None),
        (json!(""), None),
        (json!({}), None),
    ] {
        let body =
            json!({"eventId": value, "data": {"messageProfile": {}, "userProfile": {"userId": value}}});
        let hook = TelephonyHook::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!((hook.event_id.as_deref(), hook.user_id.as_deref()), (id, id), "{value}");
    }
}
