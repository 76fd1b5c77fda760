use std::time::Duration;

use otp::Verdict;

use super::Messaging;
use crate::twilio::refusal::refusal;
use crate::twilio::sid::is_sid;
use crate::{Budget, ReportError, Reported, Subject};

impl Messaging {
    /// Tells how a message ended (Twilio docs: Message Feedback). Calls take no feedback, and neither do numbers.
    pub(super) async fn feed_back(
        &self,
        subject: Subject<'_>,
        verdict: Verdict,
        timeout: Duration,
    ) -> Result<Reported, ReportError> {
        let sid = match subject {
            Subject::Reference(sid) if is_sid("SM", sid) || is_sid("MM", sid) => sid,
            Subject::Reference(sid) if is_sid("CA", sid) => return Err(ReportError::Unsupported),
            Subject::Reference(_) => return Err(ReportError::Refused),
            Subject::Phone(_) => return Err(ReportError::Unsupported),
        };
        let outcome = match verdict {
            Verdict::Approved => "confirmed",
            Verdict::Canceled => "unconfirmed",
        };
        let path = self.path(&format!("Messages/{sid}/Feedback"));
        let budget = Budget { connect: timeout, total: timeout };
        match self.client.post(&path, &[("Outcome", outcome)], budget).await {
            Ok(answer) if (200..300).contains(&answer.status) => {
                Ok(Reported { http_status: answer.status, provider_ref: None })
            }
            Ok(answer) => Err(refusal(answer.status, answer.retry_after, true)),
            Err(failure) => Err(failure.into()),
        }
    }
}
