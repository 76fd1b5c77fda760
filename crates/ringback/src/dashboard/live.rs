use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ledger::Drain;
use metrics_exporter_prometheus::PrometheusHandle;
use otp::{Clock, Fact};
use queue::Relay;
use serde::Serialize;

use crate::readiness::{Readiness, Report};

/// For a look into the journal.
const PATIENCE: Duration = Duration::from_millis(100);

/// What this process knows of itself, whatever the books say.
pub(super) struct Process {
    pub(super) readiness: Readiness,
    pub(super) metrics: PrometheusHandle,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) role: &'static str,
    pub(super) started_at: Timestamp,
}

/// The same at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Live {
    pub(super) at: Timestamp,
    pub(super) node: String,
    pub(super) role: &'static str,
    pub(super) started_at: Timestamp,
    pub(super) readiness: Report,
    pub(super) cursors: Vec<Cursor>,
    /// Since the start: parts of the service that ended in a panic and began again, by name.
    pub(super) panics: Vec<(String, u64)>,
    /// Since the start: calls with wrong or missing credentials, by endpoint.
    pub(super) refused: Vec<(String, u64)>,
}

/// What waits in the journal for one of its readers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Cursor {
    pub(super) name: &'static str,
    pub(super) pending: u64,
    /// When the oldest of it happened, where it can be told.
    pub(super) oldest: Option<Timestamp>,
}

impl Process {
    pub(super) async fn look(&self) -> Live {
        let counters = self.metrics.render();
        let mut panics = labelled(&counters, "ringback_part_panics_total", "part");
        panics.extend(
            labelled(&counters, "ringback_request_panics_total", "listener")
                .into_iter()
                .map(|(_, n)| ("a request".to_owned(), n)),
        );
        Live {
            at: self.clock.now(),
            node: self.readiness.journal.node().to_owned(),
            role: self.role,
            started_at: self.started_at,
            readiness: self.readiness.report(),
            cursors: vec![self.cursor(Drain::CURSOR).await, self.cursor(Relay::CURSOR).await],
            panics,
            refused: labelled(&counters, "ringback_auth_failures_total", "endpoint"),
        }
    }

    async fn cursor(&self, name: &'static str) -> Cursor {
        let journal = &self.readiness.journal;
        let pending = journal.pending(name);
        let oldest = async {
            let place = journal.cursor(name).await.ok()?;
            let batch = journal.read(place, 1).await.ok()?;
            let record = &batch.entries.first()?.record;
            Fact::decode(&record.kind, record.version, &record.payload).ok().map(|fact| moment(&fact))
        };
        let oldest = match pending {
            0 => None,
            _ => tokio::time::timeout(PATIENCE, oldest).await.ok().flatten(),
        };
        Cursor { name, pending, oldest }
    }
}

/// When it happened.
fn moment(fact: &Fact) -> Timestamp {
    match fact {
        Fact::HookReceived(fact) => fact.received_at,
        Fact::AttemptStarted(fact) => fact.started_at,
        Fact::AttemptEnded(fact) => fact.ended_at,
        Fact::TransactionSettled(fact) => fact.settled_at,
        Fact::HookAnswered(fact) => fact.answered_at,
        Fact::EventReceived(fact) => fact.received_at,
        Fact::EventSettled(fact) => fact.settled_at,
        Fact::EventReplayed(fact) => fact.replayed_at,
        Fact::FeedbackReported(fact) => fact.reported_at,
        Fact::DeadLettered(fact) => fact.dead_at,
        Fact::Quarantined(fact) => fact.received_at,
        Fact::ReceiptReceived(fact) => fact.received_at,
        Fact::SendNoted(fact) => fact.received_at,
        Fact::LogRead(fact) => fact.until,
    }
}

/// The counters of this name that are not zero, by one of their labels, out of Prometheus' text.
fn labelled(text: &str, name: &str, label: &str) -> Vec<(String, u64)> {
    let counted = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let said = labels
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == label)
            .map_or("", |(_, value)| value.trim_matches('"'));
        let value: u64 = value.trim().parse().ok()?;
        (value > 0).then(|| (said.to_owned(), value))
    };
    text.lines().filter_map(counted).collect()
}

#[cfg(test)]
mod tests {
    use super::labelled;

    #[test]
    fn counters_are_found_by_name_and_label() {
        let text = "# HELP ringback_part_panics_total …\nringback_part_panics_total{part=\"worker\"} 2\n\
            ringback_part_panics_total{part=\"drain\"} 0\nringback_part_panics_total_more{part=\"x\"} 9\n\
            ringback_other_total 7\n";
        assert_eq!(labelled(text, "ringback_part_panics_total", "part"), [("worker".to_owned(), 2)]);
        assert_eq!(labelled(text, "ringback_other_total", "part"), [(String::new(), 7)]);
        assert!(labelled(text, "ringback_nothing", "part").is_empty());
    }
}
