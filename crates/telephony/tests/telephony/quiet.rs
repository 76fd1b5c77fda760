//! What the log may show of a message.

use std::io::Write;
use std::sync::{Arc, Mutex};

use otp::SystemClock;
use telephony::Outgoing;

use crate::server::{Reply, Server};
use crate::setup::{Books, Most, alone, in_time, message, verify};

const MINE: &str = "019aa000-0000-7000-8000-000000000002";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every level and every library: what goes over the wire in clear text must not come back in a trace.
#[tokio::test]
async fn one_line_per_attempt_with_neither_number_nor_code() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: what the tests beside this one log is looked through too.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let echo = r#"{"code":60200,"message":"Invalid parameter `To`: +15555550101, code 019284"}"#;
    let server = Server::start([Reply::json(400, echo), Reply::Reset]).await;
    let dispatcher = alone(verify(&server.url));
    for _ in 0..2 {
        let message = Outgoing { transaction: MINE.parse().unwrap(), ..message() };
        let plan = dispatcher.plan(&message).unwrap();
        plan.dispatch(&message, in_time(&SystemClock), &Books::default(), &SystemClock, &Most).await;
    }

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let attempts: Vec<_> =
        log.lines().filter(|line| line.contains("INFO telephony") && line.contains(MINE)).collect();
    let [rejected, ambiguous] = attempts.as_slice() else { panic!("{log}") };
    for word in ["outcome=\"rejected_number\"", "http_status=400", "provider_code=\"60200\"", "ms="] {
        assert!(rejected.contains(word), "{word} in {rejected}");
    }
    assert!(
        ambiguous.contains("outcome=\"ambiguous\"") && ambiguous.contains("cause=\"broken\""),
        "{ambiguous}"
    );
    for secret in ["019284", "5555550101", "s3cret", "MTpzM2NyZXQ=", "Invalid parameter"] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
}

#[tokio::test]
async fn every_attempt_is_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let server = Server::start([Reply::sample(403, "verify-error-60410.json")]).await;
    let dispatcher = alone(verify(&server.url));
    let message = message();
    let plan = dispatcher.plan(&message).unwrap();
    plan.dispatch(&message, in_time(&SystemClock), &Books::default(), &SystemClock, &Most).await;
    let page = recorder.handle().render();
    for line in [
        r#"ringback_send_attempts_total{provider="verify",channel="sms",outcome="rejected_fraud"} 1"#,
        r#"ringback_send_duration_seconds_count{provider="verify"} 1"#,
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
}
