//! The JSON of the answers and callbacks.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_micros;
use crate::telesign::journal::TelesignProduct;
use crate::telesign::record::Record;
use crate::telesign::status::description;

/// That a message was accepted, as its product says it.
pub(crate) fn accepted(it: &Record) -> Value {
    let updated = iso_micros(it.updated);
    match it.wanted.product {
        TelesignProduct::Omnichannel => json!({
            "reference_id": it.reference_id,
            "status": { "code": 3001, "description": "Message in progress" },
            "external_id": it.wanted.external_id,
        }),
        TelesignProduct::Messaging => json!({
            "reference_id": it.reference_id,
            "external_id": it.wanted.external_id,
            "status": { "code": 290, "description": "Message in progress", "updated_on": updated },
        }),
        TelesignProduct::SmsVerify => json!({
            "reference_id": it.reference_id,
            "sub_resource": "sms",
            "errors": [],
            "status": { "updated_on": updated, "code": 290, "description": "Message in progress" },
            "verify": { "code_state": "UNKNOWN", "code_entered": "" },
        }),
    }
}

/// That a completion was taken.
pub(crate) fn completed(it: &Record, now: Timestamp) -> Value {
    json!({
        "reference_id": it.reference_id,
        "sub_resource": "sms",
        "errors": [],
        "status": {
            "updated_on": iso_micros(now),
            "code": 1900,
            "description": "Verify completion successfully recorded",
        },
    })
}

/// How a message stands, to whoever asks.
pub(crate) fn status(it: &Record) -> Value {
    let mut body = standing(it, iso_micros);
    body["currency"] = json!("USD");
    body["price"] = json!("0.0050");
    body["additional_info"] = json!({ "mcc": "310", "mnc": "012" });
    body
}

/// How a message stands, to whoever is called back; `old`: see
/// [`TelesignSettings::old_callbacks`](crate::TelesignSettings::old_callbacks).
pub(crate) fn callback(it: &Record, old: bool) -> Value {
    if old {
        return standing(it, |at| at.strftime("%Y-%m-%d %H:%M:%S:%3f").to_string());
    }
    let mut body = standing(it, iso_micros);
    body["submit_timestamp"] = json!(iso_micros(it.submitted));
    body
}

fn standing(it: &Record, written: fn(Timestamp) -> String) -> Value {
    let (words, updated) = (description(it.code).unwrap_or_default(), written(it.updated));
    let channel = it.wanted.channel;
    json!({
        "reference_id": it.reference_id,
        "external_id": it.wanted.external_id,
        "status": {
            "code": it.code,
            "description": words,
            "last_channel": channel,
            "updated_on": updated,
        },
        "channel_status": [{
            channel: {
                "code": it.code,
                "description": words,
                "reference_id": it.channel_reference_id,
                "updated_on": updated,
            },
        }],
    })
}
