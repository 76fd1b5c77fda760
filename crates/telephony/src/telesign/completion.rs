use std::time::Duration;

use otp::Verdict;

use super::classify::{Said, is_reference};
use super::{Product, Telesign};
use crate::wire::Failure;
use crate::{Budget, ReportError, Reported, Subject};

/// "Verify completion successfully recorded".
const RECORDED: i64 = 1900;
/// No such reference, or one that is over.
const UNKNOWN_REFERENCE: &[i64] = &[-10001, -10004, -30013];
/// Too many requests.
const TOO_MANY: &[i64] = &[3204, 3205, 10019, -40007];

impl Telesign {
    /// Tells that a code was used (Telesign docs: verify completion). It knows no word for one that was not.
    pub(super) async fn complete(
        &self,
        subject: Subject<'_>,
        verdict: Verdict,
        timeout: Duration,
    ) -> Result<Reported, ReportError> {
        let reference = match subject {
            Subject::Reference(reference) => reference,
            Subject::Phone(_) => return Err(ReportError::Unsupported),
        };
        if self.product == Product::Omnichannel || verdict != Verdict::Approved {
            return Err(ReportError::Unsupported);
        }
        if !is_reference(reference) {
            return Err(ReportError::Refused);
        }
        let budget = Budget { connect: timeout, total: timeout };
        match self.api.put(&format!("/v1/verify/completion/{reference}"), budget).await {
            Ok(answer) => {
                let code = Said::read(answer.body.as_deref().unwrap_or_default()).code;
                match (code, answer.status) {
                    (Some(RECORDED), _) => Ok(Reported { http_status: answer.status, provider_ref: None }),
                    (Some(code), _) if UNKNOWN_REFERENCE.contains(&code) => Err(ReportError::Gone),
                    (Some(code), _) if TOO_MANY.contains(&code) => {
                        Err(ReportError::RateLimited { wait: answer.retry_after })
                    }
                    (_, 404) => Err(ReportError::Gone),
                    (None, 429) => Err(ReportError::RateLimited { wait: answer.retry_after }),
                    (_, 200..300 | 408 | 500..) => Err(ReportError::Transient { doubtful: true }),
                    _ => Err(ReportError::Refused),
                }
            }
            // It has no body, so nobody saw whether it was written; only a connection that never stood is certain.
            Err(Failure::NotWritten(cause)) => {
                Err(ReportError::Transient { doubtful: !cause.starts_with("connect") })
            }
            Err(Failure::Doubtful(_)) => Err(ReportError::Transient { doubtful: true }),
        }
    }
}
