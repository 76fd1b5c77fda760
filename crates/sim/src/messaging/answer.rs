//! The JSON of the answers.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::rfc_2822;
use crate::country::national;
use crate::messaging::record::{Call, Message};
use crate::messaging::segments::segments;
use crate::options::TwilioAccount;

const CALL_SECONDS: i64 = 12;
const CALL_SUBRESOURCES: [(&str, &str); 9] = [
    ("notifications", "Notifications"),
    ("recordings", "Recordings"),
    ("payments", "Payments"),
    ("events", "Events"),
    ("siprec", "Siprec"),
    ("streams", "Streams"),
    ("transcriptions", "Transcriptions"),
    ("user_defined_message_subscriptions", "UserDefinedMessageSubscriptions"),
    ("user_defined_messages", "UserDefinedMessages"),
];

/// The path of everything an account has.
pub(crate) fn account_path(account: &TwilioAccount) -> String {
    format!("/2010-04-01/Accounts/{}", account.account_sid)
}

/// The Message resource.
pub(crate) fn message(account: &TwilioAccount, it: &Message) -> Value {
    let uri = format!("{}/Messages/{}", account_path(account), it.sid);
    // A messaging service has yet to pick the sender when it answers.
    let counted = if it.from.is_some() { segments(&it.asked.body) } else { 0 };
    json!({
        "account_sid": account.account_sid,
        "api_version": "2010-04-01",
        "body": it.asked.body,
        "date_created": rfc_2822(it.created),
        "date_sent": it.sent.map(rfc_2822),
        "date_updated": rfc_2822(it.updated),
        "direction": "outbound-api",
        "error_code": it.error_code,
        "error_message": null,
        "from": it.from,
        "messaging_service_sid": it.asked.messaging_service.then_some(&account.messaging_service_sid),
        "num_media": "0",
        "num_segments": counted.to_string(),
        "price": null,
        "price_unit": null,
        "sid": it.sid,
        "status": it.status,
        "subresource_uris": { "media": format!("{uri}/Media.json") },
        "to": it.asked.to,
        "uri": format!("{uri}.json"),
    })
}

/// The MessageFeedback resource.
pub(crate) fn feedback(account: &TwilioAccount, sid: &str, outcome: &str, now: Timestamp) -> Value {
    json!({
        "account_sid": account.account_sid,
        "date_created": rfc_2822(now),
        "date_updated": rfc_2822(now),
        "message_sid": sid,
        "outcome": outcome,
        "uri": format!("{}/Messages/{sid}/Feedback.json", account_path(account)),
    })
}

/// The Call resource; its dates are null until it was taken.
pub(crate) fn call(account: &TwilioAccount, it: &Call) -> Value {
    let uri = format!("{}/Calls/{}", account_path(account), it.sid);
    let parts: Map<String, Value> = CALL_SUBRESOURCES
        .iter()
        .map(|(key, name)| ((*key).to_owned(), json!(format!("{uri}/{name}.json"))))
        .collect();
    let started = it.started.map(rfc_2822);
    let ended = it.started.filter(|_| it.status == "completed");
    let ended = ended.and_then(|at| at.checked_add(jiff::SignedDuration::from_secs(CALL_SECONDS)).ok());
    json!({
        "account_sid": account.account_sid,
        "answered_by": null,
        "api_version": "2010-04-01",
        "caller_name": null,
        "date_created": started,
        "date_updated": started,
        "direction": "outbound-api",
        "duration": ended.map(|_| CALL_SECONDS.to_string()),
        "end_time": ended.map(rfc_2822),
        "forwarded_from": null,
        "from": it.asked.from,
        "from_formatted": national(&it.asked.from),
        "group_sid": null,
        "parent_call_sid": null,
        "phone_number_sid": "PN5117000000000000000000000000f4ce",
        "price": null,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": it.sid,
        "start_time": started,
        "status": it.status,
        "subresource_uris": parts,
        "to": it.asked.to,
        "to_formatted": national(&it.asked.to),
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
    })
}
