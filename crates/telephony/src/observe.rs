use std::time::Duration;

use otp::AttemptEnded;

use crate::{AttemptReport, Outgoing};

/// One line and two metrics per attempt; everything else about it is in the books.
pub(crate) fn attempt_ended(
    message: &Outgoing,
    ended: &AttemptEnded,
    report: &AttemptReport,
    took: Duration,
) {
    tracing::info!(
        transaction = %ended.transaction,
        provider = ended.provider,
        channel = message.channel.as_str(),
        to = message.to.masked(),
        n = ended.n,
        outcome = ended.outcome.as_str(),
        http_status = ended.http_status,
        provider_code = ended.provider_code,
        cause = report.cause,
        ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "attempt {} through {} ended: {}",
        ended.n,
        ended.provider,
        ended.outcome.as_str(),
    );
    metrics::counter!(
        "ringback_send_attempts_total",
        "provider" => ended.provider.clone(),
        "channel" => message.channel.as_str(),
        "outcome" => ended.outcome.as_str(),
    )
    .increment(1);
    metrics::histogram!("ringback_send_duration_seconds", "provider" => ended.provider.clone())
        .record(took.as_secs_f64());
}
