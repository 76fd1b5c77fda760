use std::str::FromStr;

use otp::AttemptOutcome;
use serde_json::Value;

use crate::wire::Exchange;
use crate::{AttemptReport, Remedy, Scope};

/// The longest reference or code that is kept.
const MOST: usize = 128;

/// What an answer may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The message is on its way.
    Accepted,
    /// The number is the problem.
    Rejected,
    /// Blocked as fraud.
    Fraud,
    /// The user has had enough codes.
    Limit,
    /// Not processed, too many requests: later.
    Busy,
    /// Certainly not sent.
    NotSent,
    /// Our credentials or settings are wrong.
    Misconfigured,
    /// Nobody knows.
    Ambiguous,
}

/// Where something is in an answer's body: a JSON pointer (RFC 6901), like `/message/id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

/// Not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no JSON pointer, like /message/id")]
pub struct PlaceError;

impl FromStr for Place {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if text.starts_with('/') { Ok(Self(text.to_owned())) } else { Err(PlaceError) }
    }
}

impl Place {
    fn find(&self, body: &Value) -> Option<String> {
        let text = match body.pointer(&self.0)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let fine = (1..=MOST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fine.then_some(text)
    }
}

/// HTTP statuses: `202`, `4xx`, `200-299`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statuses(u16, u16);

/// Not statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no HTTP status: 202, 4xx or 200-299")]
pub struct StatusesError;

impl FromStr for Statuses {
    type Err = StatusesError;
    fn from_str(text: &str) -> Result<Self, StatusesError> {
        let number =
            |text: &str| text.trim().parse().ok().filter(|n| (100..=599).contains(n)).ok_or(StatusesError);
        if let Some(class) = text.strip_suffix("xx") {
            let first = number(&format!("{class}00"))?;
            return Ok(Self(first, first + 99));
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (number(first)?, number(last)?);
        if first <= last { Ok(Self(first, last)) } else { Err(StatusesError) }
    }
}

/// What an answer means that looks so.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Under one of these HTTP statuses; under any, if there are none.
    pub status: Vec<Statuses>,
    /// With something at this place, …
    pub at: Option<Place>,
    /// … which is one of these; anything, if there are none.
    pub equals: Vec<String>,
    /// What that means.
    pub means: Meaning,
}

impl Rule {
    fn fits_status(&self, status: u16) -> bool {
        self.status.is_empty()
            || self.status.iter().any(|Statuses(first, last)| (*first..=*last).contains(&status))
    }

    fn fits(&self, status: u16, body: &Value) -> bool {
        let by_status = self.fits_status(status);
        let by_body = self.at.as_ref().is_none_or(|place| {
            place.find(body).is_some_and(|it| {
                self.equals.is_empty() || self.equals.iter().any(|word| word.eq_ignore_ascii_case(&it))
            })
        });
        by_status && by_body
    }
}

/// How answers are read.
pub(super) struct Reading {
    pub(super) reference: Option<Place>,
    pub(super) code: Option<Place>,
    pub(super) rules: Vec<Rule>,
}

impl Reading {
    /// What an answer to a send means.
    pub(super) fn read(&self, answer: &Exchange) -> AttemptReport {
        let (body, report) = answer.open();
        let parsed: Result<Value, _> = serde_json::from_slice(body);
        // Cut off, or another language: what the rules would have looked for may have been in it.
        let lost = report.cause.is_some() || parsed.is_err() && !body.is_empty();
        let asked = |rule: &&Rule| rule.at.is_some() && rule.fits_status(answer.status);
        let body = parsed.unwrap_or_default();
        let rule = self.rules.iter().find(|rule| rule.fits(answer.status, &body));
        let rule = rule.filter(|_| !(lost && answer.status < 300 && self.rules.iter().any(|it| asked(&it))));
        let meaning = match rule {
            Some(rule) => rule.means,
            // The head says it was taken, the rest was lost.
            None if lost && answer.status < 300 => Meaning::Ambiguous,
            None => by_http(answer.status),
        };
        let provider_ref = self.reference.as_ref().and_then(|place| place.find(&body));
        // A reference is wanted and there is none: no rule says that this is how acceptance looks.
        let pointless = rule.is_none() && self.reference.is_some() && provider_ref.is_none();
        let meaning = match meaning {
            Meaning::Accepted if pointless => Meaning::Ambiguous,
            meaning => meaning,
        };
        let (outcome, remedy) = outcome(meaning);
        // What a vendor says without a rule is about this message, unless it is about who we are or where we knock.
        let scope = match answer.status {
            300..=399 | 401 | 403 | 404 | 407 => Scope::Account,
            _ if rule.is_some() => Scope::Account,
            _ => Scope::Message,
        };
        AttemptReport {
            outcome,
            provider_code: self.code.as_ref().and_then(|place| place.find(&body)),
            provider_ref,
            scope,
            remedy,
            ..report
        }
    }
}

/// What an HTTP status means by itself.
fn by_http(status: u16) -> Meaning {
    match status {
        200..300 => Meaning::Accepted,
        429 => Meaning::Busy,
        300..=407 | 409..=499 => Meaning::Misconfigured,
        _ => Meaning::Ambiguous,
    }
}

fn outcome(meaning: Meaning) -> (AttemptOutcome, Option<Remedy>) {
    match meaning {
        Meaning::Accepted => (AttemptOutcome::Accepted, None),
        Meaning::Rejected => (AttemptOutcome::RejectedNumber, None),
        Meaning::Fraud => (AttemptOutcome::RejectedFraud, None),
        Meaning::Limit => (AttemptOutcome::RejectedLimit, None),
        Meaning::Busy => (AttemptOutcome::NotSent, Some(Remedy::Later)),
        Meaning::NotSent => (AttemptOutcome::NotSent, None),
        Meaning::Misconfigured => (AttemptOutcome::Misconfigured, None),
        Meaning::Ambiguous => (AttemptOutcome::Ambiguous, None),
    }
}

#[cfg(test)]
mod tests {
    use otp::AttemptOutcome::{self, *};

