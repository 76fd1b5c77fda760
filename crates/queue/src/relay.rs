use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use journal::{Journal, Record, Seq};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::{Message, Queue};

/// What a journalled record is to the relay.
pub enum RelayItem {
    /// Something to publish. [`Message::doubtful`] is set by the relay for what stood in the journal before its start, and for what
    /// another process took: it may have published it already.
    Publish {
        /// It.
        message: Message,
        /// The node that took it.
        node: String,
    },
    /// Not for the queue.
    Pass,
}

/// Carries journalled records to the queue, in order, with at most `window` of them unreleased; its cursor in the journal never passes
/// one that the queue has not taken full responsibility for.
#[derive(Clone)]
pub struct Relay {
    journal: Journal,
    queue: Arc<dyn Queue>,
    read: fn(&Record) -> RelayItem,
    settled: Option<Settled>,
    window: usize,
}

/// A record type, and how to read the key of what it says is finished.
pub type Settled = (&'static str, fn(&Record) -> Option<String>);

/// What ends a session: both heal by themselves or with the disk.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error(transparent)]
    Read(#[from] journal::ReadError),
    #[error(transparent)]
    Cursor(#[from] journal::CursorError),
}

/// Records read from the journal at once.
const BATCH: usize = 512;

impl Relay {
    /// The cursor's name in the journal.
    pub const CURSOR: &'static str = "relay";

    /// A relay that reads records with `read`. Where the queue forgets with the process, `settled` names what an earlier process
    /// finished, so that it is not done again; a queue that keeps what it took needs none.
    pub fn new(
        journal: Journal,
        queue: Arc<dyn Queue>,
        read: fn(&Record) -> RelayItem,
        settled: Option<Settled>,
        window: usize,
    ) -> Self {
        Self { journal, queue, read, settled, window }
    }

    /// Runs until `stop`, or until the queue closes.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            match stop.run_until_cancelled(self.session()).await {
                None | Some(Ok(())) => return,
                Some(Err(err)) => {
                    error!(error = %err, "the relay cannot read the journal; trying again");
                    if stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    async fn session(&self) -> Result<(), SessionError> {
        let mut wake = self.journal.watch();
        let start = self.journal.cursor(Self::CURSOR).await?;
        let before = self.journal.last();
        let finished = self.finished(start).await?;
        let mut position = start;
        // Every record after the cursor that is on its way; the cursor stands before the first of them.
        let mut open: BTreeSet<Seq> = BTreeSet::new();
        let mut under_way = FuturesUnordered::new();
        let mut cursor = start;
        loop {
            if under_way.len() < self.window && position < self.journal.last() {
                let batch = self.journal.read(position, BATCH.min(self.window - under_way.len())).await?;
                for entry in &batch.entries {
                    let RelayItem::Publish { mut message, node } = (self.read)(&entry.record) else {
                        continue;
                    };
                    if finished.contains(&message.key) {
                        continue;
                    }
                    message.doubtful |= entry.seq <= before || node != self.journal.node();
                    open.insert(entry.seq);
                    let (queue, seq) = (self.queue.clone(), entry.seq);
                    under_way.push(async move {
                        otp::crash_point!("relay.before_publish");
                        let published = queue.publish(message).await;
                        otp::crash_point!("relay.after_confirm");
                        (seq, published)
                    });
                }
                position = batch.next;
            }
            let reached = open.first().map_or(position, |seq| seq.saturating_sub(1).max(cursor));
            if reached > cursor {
                cursor = reached;
                self.journal.advance(Self::CURSOR, cursor).await?;
                debug!(cursor, "the relay went on");
            }
            let more = under_way.len() < self.window && position < self.journal.last();
            tokio::select! {
                biased;
                Some((seq, published)) = under_way.next(), if !under_way.is_empty() => match published {
                    Ok(()) => { open.remove(&seq); }
                    Err(crate::PublishError::Closed) => return Ok(()),
                },
                () = std::future::ready(()), if more => {}
                changed = wake.changed(), if !more => if changed.is_err() { return Ok(()) },
            }
        }
    }

    /// The keys that were settled after the cursor.
    async fn finished(&self, after: Seq) -> Result<HashSet<String>, journal::ReadError> {
        let mut keys = HashSet::new();
        let Some((kind, key)) = self.settled else { return Ok(keys) };
        let mut position = after;
        while position < self.journal.last() {
            let batch = self.journal.read_kind(&[kind], position, BATCH).await?;
            keys.extend(batch.entries.iter().filter_map(|entry| key(&entry.record)));
            if batch.next == position {
                break;
            }
            position = batch.next;
        }
        Ok(keys)
    }
}
