//! Status callbacks.

use serde::Serialize;

use crate::clock::rfc_2822;
use crate::courier::CallbackError;
use crate::entropy;
use crate::messaging::trade::TwilioMessaging;
use crate::sign;
use crate::sync::locked;

const MESSAGE_STATUSES: [&str; 10] = [
    "accepted",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "read",
    "canceled",
    "partially_delivered",
];
const CALL_STATUSES: [&str; 9] =
    ["queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"];

/// A status that was posted, for the truth ledger.
#[derive(Serialize)]
struct Posted<'a> {
    sid: &'a str,
    status: &'a str,
    error_code: Option<u32>,
    http_status: Option<u16>,
}

type Form = Vec<(String, String)>;

impl TwilioMessaging {
    /// Lets a message (`SM…`) or call (`CA…`) reach a status, posts that to its `StatusCallback`, and returns the
    /// status of the answer.
    pub async fn deliver_status(
        &self,
        sid: &str,
        status: &str,
        error_code: Option<u32>,
    ) -> Result<u16, CallbackError> {
        let (url, form) = if sid.starts_with("CA") {
            self.call_form(sid, status, error_code)?
        } else {
            self.message_form(sid, status, error_code)?
        };
        let url = url.ok_or(CallbackError::NoAddress)?;
        let signature = sign::twilio(&self.inner.account.auth_token, &url, &form);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned()),
            ("user-agent", "TwilioProxy/1.1".to_owned()),
            ("i-twilio-idempotency-token", entropy::uuid()),
            ("x-twilio-signature", signature),
        ];
        let posted = self.inner.around.courier.post(&url, &headers, body).await;
        let http_status = posted.as_ref().ok().copied();
        self.note_callback(&Posted { sid, status, error_code, http_status });
        posted
    }

    /// Posts what [`MessagingSettings::auto_status`](crate::MessagingSettings::auto_status) says.
    pub(crate) fn deliver_by_itself(&self, sid: String) {
        let settings = self.settings();
        if settings.auto_status.is_empty() {
            return;
        }
        let messaging = self.clone();
        self.inner.around.courier.later(async move {
            for status in settings.auto_status {
                tokio::time::sleep(settings.auto_status_delay).await;
                let error_code = matches!(status.as_str(), "undelivered" | "failed").then_some(30003);
                // Whoever does not want to hear it has lost it, as with Twilio.
                let _ = messaging.deliver_status(&sid, &status, error_code).await;
            }
        });
    }

    fn message_form(
        &self,
        sid: &str,
        status: &str,
        error_code: Option<u32>,
    ) -> Result<(Option<String>, Form), CallbackError> {
        let account = &self.inner.account;
        let mut state = locked(&self.inner.state);
        let it = state.message(sid).ok_or_else(|| CallbackError::Unknown(sid.to_owned()))?;
        if !MESSAGE_STATUSES.contains(&status) {
            return Err(CallbackError::NoSuchStatus(status.to_owned()));
        }
        status.clone_into(&mut it.status);
        it.error_code = error_code;
        it.updated = self.inner.around.clock.now();
        let mut form = vec![
            ("SmsSid", sid.to_owned()),
            ("SmsStatus", status.to_owned()),
            ("MessageStatus", status.to_owned()),
            ("To", it.asked.to.clone()),
            ("MessageSid", sid.to_owned()),
            ("AccountSid", account.account_sid.clone()),
            ("From", it.from.clone().unwrap_or_default()),
            ("ApiVersion", "2010-04-01".to_owned()),
        ];
        if it.asked.messaging_service {
            form.push(("MessagingServiceSid", account.messaging_service_sid.clone()));
        }
        form.extend(error_code.map(|code| ("ErrorCode", code.to_string())));
        Ok((it.asked.status_callback.clone(), named(form)))
    }

    fn call_form(
        &self,
        sid: &str,
        status: &str,
        error_code: Option<u32>,
    ) -> Result<(Option<String>, Form), CallbackError> {
        let now = self.inner.around.clock.now();
        let mut state = locked(&self.inner.state);
        let it = state.call(sid).ok_or_else(|| CallbackError::Unknown(sid.to_owned()))?;
        if !CALL_STATUSES.contains(&status) {
            return Err(CallbackError::NoSuchStatus(status.to_owned()));
        }
        status.clone_into(&mut it.status);
        let sequence = it.sequence;
        it.sequence += 1;
        let mut form = vec![
            ("Called", it.asked.to.clone()),
            ("CallStatus", status.to_owned()),
            ("Timestamp", rfc_2822(now)),
            ("CallSid", sid.to_owned()),
            ("To", it.asked.to.clone()),
            ("From", it.asked.from.clone()),
            ("Caller", it.asked.from.clone()),
            ("Direction", "outbound-api".to_owned()),
            ("AccountSid", self.inner.account.account_sid.clone()),
            ("ApiVersion", "2010-04-01".to_owned()),
        ];
        if status == "completed" {
            form.extend([
                ("CallDuration", "12".to_owned()),
                ("Duration", "1".to_owned()),
                ("SipResponseCode", "200".to_owned()),
            ]);
        }
        form.extend([
            ("SequenceNumber", sequence.to_string()),
            ("CallbackSource", "call-progress-events".to_owned()),
        ]);
        form.extend(error_code.map(|code| ("ErrorCode", code.to_string())));
        Ok((it.asked.status_callback.clone(), named(form)))
    }
}

fn named(form: Vec<(&str, String)>) -> Form {
    form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
