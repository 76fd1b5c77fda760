//! Event Streams: what became of Verify's messages, posted to a sink.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_millis;
use crate::courier::CallbackError;
use crate::entropy;
use crate::sign;
use crate::sync::locked;
use crate::twilio::verification::{Attempt, Verification};
use crate::twilio::verify::TwilioVerify;

/// What `…verify.message.…` events there are.
const STATUSES: [&str; 5] = ["sent", "delivered", "read", "undelivered", "failed"];

impl TwilioVerify {
    /// Points the event stream at a sink.
    pub fn stream_to(&self, url: &str) {
        self.configure(|it| it.event_sink = Some(url.to_owned()));
    }

    /// Posts that a message was `sent`, `delivered`, `read`, `undelivered` or `failed`, and returns the status
    /// the sink answered.
    ///
    /// `sid` is an attempt's (`VL…`), or a verification's, whose last attempt is then meant.
    pub async fn stream_message_status(&self, sid: &str, status: &str) -> Result<u16, CallbackError> {
        let settings = self.settings();
        let sink = settings.event_sink.clone().ok_or(CallbackError::NoAddress)?;
        if !STATUSES.contains(&status) {
            return Err(CallbackError::NoSuchStatus(status.to_owned()));
        }
        let now = self.inner.clock.now();
        let all = locked(&self.inner.store).all(&settings, now);
        let attempts = all.iter().flat_map(|it| it.attempts.iter().rev().map(move |attempt| (it, attempt)));
        let (it, attempt) = attempts
            .into_iter()
            .find(|(it, attempt)| attempt.sid == sid || it.sid == sid)
            .ok_or_else(|| CallbackError::Unknown(sid.to_owned()))?;
        let body = json!([self.event(it, attempt, status, now)]).to_string();
        let url = sign::with_body_digest(&sink, body.as_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-twilio-signature", sign::twilio(&self.inner.account.auth_token, &url, &[])),
        ];
        self.inner.courier.post(&url, &headers, body).await
    }

    fn event(&self, it: &Verification, attempt: &Attempt, status: &str, now: Timestamp) -> Value {
        let error_code = if matches!(status, "undelivered" | "failed") { "30003" } else { "" };
        let at = iso_millis(now);
        json!({
            "specversion": "1.0",
            "type": format!("com.twilio.accountsecurity.verify.message.{status}"),
            "source": "AB5117000000000000000000000000f4ce",
            "id": entropy::sid("NO"),
            "dataschema": "https://events-schemas.twilio.com/AccountSecurity.MessageStatusEvent/2",
            "datacontenttype": "application/json",
            "time": at,
            "data": {
                "created_at": at,
                "account_sid": self.inner.account.account_sid,
                "service_sid": self.inner.account.service_sid,
                "verification_sid": it.sid,
                "attempt_sid": attempt.sid,
                "error_code": error_code,
                "channel": attempt.channel.in_attempts(),
                "message_status": status.to_uppercase(),
                "has_fallback": false,
                "is_fallback": false,
                "mnc": "150",
                "mcc": "310",
                "to": it.to,
                "number_segments": 1,
                "tags": it.tags,
            },
        })
    }
}
