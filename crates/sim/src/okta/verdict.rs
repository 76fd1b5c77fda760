//! What Okta makes of a telephony hook's answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Larger answers are malformed to Okta.
pub(crate) const MAX_ANSWER: usize = 256 * 1024;

/// Okta's conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "says", content = "reason")]
pub enum OktaSays {
    /// The code was sent; Okta waits for the user to type it.
    Sent,
    /// The hook did not do it: Okta sends the code by its own telephony, if the org has any.
    OktaSendsItself(String),
}

impl OktaSays {
    /// Whether the hook is taken to have sent the code.
    pub fn is_sent(&self) -> bool {
        *self == Self::Sent
    }

    pub(crate) fn no(reason: &str) -> Self {
        Self::OktaSendsItself(reason.to_owned())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    error: Option<Value>,
    commands: Option<Vec<Command>>,
    // A wrong type makes the whole answer unreadable, although the content is only logged.
    #[serde(rename = "debugContext")]
    _debug_context: Option<serde_json::Map<String, Value>>,
}

#[derive(Deserialize)]
struct Command {
    #[serde(rename = "type")]
    kind: String,
    value: Vec<Action>,
}

#[derive(Deserialize)]
struct Action {
    status: String,
    #[serde(rename = "provider")]
    _provider: Option<String>,
    #[serde(rename = "transactionId")]
    _transaction_id: Option<String>,
    #[serde(rename = "transactionMetadata")]
    _transaction_metadata: Option<String>,
}

/// Only 200 with a well-formed `SUCCESSFUL` means sent.
pub(crate) fn interpret(http_status: u16, body: &[u8]) -> OktaSays {
    if http_status != 200 {
        return OktaSays::OktaSendsItself(format!("HTTP status {http_status}"));
    }
    if body.len() >= MAX_ANSWER {
        return OktaSays::no("the answer is too large");
    }
    let answer: Answer = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(error) => return OktaSays::OktaSendsItself(format!("could not deserialize: {error}")),
    };
    if let Some(error) = answer.error {
        let summary = error.get("errorSummary").and_then(Value::as_str).unwrap_or("no errorSummary");
        return OktaSays::OktaSendsItself(format!("error: {summary}"));
    }
    let commands = answer.commands.unwrap_or_default();
    let [command] = &commands[..] else { return OktaSays::no("not exactly one command") };
    if command.kind != "com.okta.telephony.action" {
        return OktaSays::OktaSendsItself(format!("command type {}", command.kind));
    }
    let [action] = &command.value[..] else { return OktaSays::no("not exactly one value") };
    match action.status.as_str() {
        "SUCCESSFUL" => OktaSays::Sent,
        "PENDING" | "FAILED" => OktaSays::OktaSendsItself(format!("status {}", action.status)),
        other => OktaSays::OktaSendsItself(format!("invalid status {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(value: &str) -> String {
        format!(r#"{{"commands":[{{"type":"com.okta.telephony.action","value":{value}}}]}}"#)
    }

    #[test]
    fn sent() {
        let full =
            r#"[{"status":"SUCCESSFUL","provider":"P","transactionId":"VE1","transactionMetadata":"VL1"}]"#;
        assert!(interpret(200, answer(full).as_bytes()).is_sent());
        assert!(interpret(200, answer(r#"[{"status":"SUCCESSFUL"}]"#).as_bytes()).is_sent());
        let as_shown_by_okta = r#"{"error":null,"commands":[{"type":"com.okta.telephony.action","value":
            [{"status":"SUCCESSFUL","provider":"P","transactionId":null}]}],"debugContext":{}}"#;
        assert!(interpret(200, as_shown_by_okta.as_bytes()).is_sent());
    }

    #[test]
    fn not_sent() {
        let success = answer(r#"[{"status":"SUCCESSFUL"}]"#);
        for status in [201, 202, 204, 302, 400, 401, 403, 500, 503] {
            assert!(!interpret(status, success.as_bytes()).is_sent(), "{status}");
        }
        let large = format!("{success}{}", " ".repeat(MAX_ANSWER));
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html></html>",
            r#"{"commands":[]}"#,
            r#"{"error":{"errorSummary":"no"}}"#,
            &format!(r#"{{"error":{{}},{}"#, &success[1..]),
            &format!(r#"{{"debugContext":"text",{}"#, &success[1..]),
            &success.replace("com.okta.telephony.action", "com.okta.action.update"),
            &answer("[]"),
            &answer(r#"{"status":"SUCCESSFUL"}"#),
            &answer(r#"[{"status":"SUCCESS"}]"#),
            &answer(r#"[{"status":"successful"}]"#),
            &answer(r#"[{"status":"PENDING"}]"#),
            &answer(r#"[{"status":"FAILED"}]"#),
            &answer(r#"[{"provider":"P"}]"#),
            &answer(r#"[{"status":"SUCCESSFUL","transactionId":7}]"#),
            &large,
        ] {
            assert!(!interpret(200, body.as_bytes()).is_sent(), "{body:.120}");
        }
    }
}