    use super::*;

    fn rule(status: &[&str], at: Option<&str>, equals: &[&str], means: Meaning) -> Rule {
        Rule {
            status: status.iter().map(|text| text.parse().unwrap()).collect(),
            at: at.map(|text| text.parse().unwrap()),
            equals: equals.iter().map(|text| (*text).to_owned()).collect(),
            means,
        }
    }

    fn read(rules: Vec<Rule>, status: u16, body: Result<&str, &'static str>) -> AttemptReport {
        let place = |text: &str| Some(text.parse().unwrap());
        let reading = Reading { reference: place("/message/id"), code: place("/code"), rules };
        let body = body.map(|body| body.as_bytes().to_vec());
        reading.read(&Exchange { status, retry_after: None, body })
    }

    #[test]
    fn the_first_rule_that_fits_and_else_the_status() {
        let rules = || {
            vec![
                rule(&["200-299"], Some("/status"), &["BLOCKED"], Meaning::Fraud),
                rule(&["2xx"], Some("/status"), &["limit"], Meaning::Limit),
                rule(&["422", "404"], None, &[], Meaning::Rejected),
                rule(&["503"], None, &[], Meaning::NotSent),
                rule(&[], Some("/error"), &[], Meaning::Misconfigured),
            ]
        };
        for (id, status, body, expected) in [
            ("c10 fraud", 200, r#"{"status":"blocked"}"#, RejectedFraud),
            ("c9 limit", 202, r#"{"status":"limit"}"#, RejectedLimit),
            ("c11 number", 422, "", RejectedNumber),
            ("503 by rule", 503, "<html>", NotSent),
            ("any status", 200, r#"{"error":7}"#, Misconfigured),
            ("accepted", 202, r#"{"status":"queued","message":{"id":"m-1"}}"#, Accepted),
            ("c13 no reference", 202, r#"{"status":"queued"}"#, Ambiguous),
            ("c13 no JSON", 200, "OK", Ambiguous),
            ("c7", 500, "", Ambiguous),
            ("c8", 429, "", NotSent),
            ("c12", 401, "", Misconfigured),
            ("c16", 302, "", Misconfigured),
        ] {
            assert_eq!(read(rules(), status, Ok(body)).outcome, expected, "{id}");
        }
        assert_eq!(read(rules(), 200, Err("timeout")).outcome, Ambiguous, "c13 cut off");
        let coarse = || {
            vec![
                rule(&["2xx"], Some("/status"), &["blocked"], Meaning::Fraud),
                rule(&["2xx"], None, &[], Meaning::Accepted),
            ]
        };
        for (id, body, expected) in [
            ("whole", Ok("{}"), Accepted),
            ("none", Ok(""), Accepted),
            ("c15 what it said is lost", Err("timeout"), Ambiguous),
            ("c13 nobody reads it", Ok("<html>"), Ambiguous),
        ] {
            assert_eq!(read(coarse(), 200, body).outcome, expected, "{id}");
        }
        assert_eq!(read(rules(), 429, Ok("")).remedy, Some(Remedy::Later));
        let ok = read(rules(), 200, Ok(r#"{"message":{"id":"m-1"},"code":12}"#));
        assert_eq!((ok.provider_ref.as_deref(), ok.provider_code.as_deref()), (Some("m-1"), Some("12")));
        for odd in [r#"{"message":{"id":"a b"}}"#, r#"{"message":{"id":null}}"#, r#"{"message":[]}"#] {
            assert_eq!(read(rules(), 200, Ok(odd)).provider_ref, None, "{odd}");
        }
        assert!(AttemptOutcome::ALL.len() == 7, "a new outcome wants a meaning");
    }

    #[test]
    fn statuses_and_places() {
        for wrong in ["", "2x", "xx", "600", "299-200", "abc", "9xx"] {
            assert!(wrong.parse::<Statuses>().is_err(), "{wrong}");
        }
        assert!("message".parse::<Place>().is_err());
    }
}
