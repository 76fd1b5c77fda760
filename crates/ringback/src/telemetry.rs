//! Logs and metrics of this process.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use url::Url;

use crate::config::{LogConfig, LogFormat};

/// Libraries that log what they are handed, and are handed phone numbers or events: they are not heard, whatever the filter says.
const TALKATIVE: [&str; 2] = ["rlibphonenumber", "lapin"];

/// Starts logging to standard error; the guard writes what is left when it is dropped. Lines that nobody takes in time are dropped
/// rather than that a hook waits for them.
///
/// Spans go to the collector at `traces`, where one is named, as those of `role`.
pub(crate) fn start_logs(
    config: &LogConfig,
    rust_log: Option<&str>,
    traces: Option<&Url>,
    role: &'static str,
) -> anyhow::Result<Logs> {
    // One write for all lines that wait; the writer's thread flushes when none does.
    let errors = std::io::BufWriter::with_capacity(64 * 1024, std::io::stderr());
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(16_384).finish(errors);
    let filter = EnvFilter::try_new(rust_log.unwrap_or(&config.level))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match config.format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
        }
        LogFormat::Text => lines.with_ansi(false).boxed(),
    };
    let quiet = filter_fn(|event| !TALKATIVE.iter().any(|name| event.target().starts_with(name)));
    // Spans are for the collector; lines stand alone.
    let events = filter_fn(|event| event.is_event());
    let traced = filter_fn(|event| event.is_span() && event.target() == trace::TARGET);
    let provider = traces.map(|endpoint| tracer(endpoint, role)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("ringback")).with_filter(traced)
    });
    let lines = lines.with_filter(filter).with_filter(events).with_filter(quiet);
    let started = tracing_subscriber::registry().with(spans).with(lines).try_init();
    started.map_err(|err| anyhow::anyhow!("logging cannot be started: {err}"))?;
    Ok(Logs { _lines: guard, spans: provider })
}

/// What is left to be written is written when this is dropped.
pub(crate) struct Logs {
    _lines: WorkerGuard,
    spans: Option<SdkTracerProvider>,
}

/// For the last spans to reach the collector.
const LAST_SPANS: Duration = Duration::from_secs(2);

impl Drop for Logs {
    fn drop(&mut self) {
        if let Some(spans) = self.spans.take() {
            // A collector that is away costs its spans and nothing else.
            let _ = spans.shutdown_with_timeout(LAST_SPANS);
        }
    }
}

/// Sends spans to an OTLP/HTTP receiver, in batches, from a thread of its own; what it does not take in time is dropped.
fn tracer(endpoint: &Url, role: &'static str) -> anyhow::Result<SdkTracerProvider> {
    let url = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    // The exporter's client blocks and must not be made inside the runtime.
    let exporter = std::thread::spawn(move || {
        opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(url)
            .with_timeout(Duration::from_secs(5))
            .build()
    });
    let exporter =
        exporter.join().map_err(|_| anyhow::anyhow!("the exporter of traces ended in a panic"))??;
    let service = format!("ringback-{role}");
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name(service).build())
        .build())
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
    describe_gauge!(
        "ringback_ready",
        "1 while this process can do what it is for: an ingress, to send codes"
    );
    describe_counter!("ringback_dead_letters_total", "Events that were given up");
    describe_gauge!("ringback_journal_bytes", Unit::Bytes, "Size of the journal");
    describe_gauge!("ringback_queue_depth", "Events waiting for the worker or in its hands");
    describe_counter!("ringback_auth_failures_total", "Requests with a wrong or missing credential");
    describe_counter!("ringback_request_panics_total", "Requests that ended in a panic");
    describe_counter!(
        "ringback_part_panics_total",
        "Parts of the service that ended in a panic and began again"
    );
    describe_counter!("ringback_queue_reconnects_total", "Connections made to the broker again");
    describe_gauge!("ringback_queue_blocked", "1 while the broker takes no messages");
    describe_counter!("ringback_ledger_facts_total", "Facts that were entered in the ledger");
    describe_counter!("ringback_ledger_refused_total", "Facts the ledger refused for their content");
    describe_gauge!(
        "ringback_breaker_state",
        "0 while a provider is asked, 1 while it is tried out, 2 while it is skipped"
    );
    describe_counter!("ringback_breaker_opened_total", "How often a provider began to be skipped");
    describe_gauge!("ringback_okta_paused", "1 while Okta's API is not asked, by reason");
    describe_counter!("ringback_report_tries_total", "Answers of providers to reports, each try");
    describe_counter!("ringback_reconciled_total", "Ambiguous sends that were settled by looking them up");
    describe_counter!("ringback_cancels_total", "Verifications cancelled to make room for another code");
}
