macro_rules! sample {
    ($name:literal) => {
        ($name, include_str!(concat!("../samples/", $name, ".json")))
    };
}
pub(crate) use sample;

/// Every telephony hook: name and body.
pub(crate) const HOOKS: [(&str, &str); 11] = [
    sample!("telephony-request-sms-mfa-verification"),
    sample!("telephony-request-sms-pre-enrollment"),
    sample!("telephony-request-sms-account-unlock"),
    sample!("telephony-request-voice-mfa-verification"),
    sample!("telephony-request-voice-password-reset"),
    sample!("telephony-request-channel-variant-voice-call"),
    sample!("telephony-request-channel-variant-CALL"),
    sample!("telephony-request-preview-untouched"),
    sample!("telephony-request-execute-api-numeric"),
    sample!("telephony-request-missing-optional-fields"),
    sample!("telephony-request-unknown-extra-fields"),
];

/// Every delivery of an event hook: name and body.
pub(crate) const DELIVERIES: [(&str, &str); 14] = [
    sample!("event-hook-single-sms-success"),
    sample!("event-hook-single-call-success"),
    sample!("event-hook-enroll-sms-then-two-activates"),
    sample!("event-hook-batch-mixed-factors"),
    sample!("event-hook-failures-only"),
    sample!("event-hook-recovery-sms-success"),
    sample!("event-hook-degenerate-events"),
    sample!("event-hook-empty-events"),
    sample!("event-hook-duplicate-delivery-1"),
    sample!("event-hook-duplicate-delivery-2-same-eventId"),
    sample!("event-hook-duplicate-delivery-3-new-eventId-same-uuid"),
    sample!("event-hook-factor-deactivate"),
    sample!("event-hook-phone-verification-oie-classic-deny"),
    sample!("event-hook-inline-hook-executed-failure"),
];

/// The sample of that name.
pub(crate) fn of(samples: &'static [(&str, &str)], name: &str) -> &'static str {
    samples.iter().find(|(n, _)| n.ends_with(name)).map_or("no such sample", |(_, body)| body)
}
