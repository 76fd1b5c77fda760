use std::time::Duration;

use otp::Verdict;

use super::verification::Verification;
use super::{Verify, segment};
use crate::twilio::sid::is_sid;
use crate::wire::{Exchange, Failure};
use crate::{Budget, ReportError, Reported, Subject};

impl Verify {
    /// Sets a verification's status, by its SID or by the number it is pending for.
    pub(super) async fn update(
        &self,
        subject: Subject<'_>,
        verdict: Verdict,
        timeout: Duration,
    ) -> Result<Reported, ReportError> {
        let id = match subject {
            Subject::Reference(sid) if is_sid("VE", sid) => sid.to_owned(),
            Subject::Reference(_) => return Err(ReportError::Refused),
            Subject::Phone(phone) => segment(phone),
        };
        let path = format!("{}/{id}", self.verifications_path());
        let budget = Budget { connect: timeout, total: timeout };
        match self.client.post(&path, &[("Status", verdict.as_str())], budget).await {
            Ok(answer) => read(&answer, verdict),
            Err(Failure::NotWritten(_)) => Err(ReportError::Transient { doubtful: false }),
            Err(Failure::Doubtful(_)) => Err(ReportError::Transient { doubtful: true }),
        }
    }
}

/// What an answer to an update means. A verification that is approved, expired or out of checks is deleted, and a 404 (Twilio docs:
/// error 20404) tells none of these from the others.
fn read(answer: &Exchange, verdict: Verdict) -> Result<Reported, ReportError> {
    match answer.status {
        200..300 => {
            let body = answer.body.as_deref().unwrap_or_default();
            match Verification::read(body).status.as_deref() {
                Some(status) if status == verdict.as_str() => Ok(Reported { http_status: answer.status }),
                Some("approved" | "canceled" | "max_attempts_reached" | "deleted" | "failed" | "expired") => {
                    Err(ReportError::Gone)
                }
                // Taken, most likely; the next try finds it gone if so.
                _ => Err(ReportError::Transient { doubtful: true }),
            }
        }
        404 => Err(ReportError::Gone),
        429 => Err(ReportError::RateLimited { wait: answer.retry_after }),
        408 | 500.. => Err(ReportError::Transient { doubtful: true }),
        _ => Err(ReportError::Refused),
    }
}
