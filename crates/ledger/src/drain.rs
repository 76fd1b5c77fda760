use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::{CursorError, Journal, ReadError, Seq};
use otp::{DecodeError, Fact};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{ApplyError, Ledger, MigrateError};

/// Copies facts from the journal to the books, in batches and in order. Cheap to clone.
#[derive(Clone)]
pub struct Drain {
    journal: Journal,
    ledger: Ledger,
    trouble: Arc<Mutex<Option<String>>>,
    prepared: Arc<AtomicBool>,
}

/// What keeps facts from the books for now; the journal keeps them.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its cursor cannot be moved.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The ledger's schema cannot be brought up.
    #[error("the schema cannot be brought up: {0}")]
    Migrate(#[from] MigrateError),
    /// The ledger does not take them.
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

/// Facts entered in one transaction.
const BATCH: usize = 1000;
/// The most that is waited after a failure.
const PATIENCE: Duration = Duration::from_secs(5);

impl Drain {
    /// The cursor's name in the journal.
    pub const CURSOR: &'static str = "ledger";

    /// A drain from `journal` to `ledger`.
    pub fn new(journal: Journal, ledger: Ledger) -> Self {
        Self { journal, ledger, trouble: Arc::default(), prepared: Arc::default() }
    }

    /// What keeps facts from the books at present.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, trouble: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.trouble.lock().unwrap_or_else(PoisonError::into_inner), trouble)
    }

    /// Drains until `stop`; a ledger that is away is asked again, ever more slowly, and nothing is lost meanwhile.
    pub async fn run(self, stop: CancellationToken) {
        let mut wake = self.journal.watch();
        let mut pause = Duration::from_millis(100);
        loop {
            // Marked before reading: what comes during the reading wakes us again.
            wake.borrow_and_update();
            match stop.run_until_cancelled(self.catch_up()).await {
                None => return,
                Some(Ok(_)) => {
                    if self.note(None).is_some() {
                        info!("the ledger takes facts again");
                    }
                    pause = Duration::from_millis(100);
                    match stop.run_until_cancelled(wake.changed()).await {
                        Some(Ok(())) => {}
                        Some(Err(_)) | None => return,
                    }
                }
                Some(Err(err)) => {
                    if self.note(Some(err.to_string())).is_none() {
                        error!(error = %err, "the ledger takes no facts; they wait in the journal");
                    }
                    if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                        return;
                    }
                    pause = (pause * 2).min(PATIENCE);
                }
            }
        }
    }

    /// Brings the ledger's schema up, unless that is done. Until it can be, facts wait in the journal and everything else goes on.
    ///
    /// # Errors
    /// [`DrainError::Migrate`] says what is in the way.
    pub async fn prepare(&self) -> Result<(), DrainError> {
        if !self.prepared.load(Ordering::Relaxed) {
            let migrated = self.ledger.migrate().await.inspect_err(|err| {
                self.note(Some(err.to_string()));
            })?;
            self.prepared.store(true, Ordering::Relaxed);
            if !migrated.ran.is_empty() {
                info!(ran = ?migrated.ran, version = migrated.version, "the ledger's schema was brought up");
            }
        }
        Ok(())
    }

    /// Drains everything that is in the journal now; returns how many facts that were.
    ///
    /// # Errors
    /// [`DrainError`] at the first batch that could not be entered; the batches before it are.
    pub async fn catch_up(&self) -> Result<u64, DrainError> {
        self.prepare().await?;
        let mut position = self.journal.cursor(Self::CURSOR).await?;
        let mut drained = 0;
        while position < self.journal.last() {
            let batch = self.journal.read(position, BATCH).await?;
            let facts: Vec<(Seq, Fact)> =
                batch.entries.iter().filter_map(|entry| Some((entry.seq, readable(entry)?))).collect();
            let (seqs, facts): (Vec<Seq>, Vec<Fact>) = facts.into_iter().unzip();
            let applied = self.ledger.apply(&facts).await?;
            for (place, reason) in applied.quarantined {
                let (seq, kind) = (seqs.get(place), facts.get(place).map(Fact::kind));
                metrics::counter!("ringback_ledger_refused_total").increment(1);
                error!(seq, kind, reason, "the ledger refuses a fact; it stays in the journal");
            }
            drained += facts.len() as u64;
            if batch.next <= position {
                break;
            }
            position = batch.next;
            self.journal.advance(Self::CURSOR, position).await?;
        }
        Ok(drained)
    }
}

/// A fact, or `None` for a record that another version wrote: that one will drain it, and the journal keeps it.
fn readable(entry: &journal::Entry) -> Option<Fact> {
    match Fact::decode(&entry.record.kind, entry.record.version, &entry.record.payload) {
        Ok(fact) => Some(fact),
        Err(err @ DecodeError::Unknown { .. }) => {
            debug!(seq = entry.seq, error = %err, "passed over");
            None
        }
        Err(err @ DecodeError::Unreadable { .. }) => {
            warn!(seq = entry.seq, error = %err, "passed over");
            None
        }
    }
}
