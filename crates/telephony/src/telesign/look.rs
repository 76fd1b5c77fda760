use std::time::Duration;

use super::Telesign;
use super::classify::Said;
use crate::wire::Failure;
use crate::{Budget, Finding};

/// A reference that nobody was given.
const NOBODYS: &str = "00000000000000000000000000000000";
/// "No such transaction" (Telesign docs: get status): the credentials were good enough to be told.
const NOT_FOUND: i64 = -10004;

impl Telesign {
    /// Asks for the status of a message that was never sent.
    pub(super) async fn look_at_account(&self, timeout: Duration) -> Vec<Finding> {
        let budget = Budget { connect: timeout, total: timeout };
        let mut findings = match self.api.get(&format!("/v1/omnichannel/{NOBODYS}"), budget).await {
            Ok(answer) => {
                let code = Said::read(answer.body.as_deref().unwrap_or_default()).code;
                vec![judge(code, answer.status)]
            }
            Err(Failure::NotWritten(cause) | Failure::Doubtful(cause)) => {
                vec![Finding::unreachable("Telesign", cause)]
            }
        };
        if self.api.is_in_the_clear() {
            findings.push(Finding::in_the_clear());
        }
        findings
    }
}

fn judge(code: Option<i64>, status: u16) -> Finding {
    match (code, status) {
        (Some(3400..=3499 | -39999..=-30000 | 10022 | 501), _) | (None, 401 | 403) => Finding::fail(
            "Telesign refuses the credentials",
            "check customer_id and api_key, and that this machine's address is allowed",
        ),
        (Some(3200 | 3202 | 3206 | 3210 | -20002), _) => Finding::warn(
            "the status of messages cannot be asked for with this account",
            "send a test code; ask Telesign which products are enabled",
        ),
        (Some(NOT_FOUND | -10001), _) | (_, 200..300 | 404) => Finding::ok("Telesign takes the credentials"),
        (_, 429) => Finding::warn("Telesign asks for fewer requests", "check again in a minute"),
        _ => Finding::fail(
            format!("Telesign gave no usable answer (HTTP {status})"),
            "check base_url, and Telesign's status page",
        ),
    }
}
