use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ledger::{
    Activity, ActivityQuery, Attention, Ledger, ReadError, Timings, TransactionFilter, TransactionRow,
};
use otp::Clock;
use tokio::sync::{Semaphore, watch};

use super::range::Range;

/// For one statement.
const STATEMENT: Duration = Duration::from_secs(5);
/// For what a page waits for; the reading goes on without it, for the next one.
const PATIENCE: Duration = Duration::from_millis(600);
/// What was read is shown for so long, or for ten times as long as the reading took; after one that failed, the next comes sooner.
const FRESH: Duration = Duration::from_secs(5);
/// The transactions of a page.
const RECENT: u32 = 25;
/// More codes than these are not counted, and the page says so: a page must not be what keeps a database busy. Two fifths of a second of one
/// core for SQLite.
const MOST_IN_FILE: u32 = 200_000;
const MOST_ON_SERVER: u32 = 1_000_000;
/// As many are counted however busy the database is.
const LEAST: u32 = 10_000;
/// What takes no longer may be ten times as much.
const QUICK: Duration = Duration::from_millis(300);

/// What pages show of the books. Read at most once at a time, whatever the number of pages, and on a connection that neither a code nor
/// an event waits for.
#[derive(Clone)]
pub(super) struct Books {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    slots: Arc<[Mutex<Slot>; 3]>,
    /// One reading at a time.
    turn: Arc<Semaphore>,
    most: u32,
}

/// What is known of one range.
struct Slot {
    standing: Option<Arc<Standing>>,
    /// How many codes are counted at present: fewer where the database takes its time.
    most: u32,
    counted: Option<Arc<Counted>>,
    trouble: Option<String>,
    fresh_until: Option<Instant>,
    reading: bool,
    /// Tells of every reading that has ended.
    ended: watch::Sender<u64>,
}

/// What the books said of a range.
pub(super) struct Counted {
    /// When they were asked.
    pub(super) at: Timestamp,
    pub(super) query: ActivityQuery,
    pub(super) activity: Activity,
    pub(super) timings: Timings,
}

/// What they said besides, which costs them little.
pub(super) struct Standing {
    pub(super) attention: Attention,
    /// The newest transactions, of whatever age.
    pub(super) recent: Vec<TransactionRow>,
}

/// What is known of the books now.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// What they said last.
    pub(super) counted: Option<Arc<Counted>>,
    pub(super) standing: Option<Arc<Standing>>,
    /// Why that is not what they say now.
    pub(super) trouble: Option<String>,
    /// They are being read: that may be all there is to it.
    pub(super) is_late: bool,
}

impl Books {
    pub(super) fn new(ledger: &Ledger, clock: Arc<dyn Clock>) -> Self {
        let most = if ledger.is_shared() { MOST_ON_SERVER } else { MOST_IN_FILE };
        let slot = || {
            Mutex::new(Slot {
                standing: None,
                most,
                counted: None,
                trouble: None,
                fresh_until: None,
                reading: false,
                ended: watch::Sender::new(0),
            })
        };
        Self {
            ledger: ledger.within(STATEMENT),
            clock,
            slots: Arc::new([slot(), slot(), slot()]),
            turn: Arc::new(Semaphore::new(1)),
            most,
        }
    }

    fn slot(&self, range: Range) -> MutexGuard<'_, Slot> {
        let [day, week, month] = self.slots.as_ref();
        let slot = match range {
            Range::Day => day,
            Range::Week => week,
            Range::Month => month,
        };
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the books say, or what they said last where they take longer than a page can wait.
    pub(super) async fn look(&self, range: Range) -> Seen {
        let mut ended = {
            let mut slot = self.slot(range);
            if slot.fresh_until.is_some_and(|until| self.clock.monotonic() < until) {
                return slot.seen();
            }
            if !slot.reading {
                slot.reading = true;
                tokio::spawn(Reading { books: self.clone(), range }.run());
            }
            slot.ended.subscribe()
        };
        let waited = tokio::time::timeout(PATIENCE, ended.changed()).await;
        let mut seen = self.slot(range).seen();
        if waited.is_err() && seen.trouble.is_none() {
            seen.trouble = Some("the books have not answered yet".to_owned());
            seen.is_late = true;
        }
        seen
    }

    /// Transactions, newest first; waits as a page does.
    pub(super) async fn transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionRow>, String> {
        let read = async {
            let _turn = self.turn.acquire().await;
            self.ledger.within(PATIENCE).transactions(filter).await
        };
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(read) => read.map_err(|err| err.to_string()),
            Err(_) => Err("the books have not answered in time".to_owned()),
        }
    }

    /// One after the other: of the few connections for reading, one is enough for a page.
    async fn count(&self, range: Range) -> Result<Counted, ReadError> {
        let at = self.clock.now();
        let attention = self.ledger.attention(at).await?;
        let recent = TransactionFilter { limit: RECENT, ..TransactionFilter::default() };
        let recent = self.ledger.transactions(&recent).await?;
        let most = {
            let mut slot = self.slot(range);
            slot.standing = Some(Arc::new(Standing { attention, recent }));
            slot.most
        };
        let query = range.query(at, most);
        let activity = self.ledger.activity(&query).await?;
        let timings = self.ledger.timings(&query).await?;
        Ok(Counted { at, query, activity, timings })
    }
}

impl Slot {
    fn seen(&self) -> Seen {
        Seen {
            counted: self.counted.clone(),
            standing: self.standing.clone(),
            trouble: self.trouble.clone(),
            is_late: false,
        }
    }
}

/// One reading, whoever waits for it. Its end is told even when it is a panic.
struct Reading {
    books: Books,
    range: Range,
}

impl Reading {
    async fn run(self) {
        let clock = self.books.clock.clone();
        let begun = clock.monotonic();
        let turn = self.books.turn.clone().acquire_owned().await;
        let read = self.books.count(self.range).await;
        let failed = read.is_err();
        self.publish(read, begun);
        // Its end is told. What was given up may still keep a database at work for a while: nobody comes with more meanwhile.
        drop(self);
        if failed {
            tokio::time::sleep(STATEMENT).await;
        }
        drop(turn);
    }

    fn publish(&self, read: Result<Counted, ReadError>, begun: Instant) {
        let now = self.books.clock.monotonic();
        let took = now.saturating_duration_since(begun);
        let mut slot = self.books.slot(self.range);
        slot.fresh_until = Some(now + FRESH.max(took * if read.is_ok() { 10 } else { 3 }));
        match read {
            Ok(counted) => {
                if counted.activity.cut_at.is_some() && took < QUICK {
                    slot.most = slot.most.saturating_mul(10).min(self.books.most);
                }
                slot.counted = Some(Arc::new(counted));
                slot.trouble = None;
            }
            Err(err) => {
                tracing::debug!(error = %err, "the books cannot be read for the dashboard");
                if matches!(err, ReadError::Timeout(_)) {
                    slot.most = (slot.most / 10).max(LEAST);
                }
                slot.trouble = Some(err.to_string());
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut slot = self.books.slot(self.range);
        slot.reading = false;
        slot.ended.send_modify(|readings| *readings += 1);
    }
}
