//! Messages of the vendors, as their documentation shows them, with their times moved to now.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use std::path::Path;

fn read(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/black_box/samples")
        .join(format!("{name}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|err| panic!("{name}: {err}"));
    serde_json::from_str(&text).unwrap()
}

/// As Okta writes times.
pub(crate) fn in_minutes(minutes: i64) -> String {
    let at = Timestamp::now() + SignedDuration::from_mins(minutes);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// A telephony hook with a code that is valid for five minutes.
pub(crate) fn hook_sample(name: &str) -> Value {
    let mut hook = read(&format!("telephony-request-{name}"));
    hook["eventTime"] = json!(in_minutes(0));
    hook["data"]["messageProfile"]["otpExpires"] = json!(in_minutes(5));
    hook
}

/// A delivery of events that have just happened.
pub(crate) fn event_sample(name: &str) -> Value {
    let mut delivery = read(&format!("event-hook-{name}"));
    delivery["eventTime"] = json!(in_minutes(0));
    for event in delivery["data"]["events"].as_array_mut().into_iter().flatten() {
        if event.get("published").is_some_and(Value::is_string) {
            event["published"] = json!(in_minutes(0));
        }
    }
    delivery
}

/// A provider's answer.
pub(crate) fn provider_sample(name: &str) -> Value {
    read(name)
}
