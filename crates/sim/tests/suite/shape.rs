//! Comparing JSON by its keys.

use std::collections::BTreeSet;

use serde_json::Value;

/// The paths of all leaves; elements of an array are told apart only by their content.
pub(crate) fn shape(value: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    walk(value, "", &mut paths);
    assert!(paths.len() > 1, "nothing to compare in {value}");
    paths
}

fn walk(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, value)| walk(value, &format!("{path}.{key}"), paths));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|value| walk(value, &format!("{path}[]"), paths));
        }
        _ => {
            paths.insert(path.to_owned());
        }
    }
}

/// A sample of the vendor's answer.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_missing_key_is_seen() {
    let sample = fixture("verify-create-sms");
    let mut other = sample.clone();
    assert_eq!(shape(&sample), shape(&other));
    other["send_code_attempts"][0].as_object_mut().unwrap().remove("attempt_sid");
    assert_ne!(shape(&sample), shape(&other));
}
