//! The one task that writes.

use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::lock::Lock;
use crate::state::State;
use crate::store::Store;
use crate::{AppendError, NowMs, PruneError, Record, Seq};

/// How many appends share one commit at most.
const BATCH: usize = 512;

/// Records that want to be durable.
pub(crate) struct Append {
    pub(crate) records: Vec<Record>,
    /// It ends something that is in the journal already: it may take the room that is kept back for that.
    pub(crate) ending: bool,
    pub(crate) answer: oneshot::Sender<Result<RangeInclusive<Seq>, AppendError>>,
}

/// One stretch of old entries that may go.
pub(crate) struct Prune {
    pub(crate) through: Seq,
    pub(crate) before: i64,
    pub(crate) after: i64,
    pub(crate) answer: oneshot::Sender<Result<u64, PruneError>>,
}

/// What the writer is asked to do.
pub(crate) struct Inbox {
    pub(crate) appends: mpsc::Receiver<Append>,
    pub(crate) prunes: mpsc::Receiver<Prune>,
    pub(crate) closing: CancellationToken,
}

/// Fields are dropped in order: the connection, the lock, the news of both.
pub(crate) struct Writer {
    pub(crate) store: Store,
    pub(crate) state: Arc<State>,
    pub(crate) now_ms: NowMs,
    pub(crate) lock: Lock,
    pub(crate) stopped: DropGuard,
}

impl Writer {
    /// Works until the journal is closed or its last handle is gone, and then until nobody waits any more.
    pub(crate) async fn run(mut self, mut inbox: Inbox) {
        let state = Arc::clone(&self.state);
        let mut cursors_due = pin!(state.cursors.due());
        let mut waiting = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                taken = inbox.appends.recv_many(&mut waiting, BATCH) => match taken {
                    0 => break,
                    _ => self.append(&mut waiting).await,
                },
                Some(prune) = inbox.prunes.recv() => self.prune(prune).await,
                () = &mut cursors_due => {
                    self.keep_cursors().await;
                    cursors_due.set(state.cursors.due());
                }
                () = inbox.closing.cancelled(), if !inbox.appends.is_closed() => {
                    inbox.appends.close();
                    inbox.prunes.close();
                }
            }
        }
        self.keep_cursors().await;
        self.store.close().await;
        drop(self.lock);
        drop(self.stopped);
    }

    async fn append(&mut self, waiting: &mut Vec<Append>) {
        let weight = self.admit(waiting);
        if waiting.is_empty() {
            return;
        }
        let counts: Vec<_> = waiting.iter().map(|append| append.records.len() as Seq).collect();
        let records = waiting.iter_mut().flat_map(|append| std::mem::take(&mut append.records)).collect();
        match self.store.append((self.now_ms)(), weight, records).await {
            Ok(mut next) => {
                for (Append { answer, .. }, count) in waiting.drain(..).zip(counts) {
                    let end = next + count;
                    // Nobody listens if the append was cancelled; its records stay.
                    let _ = answer.send(Ok(next..=end - 1));
                    next = end;
                }
            }
            Err(fault) => {
                for append in waiting.drain(..) {
                    let _ = append.answer.send(Err(AppendError::Io(fault.clone())));
                }
            }
        }
    }

    /// Refuses what there is no room for; returns the weight of the rest.
    fn admit(&self, waiting: &mut Vec<Append>) -> u64 {
        let (size, max) = (self.state.size(), self.state.max_bytes);
        let for_beginnings = max - self.state.kept_back();
        let mut admitted = 0;
        let refused = waiting.extract_if(.., |append| {
            let weight: u64 = append.records.iter().map(Record::weight).sum();
            let room = if append.ending { max } else { for_beginnings };
            let fits = size + admitted + weight <= room;
            admitted += if fits { weight } else { 0 };
            !fits
        });
        for append in refused {
            self.state.set_full(true);
            let _ = append.answer.send(Err(AppendError::Full { size, max }));
        }
        admitted
    }

    async fn prune(&mut self, prune: Prune) {
        let gone = self.store.prune(prune.through, prune.before, prune.after).await;
        let _ = prune.answer.send(gone.map_err(PruneError::Io));
    }

    async fn keep_cursors(&mut self) {
        if let Some(moved) = self.state.cursors.take_moved()
            && self.store.keep_cursors(&moved).await.is_err()
        {
            self.state.cursors.mark_moved();
        }
    }
}
