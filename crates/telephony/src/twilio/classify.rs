use otp::AttemptOutcome::{
    self, Ambiguous, Misconfigured, NotSent, RejectedFraud, RejectedLimit, RejectedNumber,
};

use crate::Scope;

/// What Twilio's error codes mean for a message. (Twilio docs: api/errors/<code>; the 60000-range of Verify v1 is another one.)
const CODES: &[(u32, AttemptOutcome)] = &[
    // The account.
    (20003, Misconfigured), // bad, expired or foreign credentials
    (20404, Misconfigured), // no such service, or a locale it does not have
    (20429, NotSent),       // account concurrency; "429 is never processed"
    (20500, Ambiguous),     // "may result in duplicates" when repeated
    // The number, as the older products say it.
    (21211, RejectedNumber), // invalid To
    (21217, RejectedNumber), // invalid To of a call
    (21610, RejectedNumber), // opted out
    (21614, RejectedNumber), // not a mobile
    // Programmable Messaging and Voice: the account, the sender, the destination.
    (21210, Misconfigured), // From of a call is not verified
    (21215, Misconfigured), // no permission to call this country
    (21216, Misconfigured), // no permission to call this number
    (21219, Misconfigured), // a trial account calls verified numbers only
    (21408, Misconfigured), // no permission to text this region
    (21606, Misconfigured), // From cannot send SMS
    (21608, Misconfigured), // a trial account texts verified numbers only
    (21612, Misconfigured), // no route from this sender to this number
    // Verify: the request and the service. 60200 depends on the parameter, see below.
    (60201, Misconfigured), // mailer or template
    (60204, Misconfigured), // feature not enabled: "Custom code not allowed"
    (60206, Misconfigured), // PSD2 parameters
    (60207, Misconfigured), // most rate limits per service
    (60214, Misconfigured), // PSD2 parameters
    (60217, Misconfigured), // template
    (60218, Misconfigured), // template
    (60219, Misconfigured), // template
    (60220, Misconfigured), // China needs vetting
    (60222, Misconfigured), // mailer or template
    (60223, Misconfigured), // the service has this channel disabled
    (60238, Misconfigured), // creation blocked: account review, embargo
    (68008, Misconfigured), // the channel has no sender
    // Verify: the user's limit.
    (60202, RejectedLimit), // most checks reached
    (60203, RejectedLimit), // five sends in the window
    (60212, RejectedLimit), // parallel starts for one number
    // Verify: the number.
    (60205, RejectedNumber), // a landline takes no SMS
    (60600, RejectedNumber), // out of coverage
    (60605, RejectedNumber), // geo permissions
    (60610, RejectedNumber), // out of coverage
    (60626, NotSent),        // Lookup's limit per number
    // Verify: fraud.
    (60410, RejectedFraud), // Fraud Guard has blocked the prefix
    (60412, RejectedFraud), // Fraud Guard
    (60413, RejectedFraud), // Device Intelligence
];

/// Codes that say `Misconfigured` of one message and nothing of the next: another country, channel or parameter may be fine.
const LOCAL: &[u32] = &[21210, 21215, 21216, 21219, 21408, 21606, 21608, 21612, 60200, 60220, 60223];

/// How far a refusal reaches. A 400 with a code that is not known is about its parameters.
pub(crate) fn scope(http_status: u16, code: Option<u32>) -> Scope {
    let known = |code: &u32| CODES.iter().any(|(known, _)| known == code);
    match code {
        Some(code) if LOCAL.contains(&code) => Scope::Message,
        code if http_status == 400 && !code.as_ref().is_some_and(known) => Scope::Message,
        _ => Scope::Account,
    }
}

