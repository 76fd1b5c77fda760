use std::time::Duration;

use jiff::Timestamp;
use otp::{PhoneNumber, Verdict};

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
            match Verification::read(body).status.as_deref() {
                Some(status) if status == verdict.as_str() => Ok(Reported { http_status: answer.status }),
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

/// What a status without success means. `effect`: the request would have had one.
fn refusal(status: u16, wait: Option<Duration>, effect: bool) -> ReportError {
    match status {
        404 => ReportError::Gone,
        429 => ReportError::RateLimited { wait },
        408 | 500.. => ReportError::Transient { doubtful: effect },
        _ => ReportError::Refused,
    }
}
