use std::time::Duration;

use serde_json::Value;

use super::Verify;
use crate::wire::{Exchange, Failure};
use crate::{Budget, Finding};

impl Verify {
    /// Fetches the service: credentials, existence and settings in one request that sends nothing.
    pub(super) async fn look_at_service(&self, timeout: Duration) -> Vec<Finding> {
        let budget = Budget { connect: timeout, total: timeout };
        let mut findings = match self.client.get(&self.service_path(), budget).await {
            Ok(answer) => read(&answer),
            Err(Failure::NotWritten(cause) | Failure::Doubtful(cause)) => {
                vec![Finding::unreachable("Twilio Verify", cause)]
            }
        };
        if self.client.is_in_the_clear() {
            findings.push(Finding::in_the_clear());
        }
        findings
    }
}

fn read(answer: &Exchange) -> Vec<Finding> {
    let failed = |what: &str, advice| vec![Finding::fail(format!("{what} (HTTP {})", answer.status), advice)];
    match answer.status {
        200..300 => {}
        401 => {
            return failed("Twilio refuses the credentials", "check account_sid with auth_token, or api_key");
        }
        403 => {
            return failed("the credentials may not read the service", "give the API key access to Verify");
        }
        404 => {
            return failed("Twilio knows no such service", "check service_sid: it belongs to this account?");
        }
        429 => {
            return vec![Finding::warn(
                "Twilio asks for fewer requests (HTTP 429)",
                "check again in a minute",
            )];
        }
        _ => {
            return failed("Twilio Verify gave no usable answer", "check base_url, and Twilio's status page");
        }
    }
    let body = answer.body.as_deref().unwrap_or_default();
    let Ok(service) = serde_json::from_slice::<Value>(body) else {
        return failed("the answer is no Verify service", "check base_url");
    };
    let custom_codes = match service.get("custom_code_enabled").and_then(Value::as_bool) {
        Some(true) => Finding::ok("custom codes are enabled"),
        // Twilio docs: error 60204.
        Some(false) => Finding::fail(
            "the service does not take custom codes: every send will be refused",
            "enable custom codes for the service in Twilio's console (or ask Twilio support)",
        ),
        None => Finding::warn("the service does not say whether it takes custom codes", "send a test code"),
    };
    vec![Finding::ok("Twilio takes the credentials and knows the service"), custom_codes]
}
