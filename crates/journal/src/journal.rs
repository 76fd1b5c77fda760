//! The handle.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::cursor::Cursors;
use crate::database::{self, Database};
use crate::lock::Lock;
use crate::state::State;
use crate::store::Store;
use crate::writer::{Append, Inbox, Prune, Writer};
use crate::{
    AppendError, Batch, CursorError, Health, NowMs, OpenError, Options, PruneError, ReadError, Record, Seq,
    node, reader, statements,
};

/// A node's journal. Cheap to clone; it is closed by [`Journal::close`], or when the last clone is dropped.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    state: Arc<State>,
    appends: mpsc::Sender<Append>,
    prunes: mpsc::Sender<Prune>,
    readers: SqlitePool,
    now_ms: NowMs,
    retain_ms: i64,
    closing: CancellationToken,
    stopped: CancellationToken,
}

impl Journal {
    /// Opens the journal in a directory, or makes one there.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let dir = options.dir;
        let lock = Lock::acquire(&dir).await?;
        let node =
            node::settle(&dir, &options.node).map_err(|source| OpenError::Io { dir: dir.clone(), source })?;

        let database = Database::of(&dir);
        database.create(&dir).await?;
        let refused = |error| OpenError::from_database(&dir, error);
        let mut db = database.writer().await.map_err(refused)?;
        let last = database::last(&mut db).await.map_err(refused)?;
        let size = database::size(&mut db).await.map_err(refused)?;
        let cursors = database::cursors(&mut db).await.map_err(refused)?;
        let readers = database.readers().await.map_err(refused)?;

        let state = Arc::new(State::new(node, options.max_bytes, last, size, Cursors::new(cursors)));
        let (appends, append_inbox) = mpsc::channel(options.queue.max(1));
        let (prunes, prune_inbox) = mpsc::channel(1);
        let (closing, stopped) = (CancellationToken::new(), CancellationToken::new());
        let inbox = Inbox { appends: append_inbox, prunes: prune_inbox, closing: closing.clone() };
        let guard = stopped.clone().drop_guard();
        let now_ms = options.now_ms;
        let store = Store::new(db, database, Arc::clone(&state));
        let writer =
            Writer { store, state: Arc::clone(&state), now_ms: Arc::clone(&now_ms), lock, stopped: guard };
        tokio::spawn(writer.run(inbox));

        let retain_ms = i64::try_from(options.retain.as_millis()).unwrap_or(i64::MAX);
        let inner = Inner { state, appends, prunes, readers, now_ms, retain_ms, closing, stopped };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The id of the node whose journal this is.
    pub fn node(&self) -> &str {
        &self.inner.state.node
    }

    /// Makes records durable, all or none, and returns their places. Does not wait for room in the queue.
    ///
    /// A cancelled append may or may not have been kept. An empty one has an empty range.
    pub async fn append(&self, records: Vec<Record>) -> Result<RangeInclusive<Seq>, AppendError> {
        self.urgent(records, false).await
    }

    /// [`Journal::append`] for the end of something whose beginning is in the journal: it may also take the sixteenth of the room
    /// that is kept back for ends, so that a full journal refuses what would begin and not what has begun.
    pub async fn append_ending(&self, records: Vec<Record>) -> Result<RangeInclusive<Seq>, AppendError> {
        self.urgent(records, true).await
    }

