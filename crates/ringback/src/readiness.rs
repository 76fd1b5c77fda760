use std::sync::Arc;

use journal::Journal;
use ledger::Drain;
use queue::{Queue, Relay};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// What this process depends on, and how that is.
#[derive(Clone)]
pub(crate) struct Readiness {
    pub(crate) journal: Journal,
    pub(crate) drain: Drain,
    pub(crate) queue: Arc<dyn Queue>,
    /// Cancelled when the process has been told to stop: others should be asked instead.
    pub(crate) leaving: CancellationToken,
}

/// `ready`, `degraded` (codes are sent, something else waits) or `unavailable` (no code can be sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ready,
    Degraded,
    Unavailable,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) status: Status,
    /// Told to stop.
    stopping: bool,
    journal: JournalReport,
    ledger: LedgerReport,
    queue: QueueReport,
}

#[derive(Debug, Serialize)]
struct JournalReport {
    status: Status,
    why: Option<String>,
    bytes: u64,
    max_bytes: u64,
}

#[derive(Debug, Serialize)]
struct LedgerReport {
    status: Status,
    why: Option<String>,
    pending: u64,
}

#[derive(Debug, Serialize)]
struct QueueReport {
    status: Status,
    why: Option<String>,
    depth: usize,
    pending: u64,
}

impl Readiness {
    pub(crate) fn report(&self) -> Report {
        let health = self.journal.health();
        let (journal, why) = if health.full {
            (Status::Unavailable, Some("the journal is full".to_owned()))
        } else if !health.writable {
            (Status::Unavailable, health.last_error)
        } else if health.nearly_full {
            (Status::Degraded, Some("the journal is nearly full".to_owned()))
        } else {
            (Status::Ready, None)
        };
        let trouble = self.drain.trouble();
        let ledger = if trouble.is_some() { Status::Degraded } else { Status::Ready };
        let queue_trouble = self.queue.trouble();
        let queue = if queue_trouble.is_some() { Status::Degraded } else { Status::Ready };
        let stopping = self.leaving.is_cancelled();
        let status = match (journal, ledger, queue) {
            _ if stopping => Status::Unavailable,
            (Status::Unavailable, _, _) => Status::Unavailable,
            (Status::Ready, Status::Ready, Status::Ready) => Status::Ready,
            _ => Status::Degraded,
        };
        Report {
            status,
            stopping,
            journal: JournalReport {
                status: journal,
                why,
                bytes: health.size_bytes,
                max_bytes: health.max_bytes,
            },
            ledger: LedgerReport {
                status: ledger,
                why: trouble,
                pending: self.journal.pending(Drain::CURSOR),
            },
            queue: QueueReport {
                status: queue,
                why: queue_trouble,
                depth: self.queue.depth(),
                pending: self.journal.pending(Relay::CURSOR),
            },
        }
    }

    /// Puts what is measured by looking into the metrics.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point; counts stay far below 2^52")]
    pub(crate) fn measure(&self) {
        for cursor in [Drain::CURSOR, Relay::CURSOR] {
            metrics::gauge!("ringback_journal_pending", "cursor" => cursor)
                .set(self.journal.pending(cursor) as f64);
        }
        metrics::gauge!("ringback_journal_bytes").set(self.journal.size_bytes() as f64);
        metrics::gauge!("ringback_queue_depth").set(self.queue.depth() as f64);
    }
}
