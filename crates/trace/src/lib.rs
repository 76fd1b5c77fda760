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
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{TARGET, context_of, continue_from, fresh, is_traceparent};

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