    async fn urgent(&self, records: Vec<Record>, ending: bool) -> Result<RangeInclusive<Seq>, AppendError> {
        if records.is_empty() {
            return Ok(RangeInclusive::new(1, 0));
        }
        let (append, answer) = request(records, ending);
        self.inner.appends.try_send(append).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                AppendError::Overloaded { waiting: self.inner.appends.max_capacity() }
            }
            mpsc::error::TrySendError::Closed(_) => AppendError::Closed,
        })?;
        answer.await.unwrap_or(Err(AppendError::Closed))
    }

    /// [`Journal::append`] for work that nobody waits for: it queues behind what is urgent.
    pub(crate) async fn append_patiently(
        &self,
        records: Vec<Record>,
    ) -> Result<RangeInclusive<Seq>, AppendError> {
        if records.is_empty() {
            return Ok(RangeInclusive::new(1, 0));
        }
        let (append, answer) = request(records, false);
        self.inner.appends.send(append).await.map_err(|_| AppendError::Closed)?;
        answer.await.unwrap_or(Err(AppendError::Closed))
    }

    /// The wall clock that ages the entries.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.inner.now_ms)()
    }

    /// Up to `limit` entries behind a place, in order.
    pub async fn read(&self, after: Seq, limit: usize) -> Result<Batch, ReadError> {
        let last = self.last();
        if !self.inner.readers.is_closed()
            && let Some(batch) = self.inner.state.tail.read(after, last, limit)
        {
            return Ok(batch);
        }
        reader::read(&self.inner.readers, &[], after, last, limit).await
    }

    /// Up to `limit` entries of these kinds behind a place, in order.
    pub async fn read_kind(&self, kinds: &[&str], after: Seq, limit: usize) -> Result<Batch, ReadError> {
        if kinds.is_empty() {
            return Ok(Batch { next: self.last().max(after), ..Batch::default() });
        }
        reader::read(&self.inner.readers, kinds, after, self.last(), limit).await
    }

    /// The newest durable place.
    pub fn last(&self) -> Seq {
        self.inner.state.last()
    }

    /// Tells of every new [`Journal::last`]. A signal only wakes: read to see what there is.
    pub fn watch(&self) -> watch::Receiver<Seq> {
        self.inner.state.last.subscribe()
    }

    /// Where a cursor is; one that was never moved is at 0.
    pub async fn cursor(&self, name: &str) -> Result<Seq, CursorError> {
        match self.inner.stopped.is_cancelled() {
            true => Err(CursorError::Closed),
            false => Ok(self.inner.state.cursors.get(name)),
        }
    }

    /// Moves a cursor forward, never back. It is on disk a moment later; a crash may put it back by that much.
    pub async fn advance(&self, name: &str, to: Seq) -> Result<(), CursorError> {
        match self.inner.closing.is_cancelled() {
            true => Err(CursorError::Closed),
            false => self.inner.state.cursors.advance(name, to, self.last()),
        }
    }

    /// How many places a cursor has before it.
    pub fn pending(&self, name: &str) -> u64 {
        self.last().saturating_sub(self.inner.state.cursors.get(name))
    }

    /// Deletes what every one of these cursors has passed and what is older than the retention; returns how many.
    /// Without any cursor the age alone decides.
    pub async fn prune(&self, cursors: &[&str], now_ms: i64) -> Result<u64, PruneError> {
        let through = self.inner.state.cursors.lowest(cursors).unwrap_or_else(|| self.last());
        let before = now_ms.saturating_sub(self.inner.retain_ms);
        let after = now_ms.saturating_add(self.inner.retain_ms);
        let mut gone = 0;
        loop {
            let (answer, done) = oneshot::channel();
            let stretch = Prune { through, before, after, answer };
            self.inner.prunes.send(stretch).await.map_err(|_| PruneError::Closed)?;
            let now = done.await.unwrap_or(Err(PruneError::Closed))?;
            gone += now;
            if now < statements::PRUNE.cast_unsigned() {
                return Ok(gone);
            }
        }
    }

    /// Bytes in use, of `max_bytes`.
    pub fn size_bytes(&self) -> u64 {
        self.inner.state.size()
    }

    /// How the journal is.
    pub fn health(&self) -> Health {
        self.inner.state.health()
    }

    /// Ends all writing when nobody waits any more, and gives the directory free. May be called again, and from
    /// any clone.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.closing.cancel();
        self.inner.stopped.cancelled().await;
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("node", &self.node())
            .field("last", &self.last())
            .finish_non_exhaustive()
    }
}

type Answer = oneshot::Receiver<Result<RangeInclusive<Seq>, AppendError>>;

fn request(records: Vec<Record>, ending: bool) -> (Append, Answer) {
    let (sender, answer) = oneshot::channel();
    (Append { records, ending, answer: sender }, answer)
}
