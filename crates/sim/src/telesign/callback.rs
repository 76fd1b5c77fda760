//! Status callbacks.

use serde::Serialize;

use crate::courier::CallbackError;
use crate::sign;
use crate::sync::locked;
use crate::telesign::trade::TelesignMessaging;
use crate::telesign::{answer, status};

/// A status that was posted, for the truth ledger.
#[derive(Serialize)]
struct Posted<'a> {
    reference_id: &'a str,
    code: i32,
    http_status: Option<u16>,
}

impl TelesignMessaging {
    /// Lets a message reach a status, posts that to its `callback_url` (or the account's), and returns the status
    /// of the answer.
    pub async fn deliver_status(&self, reference_id: &str, code: i32) -> Result<u16, CallbackError> {
        let settings = self.settings();
        let (url, body) = {
            let mut state = locked(&self.inner.state);
            let it =
                state.find(reference_id).ok_or_else(|| CallbackError::Unknown(reference_id.to_owned()))?;
            if status::description(code).is_none() {
                return Err(CallbackError::NoSuchStatus(code.to_string()));
            }
            it.code = code;
            it.updated = self.inner.around.clock.now();
            (it.wanted.callback_url.clone(), answer::callback(it, settings.old_callbacks).to_string())
        };
        let url = url.or(settings.callback_url).ok_or(CallbackError::NoAddress)?;
        let account = &self.inner.account;
        // A key that is no Base64 cannot sign; what it is then called back with fits nothing.
        let signature = sign::telesign(&account.api_key, body.as_bytes()).unwrap_or_default();
        let signed = if settings.bare_signature {
            ("x-ts-authorization", signature)
        } else {
            ("authorization", format!("TSA {}:{signature}", account.customer_id))
        };
        let headers = [("content-type", "application/json".to_owned()), signed];
        let posted = self.inner.around.courier.post(&url, &headers, body).await;
        let http_status = posted.as_ref().ok().copied();
        self.note_callback(&Posted { reference_id, code, http_status });
        posted
    }
}
