//! System Log events, as the event hook carries them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_millis;
use crate::entropy;
use crate::okta::request::HookRequest;
use crate::okta::user::{Channel, User};

/// `outcome.result` of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The factor was verified.
    Success,
    /// It was not: `INVALID_CREDENTIALS`.
    Failure,
}

/// `user.authentication.auth_via_mfa` for a factor (`SMS_FACTOR`, `PASSWORD_AS_FACTOR`, …).
pub(crate) fn mfa(user: &User, factor: &str, intent: &str, outcome: Outcome, published: Timestamp) -> Value {
    let (result, reason, legacy, severity) = match outcome {
        Outcome::Success => ("SUCCESS", None, "core.user.factor.attempt_success", "INFO"),
        Outcome::Failure => ("FAILURE", Some("INVALID_CREDENTIALS"), "core.user.factor.attempt_fail", "WARN"),
    };
    let mut event = base(user, published);
    event["eventType"] = json!("user.authentication.auth_via_mfa");
    event["displayMessage"] = json!("Authentication of user via MFA");
    event["severity"] = json!(severity);
    event["legacyEventType"] = json!(legacy);
    event["outcome"] = json!({ "result": result, "reason": reason });
    event["target"] = json!([subject(user), enrollment(user, factor, true)]);
    event["debugContext"]["debugData"] = json!({
        "authnRequestId": entropy::okta_id("auth"),
        "requestId": entropy::okta_id("req"),
        "requestUri": "/idp/idx/challenge/answer",
        "url": "/idp/idx/challenge/answer?",
        "threatSuspected": "false",
        "dtHash": "0".repeat(64),
        "factor": factor,
        "factorIntent": intent,
    });
    event
}

/// `user.mfa.factor.activate` for a factor.
pub(crate) fn activate(user: &User, factor: &str, published: Timestamp) -> Value {
    let mut event = base(user, published);
    event["eventType"] = json!("user.mfa.factor.activate");
    event["displayMessage"] = json!("Activate factor or authenticator enrollment method for user");
    event["legacyEventType"] = json!("core.user.factor.activate");
    event["outcome"] = json!({ "result": "SUCCESS", "reason": format!("User set up {factor} factor") });
    event["target"] = json!([subject(user), enrollment(user, factor, false)]);
    event["debugContext"]["debugData"] = json!({
        "requestId": entropy::okta_id("req"),
        "requestUri": "/idp/idx/challenge/answer",
        "url": "/idp/idx/challenge/answer?",
        "threatSuspected": "false",
    });
    event
}

/// An event of Okta's own doing: its actor is no person.
pub(crate) fn base_of_system(published: Timestamp) -> Value {
    let mut event = base(&User::new("", ""), published);
    event["actor"] = json!({
        "id": "okta.00000000-system-principal",
        "type": "SystemPrincipal",
        "alternateId": "system@okta.com",
        "displayName": "Okta System",
        "detailEntry": null,
    });
    event
}

/// The user a code was for, as a target.
pub(crate) fn target_user(request: &HookRequest) -> Value {
    json!({
        "id": request.user_id,
        "type": "User",
        "alternateId": request.login,
        "displayName": format!("{} {}", request.first_name, request.last_name),
        "detailEntry": null,
    })
}

fn subject(user: &User) -> Value {
    json!({
        "id": user.id,
        "type": "User",
        "alternateId": user.login,
        "displayName": user.display_name(),
        "detailEntry": null,
    })
}

fn enrollment(user: &User, factor: &str, used: bool) -> Value {
    let (name, method, factor_type) = match factor {
        "SMS_FACTOR" => ("Phone", "SMS", "sms"),
        "CALL_FACTOR" => ("Phone", "VOICE", "call"),
        "EMAIL_FACTOR" => ("Email", "EMAIL", "email"),
        "PASSWORD_AS_FACTOR" => ("Password", "Password", "password"),
        "OKTA_VERIFY_PUSH" => ("Okta Verify", "Get a push notification", "push"),
        "SIGNED_NONCE" => ("Okta Verify", "Use Okta FastPass", "signed_nonce"),
        other => (other, other, "other"),
    };
    let id = user.active_factor(factor_type).map_or_else(|| entropy::okta_id("lae"), |it| it.id.clone());
    let detail = json!({ "methodTypeUsed": method, "methodUsedVerifiedProperties": "[USER_PRESENCE]" });
    json!({
        "id": id,
        "type": "AuthenticatorEnrollment",
        "alternateId": "unknown",
        "displayName": name,
        "detailEntry": used.then_some(detail),
    })
}

/// Everything that is the same in all events.
fn base(user: &User, published: Timestamp) -> Value {
    json!({
        "uuid": entropy::uuid(),
        "published": iso_millis(published),
        "eventType": null,
        "version": "0",
        "displayMessage": null,
        "severity": "INFO",
        "client": {
            "userAgent": { "rawUserAgent": "Mozilla/5.0 (Fake; Test)", "os": "Mac OS X", "browser": "CHROME" },
            "zone": "null",
            "device": "Computer",
            "id": null,
            "ipAddress": "203.0.113.24",
            "geographicalContext": {
                "city": "Springfield",
                "state": null,
                "country": "United States",
                "postalCode": null,
                "geolocation": { "lat": 39.8, "lon": -89.6 },
            },
            "ipChain": [{ "ip": "203.0.113.24", "geographicalContext": null, "version": "V4", "source": null }],
        },
        "device": null,
        "actor": subject(user),
        "outcome": null,
        "target": null,
        "transaction": { "type": "WEB", "id": entropy::okta_id("txn"), "detail": {} },
        "debugContext": { "debugData": {} },
        "legacyEventType": null,
        "authenticationContext": {
            "authenticationProvider": null,
            "credentialProvider": null,
            "credentialType": null,
            "issuer": null,
            "authenticationStep": 0,
            "externalSessionId": entropy::okta_id("idx"),
            "interface": null,
        },
        "securityContext": { "asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null },
        "insertionTimestamp": null,
    })
}

/// The two activations of one phone enrolment on Identity Engine: same time, same transaction.
pub(crate) fn activate_twins(user: &User, published: Timestamp) -> [Value; 2] {
    let sms = activate(user, Channel::Sms.factor_name(), published);
    let mut call = activate(user, Channel::Voice.factor_name(), published);
    call["transaction"] = sms["transaction"].clone();
    call["debugContext"] = sms["debugContext"].clone();
    [sms, call]
}
