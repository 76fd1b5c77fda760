use otp::AttemptOutcome::{self, Accepted, Ambiguous, Misconfigured, NotSent, RejectedFraud, RejectedNumber};
use serde_json::Value;

use crate::wire::Exchange;
use crate::{AttemptReport, Remedy, Scope};

/// What Telesign's status codes mean for a message (Telesign docs: status and error codes). Codes of the older products are negative or
/// begin with 10.
const CODES: &[(i64, AttemptOutcome, Scope)] = &[
    (290, Accepted, Scope::Message),  // in progress
    (291, Accepted, Scope::Message),  // queued
    (3000, Accepted, Scope::Message), // delivered
    (3001, Accepted, Scope::Message), // in progress
    (3002, Accepted, Scope::Message), // at the gateway
    (3004, Accepted, Scope::Message), // sent, no receipts from this handset
    (3005, Accepted, Scope::Message), // read
    (3040, Accepted, Scope::Message), // queued
    // The number.
    (3034, RejectedNumber, Scope::Message),  // takes no SMS
    (3037, RejectedNumber, Scope::Message),  // blocked by country
    (3038, RejectedNumber, Scope::Message),  // blocked by prefix
    (3046, RejectedNumber, Scope::Message),  // the subscriber has blocked it
    (3052, RejectedNumber, Scope::Message),  // blocked by the customer
    (3101, RejectedNumber, Scope::Message),  // bad number
    (3302, RejectedNumber, Scope::Message),  // no number
    (11000, RejectedNumber, Scope::Message), // bad number, as plain messaging says it
    // Fraud.
    (3053, RejectedFraud, Scope::Message), // blocked by Telesign
    (3072, RejectedFraud, Scope::Message), // the risk score
    // Another provider may do better.
    (3032, Misconfigured, Scope::Message),  // no route
    (3071, Misconfigured, Scope::Message),  // a trial account sends to verified numbers only
    (3115, Misconfigured, Scope::Message),  // not in coverage
    (10033, Misconfigured, Scope::Message), // a trial account sends to verified numbers only
    (3003, NotSent, Scope::Message),        // failed
    (3033, NotSent, Scope::Message),        // expired
    // The account.
    (3006, Misconfigured, Scope::Account),
    (3058, Misconfigured, Scope::Account),
    (3073, Misconfigured, Scope::Account), // the wallet is empty
    (3200, Misconfigured, Scope::Message), // the channel is not enabled; the other may be
    (3202, Misconfigured, Scope::Account),
    (3203, Misconfigured, Scope::Account), // callbacks are not enabled
    (3206, Misconfigured, Scope::Account), // the product is not enabled, under HTTP 429
    (3207, Misconfigured, Scope::Account), // the hard cap
    (3210, Misconfigured, Scope::Account),
    (10022, Misconfigured, Scope::Account),  // bad key
    (501, Misconfigured, Scope::Account),    // not authorised
    (-20002, Misconfigured, Scope::Account), // the product is not enabled
    // Too many requests: not processed.
    (3204, NotSent, Scope::Account),
    (3205, NotSent, Scope::Account),
    (10019, NotSent, Scope::Account),
    (-40007, NotSent, Scope::Account),
    // Unavailable, "resubmit".
    (3500, NotSent, Scope::Account),
    (500, NotSent, Scope::Account), // "transaction not attempted"
    (-90001, NotSent, Scope::Account),
];

/// The codes that ask for fewer requests.
const TOO_MANY: &[i64] = &[3204, 3205, 10019, -40007];

/// What a code means; ranges where the code itself is not known.
fn meaning(code: i64) -> Option<(AttemptOutcome, Scope)> {
    if let Some((_, outcome, scope)) = CODES.iter().find(|(known, _, _)| *known == code) {
        return Some((*outcome, *scope));
    }
    match code {
        // Our request.
        3102..=3116 | 3300..=3306 | 11001..=11999 | -10999..=-10000 => Some((Misconfigured, Scope::Message)),
        3400..=3499 | -39999..=-30000 => Some((Misconfigured, Scope::Account)), // credentials
        _ => None,
    }
}

/// What an answer to a send means.
pub(super) fn read(answer: &Exchange) -> AttemptReport {
    let (body, report) = answer.open();
    let said = Said::read(body);
    let known = said.code.and_then(meaning);
    let (outcome, scope) = match known {
        // Taken, but nobody can point at it.
        Some((Accepted, scope)) if said.reference.is_none() => (Ambiguous, scope),
        Some(known) => known,
        // A 400 is about this message.
        None if answer.status == 400 => (by_http(400), Scope::Message),
        None => (by_http(answer.status), Scope::Account),
    };
    let cause = report
        .cause
        .or((outcome == Ambiguous && (200..300).contains(&answer.status)).then_some("unreadable"));
    let too_many = match said.code {
        Some(code) => TOO_MANY.contains(&code),
        None => answer.status == 429,
    };
    AttemptReport {
        outcome,
        provider_code: said.code.map(|code| code.to_string()),
        provider_ref: said.reference,
        scope,
        remedy: (outcome == NotSent && too_many).then_some(Remedy::Later),
        cause,
        ..report
    }
}

