use std::time::Duration;

use crate::ReportError;

/// What a status without success means for a report or a question. `effect`: the request would have had one.
pub(crate) fn refusal(status: u16, wait: Option<Duration>, effect: bool) -> ReportError {
    match status {
        404 => ReportError::Gone,
        429 => ReportError::RateLimited { wait },
        408 | 500.. => ReportError::Transient { doubtful: effect },
        _ => ReportError::Refused,
    }
}
