//! What Okta is told.

use serde_json::Value;

/// The one value of a well-formed command; panics on anything else.
pub fn value_of(answer: &Value) -> &Value {
    assert_eq!(keys(answer), ["commands"], "{answer}");
    let [command] = &answer["commands"].as_array().unwrap()[..] else { panic!("not one command: {answer}") };
    assert_eq!(keys(command), ["type", "value"], "{answer}");
    assert_eq!(command["type"], "com.okta.telephony.action");
    let [value] = &command["value"].as_array().unwrap()[..] else { panic!("not one value: {answer}") };
    let known = ["provider", "status", "transactionId", "transactionMetadata"];
    for (key, text) in value.as_object().unwrap() {
        assert!(known.contains(&key.as_str()), "{key} in {answer}");
        assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{key} in {answer}");
    }
    value
}

/// `SUCCESSFUL`, `PENDING` or `FAILED`; `error` for a well-formed error.
pub fn status_of(answer: &Value) -> &str {
    if answer.get("error").is_some() {
        assert_is_error(answer);
        return "error";
    }
    value_of(answer)["status"].as_str().unwrap()
}

/// Exactly an error object, fit for the eyes of the person who waits for a code.
pub fn assert_is_error(answer: &Value) {
    assert_eq!(keys(answer), ["error"], "{answer}");
    let error = &answer["error"];
    assert_eq!(keys(error), ["errorCauses", "errorSummary"], "{answer}");
    let summary = error["errorSummary"].as_str().unwrap();
    assert!(summary.ends_with('.') && summary.contains(' '), "no sentence: {summary}");
    assert!(!summary.contains(|c: char| c.is_ascii_digit()), "a number in: {summary}");
    for word in ["twilio", "verify service", "provider", "http", "fraud", "blocked", "journal", "disk"] {
        assert!(!summary.to_lowercase().contains(word), "{word} in: {summary}");
    }
    let causes = error["errorCauses"].as_array().unwrap();
    assert!(!causes.is_empty(), "{answer}");
    for cause in causes {
        for key in keys(cause) {
            let known = ["domain", "errorSummary", "location", "locationType", "reason"];
            assert!(known.contains(&key), "{key} in {answer}");
        }
        assert!(!cause.to_string().contains(|c: char| c.is_ascii_digit()), "a number in: {cause}");
    }
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
