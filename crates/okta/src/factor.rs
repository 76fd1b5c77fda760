use otp::{Channel, Factor};

use crate::event::is_a;
use crate::json::Json;

/// Which factor a `LogEvent` is about, by the first of these that says so: `debugData.factor` (or `factorType`), the name in
/// `outcome.reason`, the method in the target, the target's own name. `debugData` is no contract (Okta: System Log API), and an
/// enrolment has the name in its reason only.
pub(crate) fn read(event: &Json<'_>) -> Factor {
    let debug_data = event.get("debugContext").get("debugData");
    let enrollments = || event.get("target").each().iter().filter(|t| is_a(t, "AuthenticatorEnrollment"));
    ["factor", "factorType"]
        .iter()
        .find_map(|name| from_name(&debug_data.get(name).text()?))
        .or_else(|| from_reason(&event.get("outcome").get("reason").text()?))
        .or_else(|| {
            enrollments().find_map(|t| from_name(&t.get("detailEntry").get("methodTypeUsed").text()?))
        })
        .or_else(|| {
            let is_phone = |t: &Json<'_>| t.get("displayName").text().is_some_and(|n| names_phone(&n));
            enrollments().any(is_phone).then_some(Factor::PhoneUnknownChannel)
        })
        .unwrap_or(Factor::Other)
}

/// `SMS_FACTOR`, `sms`, `CALL_FACTOR`, `Voice call`, …; nothing where there is no name.
fn from_name(name: &str) -> Option<Factor> {
    let name = name.trim().to_ascii_lowercase();
    if matches!(name.as_str(), "" | "null" | "unknown") {
        return None;
    }
    let bare = name.strip_suffix("factor").unwrap_or(&name).trim_end_matches(['_', '-', ' ']);
    Some(match Channel::from_okta(bare) {
        Some(channel) => Factor::Phone(channel),
        None if names_phone(bare) => Factor::PhoneUnknownChannel,
        None => Factor::Other,
    })
}

fn names_phone(name: &str) -> bool {
    ["phone", "phone_number"].iter().any(|phone| name.trim().eq_ignore_ascii_case(phone))
}

/// `User set up SMS_FACTOR factor`. A sentence that only mentions some factor says nothing.
fn from_reason(reason: &str) -> Option<Factor> {
    let words: Vec<&str> =
        reason.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    let ends_with_factor = |word: &&&str| word.to_ascii_lowercase().ends_with("_factor");
    if let Some(name) = words.iter().find(ends_with_factor) {
        return from_name(name);
    }
    let at = words.iter().position(|word| word.eq_ignore_ascii_case("factor"))?;
    let factor = from_name(words[at.checked_sub(1)?])?;
    let is_enrolment = words.windows(2).any(|pair| pair.join(" ").eq_ignore_ascii_case("set up"));
    (is_enrolment || factor != Factor::Other).then_some(factor)
}

#[cfg(test)]
mod tests {
    use otp::{Channel, Factor};

    use super::{from_name, from_reason, read};
    use crate::json::Json;

    const SMS: Factor = Factor::Phone(Channel::Sms);
    const VOICE: Factor = Factor::Phone(Channel::Voice);

    #[test]
    fn every_spelling_of_a_factor_is_read() {
        for (name, factor) in [
            ("SMS_FACTOR", SMS),
            ("sms", SMS),
            (" Sms ", SMS),
            ("CALL_FACTOR", VOICE),
            ("call", VOICE),
            ("VOICE", VOICE),
            ("Voice call", VOICE),
            ("VOICE_CALL_FACTOR", VOICE),
            ("Phone", Factor::PhoneUnknownChannel),
            ("PASSWORD_AS_FACTOR", Factor::Other),
            ("OKTA_VERIFY_PUSH", Factor::Other),
            ("Get a push notification", Factor::Other),
            ("factor", Factor::Other),
        ] {
            assert_eq!(from_name(name), Some(factor), "{name}");
        }
        for nothing in ["", " ", "null", "UNKNOWN"] {
            assert_eq!(from_name(nothing), None);
        }
    }

    #[test]
    fn a_reason_names_a_factor_or_says_nothing() {
        for (reason, factor) in [
            ("User set up SMS_FACTOR factor", Some(SMS)),
            ("User set up CALL_FACTOR factor", Some(VOICE)),
            ("User set up SIGNED_NONCE factor", Some(Factor::Other)),
            ("User set up EMAIL_FACTOR factor.", Some(Factor::Other)),
            ("Too many enrollment attempts for SMS factor", Some(SMS)),
            ("INVALID_CREDENTIALS", None),
            ("Verified with a second factor", None),
            ("factor", None),
            ("", None),
        ] {
            assert_eq!(from_reason(reason), factor, "{reason}");
        }
    }

    #[test]
    fn what_is_more_certain_is_asked_first() {
        let target = |method: &str, name: &str| {
            format!(
                r#""target":[{{"type":"User"}},{{"type":"AuthenticatorEnrollment","displayName":"{name}","detailEntry":{{"methodTypeUsed":"{method}"}}}}]"#
            )
        };
        let phone = target("VOICE", "Phone");
        for (event, factor) in [
            (format!(r#"{{"debugContext":{{"debugData":{{"factor":"SMS_FACTOR"}}}},{phone}}}"#), SMS),
            (format!(r#"{{"debugContext":{{"debugData":{{"factorType":"sms"}}}},{phone}}}"#), SMS),
            (
                format!(r#"{{"debugContext":{{"debugData":{{"factor":"FIDO_WEBAUTHN"}}}},{phone}}}"#),
                Factor::Other,
            ),
            (format!(r#"{{"debugContext":{{"debugData":{{"factor":""}}}},{phone}}}"#), VOICE),
            (format!(r#"{{"outcome":{{"reason":"User set up SMS_FACTOR factor"}},{phone}}}"#), SMS),
            (format!(r#"{{"debugContext":null,"outcome":null,{phone}}}"#), VOICE),
            (format!("{{{}}}", target("Voice call", "x")), VOICE),
            (format!("{{{}}}", target("Password", "Phone")), Factor::Other),
            (format!("{{{}}}", target("", "Phone")), Factor::PhoneUnknownChannel),
            (r#"{"target":null}"#.to_owned(), Factor::Other),
            (
                r#"{"target":{"type":"AuthenticatorEnrollment","displayName":"phone"}}"#.to_owned(),
                Factor::PhoneUnknownChannel,
            ),
            (r#"{"target":[{"type":"User","displayName":"Phone"}]}"#.to_owned(), Factor::Other),
        ] {
            assert_eq!(read(&Json::parse(&event).unwrap()), factor, "{event}");
        }
    }
}
