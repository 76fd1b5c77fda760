use otp::AttemptOutcome;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{Exchange, Failure};
use crate::{AttemptReport, ReportError};

/// What no answer means for a message.
impl From<Failure> for AttemptReport {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotWritten(cause) => Self::without_answer(AttemptOutcome::NotSent, cause),
            Failure::Doubtful(cause) => Self::without_answer(AttemptOutcome::Ambiguous, cause),
        }
    }
}

/// What no answer means for a report.
impl From<Failure> for ReportError {
    fn from(failure: Failure) -> Self {
        Self::Transient { doubtful: matches!(failure, Failure::Doubtful(_)) }
    }
}

impl Exchange {
    /// As much of the body as came whole, and a report that says nothing yet but how the answer came.
    pub(crate) fn open(&self) -> (&[u8], AttemptReport) {
        let (body, cause) = match &self.body {
            Ok(body) => (body.as_slice(), None),
            Err(cause) => (&[][..], Some(*cause)),
        };
        let report = AttemptReport {
            http_status: Some(self.status),
            retry_after: self.retry_after,
            cause,
            ..AttemptReport::new(AttemptOutcome::Ambiguous)
        };
        (body, report)
    }
}

/// A form's bytes, in memory that is wiped: a code may be among them. The room is enough for every form, so it is not copied to grow.
pub(crate) fn form(fields: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    let room = fields.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut text = form_urlencoded::Serializer::new(String::with_capacity(room));
    Zeroizing::new(text.extend_pairs(fields).finish().into_bytes())
}
