//! Trace context across processes, as W3C `traceparent` (<https://www.w3.org/TR/trace-context/>).
//!
//! Spans of this service have the target [`TARGET`] and the level DEBUG: they cost nothing where no traces are exported, and lines in the
//! log do not carry them.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The target of the spans that are exported.
pub const TARGET: &str = "ringback::trace";
/// The header, of HTTP and of messages.
pub const HEADER: &str = "traceparent";

/// The context of `span`; `None` where it is not traced.
pub fn context_of(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::with_capacity(2);
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove(HEADER)
}

/// Makes `span` a child of the span that `traceparent` names. Nonsense is passed over: a trace is not worth an error.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent.filter(|_| !span.is_disabled()) else { return };
    let carrier = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&carrier);
    if parent.span().span_context().is_valid() {
        // A span that has begun keeps its parent.
        let _ = span.set_parent(parent);
    }
}

/// The context that stands for a transaction, wherever it is worked on: its id is the trace's. What sends its code goes on from here, and
/// what reports about it, in another process and minutes later, links to here; nothing has to be kept in between.
pub fn of_transaction(id: u128) -> String {
    let halves = [id >> 64, id].map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or_default());
    format!("00-{:032x}-{:016x}-01", id.max(1), (halves[0] ^ halves[1]).max(1))
}

/// Links `span` to the span that `traceparent` names.
pub fn link(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    let carrier = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier).span().span_context().clone();
    if context.is_valid() {
        span.add_link(context);
    }
}

/// Whether a text is a `traceparent` of version 00: two, thirty-two, sixteen and two lower-case hex digits.
pub fn is_traceparent(text: &str) -> bool {
    let lengths = [2, 32, 16, 2];
    let mut parts = text.split('-');
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
    };
    text.starts_with("00-")
        && lengths.iter().all(|length| parts.next().is_some_and(|part| hex(part, *length)))
        && parts.next().is_none()
}

/// A context of its own, for what comes without one and is not traced here: so that its lines in two processes' logs can be joined.
pub fn fresh(trace: u128, span: u64) -> String {
    format!("00-{:032x}-{:016x}-00", trace.max(1), span.max(1))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{TARGET, context_of, continue_from, fresh, is_traceparent, link, of_transaction};

    /// Keeps what is exported.
    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    #[test]
    fn a_report_is_linked_to_the_hook_of_its_transaction() {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let transaction = of_transaction(0x01a1_fe1e_7bca_7337_b6ee_6cdb_a1b7_5fcb);
        assert!(is_traceparent(&transaction), "{transaction}");
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let hook = tracing::debug_span!(target: TARGET, "hook");
            continue_from(&hook, Some(&transaction));
            drop(hook);
            // In another process, in another trace.
            let report = tracing::debug_span!(target: TARGET, "report");
            link(&report, &transaction);
            link(&report, "nonsense");
        });
        let spans = kept.0.lock().unwrap();
        let [hook, report] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!(hook.span_context.trace_id().to_string(), "01a1fe1e7bca7337b6ee6cdba1b75fcb");
        let links: Vec<_> = report.links.iter().map(|link| link.span_context.clone()).collect();
        assert_eq!(links.len(), 1, "{links:?}");
        assert_eq!(links[0].trace_id(), hook.span_context.trace_id());
        assert_eq!(links[0].span_id(), hook.parent_span_id);
        assert_ne!(report.span_context.trace_id(), hook.span_context.trace_id());
    }

    #[test]
    fn a_trace_goes_on_in_another_process() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let first = tracing::debug_span!(target: TARGET, "first");
            let carried = context_of(&first).unwrap();
            assert!(is_traceparent(&carried), "{carried}");
            let second = tracing::debug_span!(target: TARGET, "second");
            continue_from(&second, Some(&carried));
            assert_eq!(context_of(&second).unwrap()[3..35], carried[3..35], "the same trace");
            let stranger = tracing::debug_span!(target: TARGET, "stranger");
            continue_from(&stranger, Some("nonsense"));
            assert_ne!(context_of(&stranger).unwrap()[3..35], carried[3..35]);
        });
    }

    #[test]
    fn without_an_exporter_nothing_is_traced() {
        assert_eq!(context_of(&tracing::Span::none()), None);
    }

    #[test]
    fn a_traceparent_is_told_from_other_texts() {
        assert!(is_traceparent(&fresh(0, 0)));
        assert!(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for bad in [
            "",
            "00",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }
}
