//! What the System Log says of codes that were sent, and of a hook that failed.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::country;
use crate::entropy;
use crate::okta::event::{base_of_system, target_user};
use crate::okta::hook::HookResult;
use crate::okta::org::Okta;
use crate::okta::request::HookRequest;
use crate::okta::user::{Channel, Purpose};

fn send_type(channel: Channel, purpose: Purpose) -> &'static str {
    match (channel, purpose) {
        (Channel::Sms, Purpose::MfaVerification) => "system.sms.send_factor_verify_message",
        (Channel::Sms, Purpose::PreEnrollment) => "system.sms.send_phone_verification_message",
        (Channel::Sms, Purpose::AccountUnlock) => "system.sms.send_account_unlock_message",
        (Channel::Sms, Purpose::PasswordReset) => "system.sms.send_password_reset_message",
        (Channel::Voice, Purpose::MfaVerification) => "system.voice.send_mfa_challenge_call",
        (Channel::Voice, Purpose::PreEnrollment) => "system.voice.send_phone_verification_call",
        (Channel::Voice, Purpose::AccountUnlock) => "system.voice.send_account_unlock_call",
        (Channel::Voice, Purpose::PasswordReset) => "system.voice.send_password_reset_call",
    }
}

/// A code was sent: by the hook, or by Okta because the hook did not.
fn sent(request: &HookRequest, result: &HookResult, published: Timestamp) -> Value {
    let failover = !result.is_sent();
    let action = &result.json()["commands"][0]["value"][0];
    let (flag, provider, custom) = match request.channel {
        Channel::Sms => ("isSmsHookFailover", "smsProvider", "smsTelephonyProvider"),
        Channel::Voice => ("isCallHookFailover", "callProvider", "callTelephonyProvider"),
    };
    let mut event = base_of_system(published);
    event["eventType"] = json!(send_type(request.channel, request.purpose));
    event["displayMessage"] = json!("Send a code to a phone");
    event["outcome"] = json!({ "result": "SUCCESS", "reason": null });
    event["target"] = json!([target_user(request)]);
    let mut debug_data = json!({
        "requestId": entropy::okta_id("req"),
        "phoneNumber": request.phone,
        "countryCallingCode": country::of_number(&request.phone).map(|it| it.calling_code),
        "transactionId": if failover { json!(entropy::okta_id("tel")) } else { action["transactionId"].clone() },
    });
    debug_data[flag] = json!(failover.to_string());
    if failover {
        debug_data[provider] = json!("Okta's own");
    } else {
        debug_data[custom] = action["provider"].clone();
    }
    event["debugContext"]["debugData"] = debug_data;
    event
}

/// What became of a message that Okta sent itself.
fn status(request: &HookRequest, published: Timestamp) -> Value {
    let (kind, reason) = match request.channel {
        Channel::Sms => ("system.sms.receive_status", "Sms Delivered"),
        Channel::Voice => ("system.voice.receive_status", "Call Completed"),
    };
    let mut event = base_of_system(published);
    event["eventType"] = json!(kind);
    event["displayMessage"] = json!("Status of a message");
    event["outcome"] = json!({ "result": "SUCCESS", "reason": reason });
    event["target"] = json!([target_user(request)]);
    event["debugContext"]["debugData"] = json!({ "phoneNumber": request.phone });
    event
}

/// The hook gave no answer, or none with a 2xx.
fn hook_failed(result: &HookResult, published: Timestamp) -> Value {
    let mut event = base_of_system(published);
    event["eventType"] = json!("inline_hook.executed");
    event["displayMessage"] = json!("Inline hook executed");
    event["severity"] = json!("WARN");
    let reason = match result.http_status {
        Some(status) => format!("Callback answered with status {status}"),
        None => "Callback timeout".to_owned(),
    };
    event["outcome"] = json!({ "result": "FAILURE", "reason": reason });
    event["target"] = json!([{
        "id": "cal00000000000000001",
        "type": "InlineHook",
        "alternateId": "unknown",
        "displayName": "Telephony hook",
        "detailEntry": null,
    }]);
    event["debugContext"]["debugData"] = json!({
        "inlineHookType": "com.okta.telephony.provider",
        "errorMessage": "Okta did not receive a response from an inline hook.",
    });
    event
}

impl Okta {
    /// Writes down what came of a hook call, and of the code.
    pub(crate) fn log_send(&self, request: &HookRequest, result: &HookResult) {
        let now = self.inner.clock.now();
        let failed = result.http_status.is_none_or(|status| !(200..300).contains(&status));
        if failed {
            self.queue_event(hook_failed(result, now));
        }
        let sent_itself = !result.is_sent() && self.settings().own_telephony;
        if result.is_sent() || sent_itself {
            self.queue_event(sent(request, result, now));
        }
        if sent_itself {
            self.queue_event(status(request, now));
        }
    }
}
