use std::time::Duration;

use otp::{AttemptEnded, AttemptOutcome, Channel};

use crate::{AttemptReport, Outgoing, Provider, SmsEncoding, SmsLength};

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

/// Shows all that can come of a provider's attempts.
pub(crate) fn announce(provider: &dyn Provider) {
    for channel in [Channel::Sms, Channel::Voice].into_iter().filter(|channel| provider.carries(*channel)) {
        for outcome in AttemptOutcome::ALL {
            metrics::counter!(
                "ringback_send_attempts_total",
                "provider" => provider.name().to_owned(),
                "channel" => channel.as_str(),
                "outcome" => outcome.as_str(),
            )
            .increment(0);
        }
    }
}

/// Segments are what carriers charge for.
pub(crate) fn worded(provider: &str, length: SmsLength) {
    let encoding = match length.encoding {
        SmsEncoding::Gsm7 => "gsm7",
        SmsEncoding::Ucs2 => "ucs2",
    };
    metrics::counter!("ringback_sms_segments_total", "provider" => provider.to_owned(), "encoding" => encoding)
        .increment(length.segments as u64);
}