/// Without a code that is known: a proxy answered, or a new code came.
fn by_http(status: u16) -> AttemptOutcome {
    match status {
        429 => NotSent,
        300..=407 | 409..=499 => Misconfigured,
        _ => Ambiguous,
    }
}

/// The parts of any of Telesign's answers that matter.
pub(super) struct Said {
    /// `status.code`, or the code of the first of `errors`, which is more exact.
    pub(super) code: Option<i64>,
    /// `reference_id`: 32 hexadecimal digits.
    pub(super) reference: Option<String>,
}

impl Said {
    pub(super) fn read(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let number = |value: Option<&Value>| match value? {
            Value::String(digits) => digits.trim().parse().ok(),
            number => number.as_i64(),
        };
        let first_error = body.get("errors").and_then(Value::as_array).and_then(|all| all.first());
        let code = number(first_error.and_then(|error| error.get("code")))
            .or_else(|| number(body.get("status").and_then(|status| status.get("code"))));
        // Codes have five digits at most; what has more is something else.
        let code = code.filter(|code: &i64| code.unsigned_abs() < 1_000_000);
        let reference = body.get("reference_id").and_then(Value::as_str).filter(|text| is_reference(text));
        Self { code, reference: reference.map(str::to_owned) }
    }
}

/// Whether `text` is a reference of Telesign's. Only such a text goes into a URL's path.
pub(super) fn is_reference(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: u16, body: &[u8]) -> AttemptReport {
        read(&Exchange { status, retry_after: None, body: Ok(body.to_vec()) })
    }

    #[test]
    fn the_samples_whatever_their_http_status() {
        macro_rules! sample {
            ($name:literal) => {
                &include_bytes!(concat!("../../tests/samples/telesign-", $name, ".json"))[..]
            };
        }
        for (id, body, outcome, scope) in [
            ("ok", sample!("omnichannel-ok"), Accepted, Scope::Message),
            ("c11 number", sample!("omnichannel-error-3101"), RejectedNumber, Scope::Message),
            ("template", sample!("omnichannel-error-3110"), Misconfigured, Scope::Message),
            ("c12 channel", sample!("omnichannel-error-3200"), Misconfigured, Scope::Message),
            ("c8 rate", sample!("omnichannel-error-3204"), NotSent, Scope::Account),
            ("c12 product", sample!("omnichannel-error-3206"), Misconfigured, Scope::Account),
            ("c12 credentials", sample!("omnichannel-error-3400"), Misconfigured, Scope::Account),
            ("c12 key", sample!("omnichannel-error-3411"), Misconfigured, Scope::Account),
            ("unavailable", sample!("omnichannel-error-3500"), NotSent, Scope::Account),
            ("sms verify", sample!("smsverify-ok"), Accepted, Scope::Message),
        ] {
            for status in [200, 400, 401, 429, 503] {
                let report = report(status, body);
                assert_eq!((report.outcome, report.scope), (outcome, scope), "{id} under {status}");
            }
        }
        assert_eq!(report(429, sample!("omnichannel-error-3204")).remedy, Some(Remedy::Later));
        assert_eq!(report(429, sample!("omnichannel-error-3206")).remedy, None);
    }

    #[test]
    fn what_has_no_known_code_is_judged_by_its_http_status() {
        for (id, status, body, expected) in [
            ("c13_empty", 200, &b""[..], Ambiguous),
            ("c13_truncated", 200, br#"{"reference_id":"35C8B5D509BC1068"#, Ambiguous),
            ("c13_no_reference", 200, br#"{"status":{"code":3001}}"#, Ambiguous),
            ("c13_other_reference", 200, br#"{"reference_id":"../../x","status":{"code":3001}}"#, Ambiguous),
            ("c13_new_code", 200, br#"{"status":{"code":3999}}"#, Ambiguous),
            ("c7_html", 502, b"<html>", Ambiguous),
            ("c12_html", 403, b"<html>", Misconfigured),
            ("c16", 302, b"", Misconfigured),
            ("c8_html", 429, b"<html>", NotSent),
            ("c13_not_utf8", 200, b"{\"status\":\"\xff\"}", Ambiguous),
        ] {
            assert_eq!(report(status, body).outcome, expected, "{id}");
        }
        let errors = br#"{"errors":[{"code":-40007}],"status":{"code":500}}"#;
        let report = report(500, errors);
        assert_eq!(
            (report.outcome, report.remedy),
            (NotSent, Some(Remedy::Later)),
            "the error is more exact"
        );
    }
}
