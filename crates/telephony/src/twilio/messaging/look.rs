use std::time::Duration;

use super::Messaging;
use crate::wire::Failure;
use crate::{Budget, Finding};

impl Messaging {
    /// Asks for one message of the list: what a key that may send can do as a rule, and it sends nothing.
    pub(super) async fn look_at_account(&self, timeout: Duration) -> Vec<Finding> {
        let budget = Budget { connect: timeout, total: timeout };
        let mut findings =
            match self.client.get_where(&self.path("Messages"), &[("PageSize", "1")], budget).await {
                Ok(answer) => vec![judge(answer.status)],
                Err(Failure::NotWritten(cause) | Failure::Doubtful(cause)) => {
                    vec![Finding::unreachable("Twilio", cause)]
                }
            };
        if self.client.is_in_the_clear() {
            findings.push(Finding::in_the_clear());
        }
        if self.caller().is_none() {
            findings.push(Finding::warn(
                "calls cannot be placed: there is no number to call from",
                "set from to a voice number of the account, or route voice elsewhere",
            ));
        }
        if self.status_callback.is_some() && self.signing_token.is_none() {
            findings.push(Finding::warn(
                "status callbacks are asked for but cannot be checked",
                "set auth_token beside api_key: Twilio signs with the account's auth token",
            ));
        }
        findings
    }
}

fn judge(status: u16) -> Finding {
    match status {
        200..300 => Finding::ok("Twilio takes the credentials and knows the account"),
        401 => Finding::fail(
            "Twilio refuses the credentials (HTTP 401)",
            "check account_sid with auth_token, or api_key",
        ),
        403 => Finding::warn("the key may not list messages (HTTP 403)", "send a test code"),
        404 => Finding::fail("Twilio knows no such account (HTTP 404)", "check account_sid"),
        429 => Finding::warn("Twilio asks for fewer requests (HTTP 429)", "check again in a minute"),
        status => Finding::fail(
            format!("Twilio gave no usable answer (HTTP {status})"),
            "check base_url, and Twilio's status page",
        ),
    }
}
