//! The vendors' errors: HTTP status and words for each code.

use serde_json::{Value, json};

/// HTTP status and message of a Twilio error. Status of 60207, 60238, 60410 and 60413 is not documented.
pub(crate) fn twilio_error(code: u32) -> Option<(u16, &'static str)> {
    Some(match code {
        12100 => (400, "Document parse failure"),
        20001 => (400, "Unknown parameters"),
        20003 => (401, "Authenticate"),
        20004 => (405, "Method not allowed"),
        20404 => (404, "The requested resource was not found"),
        20422 => (400, "Invalid parameter"),
        20429 => (429, "Too many requests"),
        20500 => (500, "An internal server error has occurred"),
        20503 => (503, "Service is unavailable"),
        21201 => (400, "No 'To' number is specified"),
        21205 => (400, "Url parameter is required."),
        21210 => (400, "'From' phone number not verified"),
        21211 => (400, "Invalid 'To' Phone Number"),
        21212 => (400, "Invalid 'From' Phone Number"),
        21213 => (400, "'From' phone number is required"),
        21214 => (400, "'To' phone number cannot be reached"),
        21215 => (400, "Account not authorized to call the number: geo permissions"),
        21216 => (400, "Account not allowed to call the number"),
        21217 => (400, "Phone number does not appear to be valid"),
        21219 => (400, "'To' phone number not verified"),
        21408 => (
            400,
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
        ),
        21602 => (400, "Message body is required."),
        21603 => (400, "A 'From' phone number is required."),
        21604 => (400, "A 'To' phone number is required."),
        21606 => (400, "The 'From' phone number is not a valid, SMS-capable number of the account"),
        21608 => (400, "The 'To' number is unverified: a trial account cannot send to it"),
        21609 => (400, "The 'StatusCallback' URL is not a valid URL."),
        21610 => (400, "Attempt to send to unsubscribed recipient"),
        21612 => (400, "The 'To' phone number is not reachable from this 'From' number"),
        21614 => (400, "'To' number is not a valid mobile number"),
        21617 => (400, "The concatenated message body exceeds the 1600 character limit."),
        21705 => (400, "The Messaging Service Sid is invalid"),
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

/// HTTP status and description of a Telesign status code, and whether the answer names a reference.
///
/// Telesign documents 3203 and 3206 under 429; statuses of codes without one there are 400 here.
pub(crate) fn telesign_error(code: i32) -> Option<(u16, &'static str, bool)> {
    Some(match code {
        -10001 => (404, "Invalid reference ID", false),
        -10004 => (404, "Reference ID not found or expired", false),
        3037 => (400, "Blocked country", true),
        3038 => (400, "Blocked prefix", true),
        3052 => (400, "Blocked by customer", true),
        3053 => (400, "Blocked by Telesign", true),
        3071 => (400, "Trial account: unverified phone number", true),
        3072 => (400, "Blocked by risk score", true),
        3073 => (400, "Prepaid wallet is empty", true),
        3101 => (400, "Invalid value for parameter phone_number", true),
        3110 => (400, "Invalid request", true),
        3115 => (400, "Phone number is not in coverage", true),
        3116 => (413, "Payload is too large", false),
        3200 => (400, "sms channel is not enabled for customer", true),
        3203 => (429, "Callback URL is not enabled for Customer ID", false),
        3204 => (429, "Rate limit exceeded", false),
        3205 => (429, "Rate limit of the channel exceeded", false),
        3206 => (429, "Omnichannel Product not enabled for Customer ID", false),
        3207 => (429, "Hard cap reached", false),
        3302 => (400, "Missing required parameter phone_number", true),
        3400 => (401, "Not authorized", false),
        3405 => (401, "Account suspended", false),
        3408 => (401, "Host is not allowed", false),
        3409 => (401, "Nonce was used before", false),
        3411 => (401, "Invalid API Key.", false),
        3412 => (401, "IP address is not allowed", false),
        3500 => (503, "System Unavailable", false),
        _ => return None,
    })
}

/// The body of a Telesign error.
pub(crate) fn telesign_body(code: i32, description: &str, reference: Option<&str>) -> Value {
    let mut body = json!({ "status": { "code": code, "description": description }, "external_id": null });
    if let Some(reference) = reference {
        body["reference_id"] = json!(reference);
    }
    body
}
