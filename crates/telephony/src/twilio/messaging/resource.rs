use otp::AttemptOutcome;
use serde_json::Value;

use crate::twilio::sid::is_sid;

/// The parts of a Message or a Call that matter here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resource {
    /// `SM…`, `MM…` or `CA…`, if it is one.
    pub(super) sid: Option<String>,
    /// `queued`, `accepted`, `sending`, … or `failed`.
    pub(super) status: Option<String>,
    /// Twilio's code, where it has failed already.
    pub(super) error_code: Option<String>,
}

impl Resource {
    /// Reads what can be read; a body that is no JSON object is an empty one.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).map_or_else(|_| Self::default(), |body: Value| Self::of(&body))
    }

    /// The same of one element of a list.
    pub(super) fn of(body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let known = |sid: &String| ["SM", "MM", "CA"].iter().any(|kind| is_sid(kind, sid));
        let code = body.get("error_code").and_then(|code| match code {
            Value::String(code) => code.trim().parse().ok(),
            number => number.as_u64(),
        });
        // Twilio's codes have five digits; what has more is something else.
        let code = code.filter(|code| *code < 1_000_000).map(|code| code.to_string());
        Self { sid: text("sid").filter(known), status: text("status"), error_code: code }
    }

    /// What a create that was answered with this means for the message.
    pub(super) fn outcome(&self) -> AttemptOutcome {
        const TAKEN: [&str; 12] = [
            "queued",
            "accepted",
            "scheduled",
            "sending",
            "sent",
            "delivered",
            "partially_delivered",
            "read",
            // Calls.
            "initiated",
            "ringing",
            "in-progress",
            "completed",
        ];
        match (&self.sid, self.status.as_deref()) {
            (Some(_), Some(status)) if TAKEN.contains(&status) => AttemptOutcome::Accepted,
            (_, Some("failed" | "undelivered" | "canceled" | "busy" | "no-answer")) => {
                AttemptOutcome::NotSent
            }
            // It was probably sent; nobody can point at it.
            _ => AttemptOutcome::Ambiguous,
        }
    }
}

#[cfg(test)]
mod tests {
    use otp::AttemptOutcome::{Accepted, Ambiguous, NotSent};

    use super::Resource;

    #[test]
    fn every_status_and_every_odd_body() {
        const SM: &str = "SMa7b6c5d4e3f2019f8e7d6c5b4a392817";
        for (id, body, expected) in [
            ("queued", format!(r#"{{"sid":"{SM}","status":"queued"}}"#), Accepted),
            ("accepted", format!(r#"{{"sid":"{SM}","status":"accepted"}}"#), Accepted),
            (
                "call",
                r#"{"sid":"CA6f5e4d3c2b1a09f8e7d6c5b4a3928170","status":"queued"}"#.to_owned(),
                Accepted,
            ),
            ("c14_failed", format!(r#"{{"sid":"{SM}","status":"failed","error_code":30006}}"#), NotSent),
            ("c14_canceled", format!(r#"{{"sid":"{SM}","status":"canceled"}}"#), NotSent),
            ("c13_no_sid", r#"{"status":"queued"}"#.to_owned(), Ambiguous),
            ("c13_other_sid", r#"{"sid":"SM../../x","status":"queued"}"#.to_owned(), Ambiguous),
            ("c13_no_status", format!(r#"{{"sid":"{SM}"}}"#), Ambiguous),
            ("c13_new_status", format!(r#"{{"sid":"{SM}","status":"pondering"}}"#), Ambiguous),
            ("c13_truncated", format!(r#"{{"sid":"{SM}","status":"que"#), Ambiguous),
            ("c13_list", "[]".to_owned(), Ambiguous),
            ("c13_html", "<html>".to_owned(), Ambiguous),
            ("c13_empty", String::new(), Ambiguous),
        ] {
            assert_eq!(Resource::read(body.as_bytes()).outcome(), expected, "{id}");
        }
        let samples = [
            (&include_bytes!("../../../tests/samples/messages-create-from.json")[..], "SM"),
            (include_bytes!("../../../tests/samples/messages-create-messaging-service.json"), "SM"),
            (include_bytes!("../../../tests/samples/calls-create.json"), "CA"),
        ];
        for (sample, kind) in samples {
            let resource = Resource::read(sample);
            assert_eq!(resource.outcome(), Accepted);
            assert!(resource.sid.unwrap().starts_with(kind));
        }
    }
}
