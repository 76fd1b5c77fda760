//! The JSON of Verify's answers.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_seconds;
use crate::options::TwilioAccount;
use crate::twilio::settings::TwilioSettings;
use crate::twilio::verification::{Verification, VerificationStatus};

/// What every answer says besides its subject.
pub(crate) struct Frame<'a> {
    pub(crate) account: &'a TwilioAccount,
    pub(crate) settings: &'a TwilioSettings,
    /// `http://host:port`
    pub(crate) base: &'a str,
}

impl Frame<'_> {
    /// The Verification resource.
    pub(crate) fn verification(&self, it: &Verification) -> Value {
        let attempts: Vec<Value> = it
            .attempts
            .iter()
            .map(|attempt| {
                json!({
                    "time": iso_seconds(attempt.at),
                    "channel": attempt.channel.in_attempts(),
                    "attempt_sid": attempt.sid,
                })
            })
            .collect();
        json!({
            "sid": it.sid,
            "service_sid": self.account.service_sid,
            "account_sid": self.account.account_sid,
            "to": it.to,
            "channel": it.channel.as_str(),
            "status": it.status.as_str(),
            "valid": it.status == VerificationStatus::Approved,
            "date_created": iso_seconds(it.created),
            "date_updated": iso_seconds(it.updated),
            "lookup": self.lookup(),
            "amount": null,
            "payee": null,
            "send_code_attempts": attempts,
            "sna": null,
            "url": format!("{}/v2/Services/{}/Verifications/{}", self.base, self.account.service_sid, it.sid),
        })
    }

    fn lookup(&self) -> Value {
        if !self.settings.lookup_enabled {
            return json!({});
        }
        json!({
            "carrier": {
                "error_code": null,
                "name": "Example Wireless",
                "mobile_country_code": "310",
                "mobile_network_code": "150",
                "type": "mobile",
            }
        })
    }

    /// The VerificationCheck resource.
    pub(crate) fn check(&self, it: &Verification) -> Value {
        json!({
            "sid": it.sid,
            "service_sid": self.account.service_sid,
            "account_sid": self.account.account_sid,
            "to": it.to,
            "channel": it.channel.as_str(),
            "status": it.status.as_str(),
            "valid": it.status == VerificationStatus::Approved,
            "amount": null,
            "payee": null,
            "sna_attempts_error_codes": [],
            "date_created": iso_seconds(it.created),
            "date_updated": iso_seconds(it.updated),
        })
    }

    /// The Service resource.
    pub(crate) fn service(&self) -> Value {
        let sid = &self.account.service_sid;
        let url = format!("{}/v2/Services/{sid}", self.base);
        let created = iso_seconds(Timestamp::UNIX_EPOCH);
        json!({
            "sid": sid,
            "account_sid": self.account.account_sid,
            "friendly_name": self.settings.friendly_name,
            "code_length": self.settings.code_length,
            "lookup_enabled": self.settings.lookup_enabled,
            "psd2_enabled": false,
            "skip_sms_to_landlines": false,
            "dtmf_input_required": false,
            "tts_name": null,
            "do_not_share_warning_enabled": false,
            "custom_code_enabled": self.settings.custom_code_enabled,
            "push": { "include_date": false, "apn_credential_sid": null, "fcm_credential_sid": null },
            "totp": { "issuer": null, "time_step": 30, "code_length": 6, "skew": 1 },
            "default_template_sid": null,
            "whatsapp": { "msg_service_sid": null, "from": null },
            "passkeys": null,
            "verify_event_subscription_enabled": self.settings.event_sink.is_some(),
            "date_created": created,
            "date_updated": created,
            "links": {
                "verifications": format!("{url}/Verifications"),
                "verification_checks": format!("{url}/VerificationCheck"),
                "rate_limits": format!("{url}/RateLimits"),
                "messaging_configurations": format!("{url}/MessagingConfigurations"),
                "entities": format!("{url}/Entities"),
                "webhooks": format!("{url}/Webhooks"),
                "access_tokens": format!("{url}/AccessTokens"),
            },
            "url": url,
        })
    }
}
