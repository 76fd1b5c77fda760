use std::time::Duration;

use jiff::Timestamp;
use otp::{PhoneNumber, Verdict};

use super::verification::Verification;
use super::{Verify, segment};
use crate::twilio::refusal::refusal;
use crate::twilio::sid::is_sid;
use crate::wire::Exchange;
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
            Err(failure) => Err(failure.into()),
        }
    }
}

impl Verify {
    /// The verification of `phone` that is open, if it was made by `before`. Twilio has one per number at most, and deletes it when it
    /// ends.
    pub(super) async fn fetch(
        &self,
        phone: &PhoneNumber,
        before: Timestamp,
        timeout: Duration,
    ) -> Result<String, ReportError> {
        let path = format!("{}/{}", self.verifications_path(), segment(phone));
        let budget = Budget { connect: timeout, total: timeout };
        let Ok(answer) = self.client.get(&path, budget).await else {
            return Err(ReportError::Transient { doubtful: false });
        };
        match answer.status {
            200..300 => {
                let found = Verification::read(answer.body.as_deref().unwrap_or_default());
                let open = found.status.as_deref() == Some("pending");
                let timely = found.created.is_some_and(|created| created <= before);
                found.sid.filter(|_| open && timely).ok_or(ReportError::Gone)
            }
            status => Err(refusal(status, answer.retry_after, false)),
        }
    }
}

/// What an answer to an update means. A verification that is approved, expired or out of checks is deleted, and a 404 (Twilio docs:
/// error 20404) tells none of these from the others.
fn read(answer: &Exchange, verdict: Verdict) -> Result<Reported, ReportError> {
    match answer.status {
        200..300 => {
            let body = answer.body.as_deref().unwrap_or_default();
            let verification = Verification::read(body);
            match verification.status.as_deref() {
                Some(status) if status == verdict.as_str() => {
                    Ok(Reported { http_status: answer.status, provider_ref: verification.sid })
                }
                Some("approved" | "canceled" | "max_attempts_reached" | "deleted" | "failed" | "expired") => {
                    Err(ReportError::Gone)
                }
                // Taken, most likely; the next try finds it gone if so.
                _ => Err(ReportError::Transient { doubtful: true }),
            }
        }
        status => Err(refusal(status, answer.retry_after, true)),
    }
}
