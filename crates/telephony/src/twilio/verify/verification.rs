use jiff::Timestamp;
use otp::AttemptOutcome;
use serde_json::Value;

use crate::twilio::sid::is_sid;

/// The parts of a Verification that matter here. Every field is nullable in Twilio's OpenAPI, and `send_code_attempts` untyped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verification {
    /// `VE…`, if it is one.
    pub(super) sid: Option<String>,
    /// `pending`, `approved`, `canceled`, `max_attempts_reached`, `deleted`, `failed` or `expired`.
    pub(super) status: Option<String>,
    /// `VL…` of the last entry of `send_code_attempts`: this send's, as Twilio appends one per send.
    pub(super) attempt_sid: Option<String>,
    /// How many sends it has had, as far as that is said.
    pub(super) sends: usize,
    /// When it was made, to the second.
    pub(super) created: Option<Timestamp>,
}

impl Verification {
    /// Reads what can be read; a body that is no JSON object is an empty one.
    pub(super) fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        let sid = |kind, value: Option<&Value>| {
            value.and_then(Value::as_str).filter(|sid| is_sid(kind, sid)).map(str::to_owned)
        };
        let attempts = body.get("send_code_attempts").and_then(Value::as_array);
        let last_attempt = attempts.and_then(|all| all.last());
        Self {
            sid: sid("VE", body.get("sid")),
            status: body.get("status").and_then(Value::as_str).map(str::to_owned),
            attempt_sid: sid("VL", last_attempt.and_then(|attempt| attempt.get("attempt_sid"))),
            sends: attempts.map_or(0, Vec::len),
            created: body.get("date_created").and_then(Value::as_str).and_then(|text| text.parse().ok()),
        }
    }

    /// What a create that was answered with this means for the message.
    pub(super) fn outcome(&self) -> AttemptOutcome {
        match (&self.sid, self.status.as_deref()) {
            (Some(_), Some("pending" | "approved")) => AttemptOutcome::Accepted,
            (_, Some("failed" | "canceled" | "expired" | "deleted")) => AttemptOutcome::NotSent,
            (_, Some("max_attempts_reached")) => AttemptOutcome::RejectedLimit,
            // It was probably sent; nobody can point at it.
            _ => AttemptOutcome::Ambiguous,
        }
    }
}

#[cfg(test)]
mod tests {
    use otp::AttemptOutcome::{self, *};
    use proptest::prelude::*;

    use super::Verification;

    const VE: &str = "VE8e1d2c3b4a5968778695a4b3c2d1e0f9";

    fn outcome(body: &str) -> AttemptOutcome {
        Verification::read(body.as_bytes()).outcome()
    }

    #[test]
    fn every_status_and_every_odd_body() {
        for (id, body, expected) in [
            ("pending", format!(r#"{{"sid":"{VE}","status":"pending"}}"#), Accepted),
            ("approved", format!(r#"{{"sid":"{VE}","status":"approved"}}"#), Accepted),
            ("c14_failed", format!(r#"{{"sid":"{VE}","status":"failed"}}"#), NotSent),
            ("c14_canceled", format!(r#"{{"sid":"{VE}","status":"canceled"}}"#), NotSent),
            ("c14_expired", format!(r#"{{"sid":"{VE}","status":"expired"}}"#), NotSent),
            ("c14_deleted", format!(r#"{{"sid":"{VE}","status":"deleted"}}"#), NotSent),
            ("c9_max", format!(r#"{{"sid":"{VE}","status":"max_attempts_reached"}}"#), RejectedLimit),
            ("c13_no_sid", r#"{"status":"pending"}"#.to_owned(), Ambiguous),
            ("c13_null_sid", r#"{"sid":null,"status":"pending"}"#.to_owned(), Ambiguous),
            ("c13_number_sid", r#"{"sid":7,"status":"pending"}"#.to_owned(), Ambiguous),
            ("c13_other_sid", r#"{"sid":"VE../../x","status":"pending"}"#.to_owned(), Ambiguous),
            ("c13_no_status", format!(r#"{{"sid":"{VE}"}}"#), Ambiguous),
            ("c13_new_status", format!(r#"{{"sid":"{VE}","status":"queued"}}"#), Ambiguous),
            ("c13_list", "[]".to_owned(), Ambiguous),
            ("c13_truncated", format!(r#"{{"sid":"{VE}","status":"pend"#), Ambiguous),
            ("c13_deep", "[".repeat(60_000), Ambiguous),
            ("c13_html", "<html>".to_owned(), Ambiguous),
            ("c13_empty", String::new(), Ambiguous),
        ] {
            assert_eq!(outcome(&body), expected, "{id}");
        }
        assert_eq!(Verification::read(b"{\"sid\":\"\xff\"}"), Verification::default(), "c13_not_utf8");
    }

    #[test]
    fn the_last_attempt_is_this_one_and_an_odd_list_does_no_harm() {
        let second = include_bytes!("../../../tests/samples/verify-create-sms-2nd-attempt.json");
        let read = Verification::read(second);
        assert_eq!(read.attempt_sid.as_deref(), Some("VL9f8e7d6c5b4a39281706f5e4d3c2b1a0"));
        for attempts in ["null", "{}", "[]", "[null]", "[[]]", r#"[{"attempt_sid":5}]"#, r#""VL""#] {
            let body = format!(r#"{{"sid":"{VE}","status":"pending","send_code_attempts":{attempts}}}"#);
            let read = Verification::read(body.as_bytes());
            assert_eq!((read.outcome(), read.attempt_sid), (Accepted, None), "{attempts}");
        }
    }

    proptest! {
        #[test]
        fn c13_no_body_panics_or_is_taken_for_a_success(body in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_ne!(Verification::read(&body).outcome(), Accepted);
        }
    }
}
