use okta::{ErrorKind, HookAnswer};
use otp::{Answer, FailureClass};
use serde_json::{Value, json};

use crate::samples::sample;

fn told(answer: &HookAnswer) -> Value {
    serde_json::from_slice(&answer.to_json()).unwrap()
}

#[test]
fn answers_are_oktas_own_to_the_letter() {
    let provider = Some("EXAMPLE_PROVIDER");
    for ((name, sample), answer, word) in [
        (
            sample!("telephony-response-successful"),
            HookAnswer::successful(
                provider,
                Some("VEfake0000000000000000000000000001"),
                Some("attempt=VLfake01;channel=sms;ms=412"),
            ),
            Answer::Successful,
        ),
        (
            sample!("telephony-response-successful-minimal"),
            HookAnswer::successful(None, None, None),
            Answer::Successful,
        ),
        (
            sample!("telephony-response-pending"),
            HookAnswer::pending(provider, Some("fake-tx-2"), None),
            Answer::Pending,
        ),
        (
            sample!("telephony-response-failed"),
            HookAnswer::failed(provider, Some("fake-tx-3"), Some("code=60200")),
            Answer::Failed,
        ),
    ] {
        assert_eq!(told(&answer), serde_json::from_str::<Value>(sample).unwrap(), "{name}");
        assert_eq!(answer.answer(), word, "{name}");
    }
}

#[test]
fn an_error_has_the_members_of_oktas_sample() {
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let sample: Value = serde_json::from_str(sample!("telephony-response-error").1).unwrap();
    for kind in ErrorKind::ALL {
        let answer = HookAnswer::error(kind);
        let ours = told(&answer);
        assert_eq!(members(&ours), ["error"]);
        assert_eq!(members(&ours["error"]), members(&sample["error"]));
        assert_eq!(ours["error"]["errorCauses"].as_array().unwrap().len(), 1);
        assert_eq!(members(&ours["error"]["errorCauses"][0]), members(&sample["error"]["errorCauses"][0]));
        assert_eq!(ours["error"]["errorSummary"], json!(kind.sentence()));
        assert_eq!(answer.answer(), Answer::Error);
    }
}

#[test]
fn a_user_reads_a_plain_sentence() {
    for kind in ErrorKind::ALL {
        let sentence = kind.sentence();
        assert!(sentence.ends_with('.') && sentence.len() < 160, "{sentence}");
        assert!(!sentence.contains(|c: char| c.is_ascii_digit() || "_{}+:/".contains(c)), "{sentence}");
        for inside in ["provider", "Twilio", "Telesign", "ringback", "fraud", "Okta", "timeout", "null"] {
            assert!(!sentence.to_lowercase().contains(&inside.to_lowercase()), "{sentence}");
        }
    }
    assert_eq!(
        ErrorKind::from(FailureClass::RejectedFraud),
        ErrorKind::NotSentNow,
        "a fraudster learns nothing"
    );
    assert_eq!(ErrorKind::from(FailureClass::Stale), ErrorKind::CodeExpired);
    assert_eq!(ErrorKind::from(FailureClass::InvalidNumber), ErrorKind::NumberRefused);
}

#[test]
fn what_a_provider_says_is_bounded_and_escaped() {
    let huge = "\u{0}\"<é>\n".repeat(100_000);
    let answer = HookAnswer::successful(Some(&huge), Some(&huge), Some(&huge));
    assert!(answer.to_json().len() < 256 * 1024);
    let value = &told(&answer)["commands"][0]["value"][0];
    assert_eq!(value["provider"].as_str().unwrap().chars().count(), 255);
    assert!(!value["transactionMetadata"].as_str().unwrap().contains(char::is_control));
}
