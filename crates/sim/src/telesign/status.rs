//! Status codes of messages on their way.

/// On its way, as every accepted message is.
pub(crate) const TO_GATEWAY: i32 = 3002;

/// The description of a status code; none if there is no such code.
pub(crate) fn description(code: i32) -> Option<&'static str> {
    Some(match code {
        3000 => "Delivered",
        3001 => "Message in progress",
        TO_GATEWAY => "Delivered to gateway",
        3003 => "Delivery error",
        3004 => "Message sent, handset receipt not available",
        3005 => "Read",
        3030 => "Phone error - temporary problem",
        3031 => "Phone error - permanent problem",
        3032 => "No route to phone",
        3033 => "Message expired",
        3034 => "SMS is not supported by phone",
        3039 => "Unknown status",
        3040 => "Message queued",
        3041 => "Carrier rejected - temporary problem",
        3042 => "Carrier rejected - permanent problem",
        3043 => "Gateway error - temporary problem",
        3044 => "Gateway error - permanent problem",
        3046 => "Blocked by subscriber",
        3050 => "Subscriber is absent",
        3051 => "Blocked as spam",
        3056 => "Fallback time passed",
        _ => return None,
    })
}
