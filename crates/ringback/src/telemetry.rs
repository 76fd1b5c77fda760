//! Logs and metrics of this process.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::{LogConfig, LogFormat};

/// Libraries that log what they are handed, and are handed phone numbers: they are not heard, whatever the filter says.
const TALKATIVE: [&str; 1] = ["rlibphonenumber"];

/// Starts logging to standard error; the guard writes what is left when it is dropped. Lines that nobody takes in time are dropped
/// rather than that a hook waits for them.
pub(crate) fn start_logs(config: &LogConfig, rust_log: Option<&str>) -> anyhow::Result<WorkerGuard> {
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(65_536).finish(std::io::stderr());
    let filter = EnvFilter::try_new(rust_log.unwrap_or(&config.level))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match config.format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
        }
        LogFormat::Text => lines.with_ansi(false).boxed(),
    };
    let quiet = filter_fn(|event| !TALKATIVE.iter().any(|name| event.target().starts_with(name)));
    let started = tracing_subscriber::registry().with(filter).with(quiet).with(lines).try_init();
    started.map_err(|err| anyhow::anyhow!("logging cannot be started: {err}"))?;
    Ok(guard)
}

/// Upper bounds of hook and provider times, in seconds: close around what Okta waits for.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 2.6, 3.0];
/// Upper bounds of the time from an event to its report, in seconds.
const LAG_SECONDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 600.0];

/// Starts counting; the handle renders what was counted.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Full("ringback_feedback_lag_seconds".to_owned()), LAG_SECONDS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_histogram!(
        "ringback_hook_duration_seconds",
        Unit::Seconds,
        "From a telephony hook's first byte to its answer"
    );
    describe_counter!("ringback_send_attempts_total", "Calls to providers");
    describe_histogram!("ringback_send_duration_seconds", Unit::Seconds, "One call to a provider");
    describe_counter!("ringback_events_total", "Okta's events at the door");
    describe_counter!("ringback_feedback_total", "Reports to providers");
    describe_histogram!(
        "ringback_feedback_lag_seconds",
        Unit::Seconds,
        "From an event's arrival to its report"
    );
    describe_gauge!("ringback_journal_pending", "Journalled facts that a cursor has not passed");
    describe_gauge!("ringback_journal_bytes", Unit::Bytes, "Size of the journal");
    describe_gauge!("ringback_queue_depth", "Events waiting for the worker or in its hands");
    describe_counter!("ringback_auth_failures_total", "Requests with a wrong or missing credential");
    describe_counter!("ringback_request_panics_total", "Requests that ended in a panic");
    describe_counter!("ringback_ledger_refused_total", "Facts the ledger refused for their content");
}
