use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::{CursorError, Entry, Journal, ReadError};
use otp::{Clock, DecodeError, Fact, Vault};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use crate::poison::Poison;
use crate::{ApplyError, Ledger, MigrateError};

/// Copies facts from the journal to the books, in batches and in order. Cheap to clone.
#[derive(Clone)]
pub struct Drain {
    journal: Journal,
    ledger: Ledger,
    poison: Poison,
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

/// The most that is waited after a failure.
const PATIENCE: Duration = Duration::from_secs(5);

impl Drain {
    /// The cursor's name in the journal.
    pub const CURSOR: &'static str = "ledger";

    /// A drain from `journal` to `ledger`. What the ledger refuses for its content is sealed by `vault` and put aside there.
    pub fn new(journal: Journal, ledger: Ledger, vault: Vault, clock: Arc<dyn Clock>) -> Self {
        let poison = Poison { vault, clock, node: journal.node().to_owned() };
        Self { journal, ledger, poison, trouble: Arc::default(), prepared: Arc::default() }
    }

    /// What keeps facts from the books at present.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ledger has not answered since the start: until it does, that is what keeps facts from it.
    pub fn not_reached_yet(&self) {
        self.note(Some("the ledger has not answered since the start".to_owned()));
    }

    fn note(&self, trouble: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.trouble.lock().unwrap_or_else(PoisonError::into_inner), trouble)
    }

    /// Drains until `stop`; a ledger that is away is asked again, ever more slowly, and nothing is lost meanwhile.
    pub async fn run(self, stop: CancellationToken) {
        // An increase is only seen of what was there before.
        metrics::counter!("ringback_ledger_refused_total").increment(0);
        metrics::counter!("ringback_ledger_facts_total").increment(0);
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
            let batch = self.journal.read(position, self.ledger.batch()).await?;
            let mut facts = Vec::with_capacity(batch.entries.len());
            let mut entries = Vec::with_capacity(batch.entries.len());
            let mut refused = Vec::new();
            for entry in &batch.entries {
                match readable(entry) {
                    Ok(Some(fact)) => {
                        facts.push(fact);
                        entries.push(entry);
                    }
                    Ok(None) => {}
                    Err(reason) => refused.push((entry, reason)),
                }
            }
            otp::crash_point!("drain.before_apply");
            let applied = self.ledger.apply(&facts).await.inspect_err(|err| {
                // Somebody has put another database in its place, as a restored one may be.
                if matches!(err, ApplyError::Schema(_)) {
                    self.prepared.store(false, Ordering::Relaxed);
                }
            })?;
            otp::crash_point!("drain.after_apply");
            refused.extend(
                applied
                    .quarantined
                    .into_iter()
                    .filter_map(|(place, reason)| Some((*entries.get(place)?, reason))),
            );
            self.put_aside(&refused).await?;
            drained += facts.len() as u64;
            metrics::counter!("ringback_ledger_facts_total").increment(facts.len() as u64);
            if batch.next <= position {
                break;
            }
            position = batch.next;
            self.journal.advance(Self::CURSOR, position).await?;
        }
        Ok(drained)
    }

    /// Before the cursor passes them.
    async fn put_aside(&self, refused: &[(&Entry, String)]) -> Result<(), DrainError> {
        if refused.is_empty() {
            return Ok(());
        }
        let aside: Vec<Fact> =
            refused.iter().filter_map(|(entry, reason)| self.poison.aside(entry, reason)).collect();
        let applied = self.ledger.apply(&aside).await?;
        for (entry, reason) in refused {
            metrics::counter!("ringback_ledger_refused_total").increment(1);
            error!(
                seq = entry.seq,
                kind = %entry.record.kind,
                reason,
                "the ledger refuses a fact; it is sealed in quarantine"
            );
        }
        for (_, reason) in applied.quarantined {
            error!(
                reason,
                "a refused fact cannot be put in quarantine either; the journal keeps it for a while"
            );
        }
        Ok(())
    }
}

/// A fact; `None` for a record that a newer version wrote (the journal keeps it, for a while); what is wrong with a record that is
/// neither.
fn readable(entry: &Entry) -> Result<Option<Fact>, String> {
    match Fact::decode(&entry.record.kind, entry.record.version, &entry.record.payload) {
        Ok(fact) => Ok(Some(fact)),
        Err(err @ DecodeError::Unknown { .. }) => {
            debug!(seq = entry.seq, error = %err, "passed over");
            Ok(None)
        }
        Err(err @ DecodeError::Unreadable { .. }) => Err(err.to_string()),
    }
}