/// What an answer that is no success means: by Twilio's code where it is known, else by the HTTP status. `parameter` is the one the
/// message names as invalid, in lower case.
pub(crate) fn classify(http_status: u16, code: Option<u32>, parameter: Option<&str>) -> AttemptOutcome {
    if code == Some(60200) {
        return if parameter == Some("to") { RejectedNumber } else { Misconfigured };
    }
    if let Some((_, outcome)) = CODES.iter().find(|(known, _)| Some(*known) == code) {
        return *outcome;
    }
    match http_status {
        429 => NotSent,
        408 => Ambiguous,
        300..=499 => Misconfigured,
        _ => Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_contract() {
        for (id, http, code, parameter, expected) in [
            ("c7_20500", 500, 20500, None, Ambiguous),
            ("c8_20429", 429, 20429, None, NotSent),
            ("c8_60626", 429, 60626, None, NotSent),
            ("c9_60202", 429, 60202, None, RejectedLimit),
            ("c9_60203", 429, 60203, None, RejectedLimit),
            ("c9_60212", 429, 60212, None, RejectedLimit),
            ("c10_60410", 403, 60410, None, RejectedFraud),
            ("c10_60412", 403, 60412, None, RejectedFraud),
            ("c10_60413", 403, 60413, None, RejectedFraud),
            ("c11_60200_to", 400, 60200, Some("to"), RejectedNumber),
            ("c11_60205", 403, 60205, None, RejectedNumber),
            ("c11_60600", 400, 60600, None, RejectedNumber),
            ("c11_60605", 403, 60605, None, RejectedNumber),
            ("c11_60610", 400, 60610, None, RejectedNumber),
            ("c11_21211", 400, 21211, None, RejectedNumber),
            ("c11_21217", 400, 21217, None, RejectedNumber),
            ("c11_21610", 400, 21610, None, RejectedNumber),
            ("c11_21614", 400, 21614, None, RejectedNumber),
            ("c12_20003", 401, 20003, None, Misconfigured),
            ("c12_20404", 404, 20404, None, Misconfigured),
            ("c12_60200_channel", 400, 60200, Some("channel"), Misconfigured),
            ("c12_60200_unnamed", 400, 60200, None, Misconfigured),
            ("c12_60201", 400, 60201, None, Misconfigured),
            ("c12_60204", 403, 60204, None, Misconfigured),
            ("c12_60206", 400, 60206, None, Misconfigured),
            ("c12_60207", 429, 60207, None, Misconfigured),
            ("c12_60214", 400, 60214, None, Misconfigured),
            ("c12_60217", 400, 60217, None, Misconfigured),
            ("c12_60218", 400, 60218, None, Misconfigured),
            ("c12_60219", 400, 60219, None, Misconfigured),
            ("c12_60220", 400, 60220, None, Misconfigured),
            ("c12_60222", 400, 60222, None, Misconfigured),
            ("c12_60223", 400, 60223, None, Misconfigured),
            ("c12_60238", 403, 60238, None, Misconfigured),
            ("c12_68008", 400, 68008, None, Misconfigured),
        ] {
            assert_eq!(classify(http, Some(code), parameter), expected, "{id}");
        }
    }

    #[test]
    fn what_has_no_known_code_goes_by_the_http_status() {
        for (id, http, expected) in [
            ("c7_500", 500, Ambiguous),
            ("c7_502", 502, Ambiguous),
            ("c7_503", 503, Ambiguous),
            ("c7_504", 504, Ambiguous),
            ("c7_408", 408, Ambiguous),
            ("c8_429", 429, NotSent),
            ("c12_400", 400, Misconfigured),
            ("c12_401", 401, Misconfigured),
            ("c12_403", 403, Misconfigured),
            ("c12_404", 404, Misconfigured),
            ("c12_418", 418, Misconfigured),
            ("c13_200", 200, Ambiguous),
            ("c13_600", 600, Ambiguous),
            ("c16_301", 301, Misconfigured),
            ("c16_307", 307, Misconfigured),
        ] {
            for code in [None, Some(12345)] {
                assert_eq!(classify(http, code, None), expected, "{id} {code:?}");
            }
        }
    }
}
