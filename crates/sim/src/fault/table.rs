//! The vendors' errors: HTTP status and words for each code.

use serde_json::{Value, json};

/// HTTP status and message of a Twilio error. Status of 60207, 60238, 60410 and 60413 is not documented.
pub(crate) fn twilio_error(code: u32) -> Option<(u16, &'static str)> {
    Some(match code {
        20003 => (401, "Authenticate"),
        20004 => (405, "Method not allowed"),
        20404 => (404, "The requested resource was not found"),
        20429 => (429, "Too many requests"),
        20500 => (500, "An internal server error has occurred"),
        20503 => (503, "Service is unavailable"),
        60200 => (400, "Invalid parameter: To"),
        60202 => (429, "Max check attempts reached"),
        60203 => (429, "Max send attempts reached"),
        60204 => (403, "Custom code not allowed"),
        60205 => (403, "SMS is not supported by landline phone number"),
        60207 => (429, "Max rate limits per service reached"),
        60212 => (429, "Too many concurrent requests for phone number"),
        60220 => (400, "Messages to China require use case vetting"),
        60223 => (400, "Delivery channel disabled: SMS"),
        60238 => (403, "Verification creation attempt blocked by Twilio"),
        60410 => {
            let message = "The destination phone number has been temporarily blocked by Twilio due to fraudulent \
                           activities. Contact support for assistance.";
            (403, message)
        }
        60413 => (403, "Verification blocked by Verify Device Intelligence"),
        60605 => (403, "The destination phone number has been blocked by Verify Geo-Permissions."),
        _ => return None,
    })
}

/// The body of a Twilio error.
pub(crate) fn twilio_body(code: u32, http: u16, message: &str) -> Value {
    json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": http,
    })
}

/// HTTP status and summary of an Okta error.
pub(crate) fn okta_error(code: &str) -> Option<(u16, &'static str)> {
    Some(match code {
        "E0000004" => (401, "Authentication failed"),
        "E0000006" => (403, "You do not have permission to perform the requested action"),
        "E0000007" => (404, "Not found: Resource not found"),
        "E0000009" => (500, "Internal Server Error"),
        "E0000011" => (401, "Invalid token provided"),
        "E0000022" => (405, "The endpoint does not support the provided HTTP method"),
        "E0000047" => (429, "API call exceeded rate limit due to too many requests."),
        _ => return None,
    })
}

/// The body of an Okta error.
pub(crate) fn okta_body(code: &str, summary: &str) -> Value {
    json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": crate::entropy::okta_id("oae"),
        "errorCauses": [],
    })
}
