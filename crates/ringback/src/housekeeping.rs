//! What is done now and then: adopting journals that others left behind, pruning, forgetting.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ingress::Ingress;
use jiff::Timestamp;
use journal::Journal;
use ledger::{Drain, Ledger, Retention};
use otp::Clock;
use queue::Relay;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// Every cursor of a journal: an entry that one of them has not passed is still needed.
pub(crate) const CURSORS: [&str; 3] = [Drain::CURSOR, Relay::CURSOR, Ingress::CURSOR];

#[derive(Clone)]
pub(crate) struct Housekeeping {
    /// Takes over what adopted journals say about answers; a worker has none.
    pub(crate) ingress: Option<Arc<Ingress>>,
    pub(crate) journal: Journal,
    pub(crate) dir: PathBuf,
    pub(crate) retain: Duration,
    pub(crate) ledger: Ledger,
    pub(crate) retention: Retention,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(30);
/// Between two looks at how full the journal is.
const LOOK: Duration = Duration::from_secs(1);
/// What is younger may belong to a hook under way: a crash must find its beginning.
const UNDER_WAY: Duration = Duration::from_secs(5);
/// The ledger is purged every so many rounds.
const PURGE_ROUNDS: u32 = 20;

impl Housekeeping {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let looks_per_round = u32::try_from(ROUND.as_secs() / LOOK.as_secs()).unwrap_or(1);
        // The first round is at the first look: the start may have left something to be adopted.
        let (mut round, mut looks) = (0u32, looks_per_round - 1);
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            let now = self.clock.now();
            self.make_room(now).await;
            looks = (looks + 1) % looks_per_round;
            if looks != 0 {
                continue;
            }
            if adopt(&self.journal, &self.dir, &self.retain, now).await > 0 {
                match ingress::recover_adopted(&self.journal, now).await {
                    // A hook that the other process has answered may come again, to this one.
                    Ok(recovered) => {
                        let ambiguous = recovered.settled;
                        if let Some(ingress) = &self.ingress {
                            ingress.remember(recovered);
                        }
                        info!(ambiguous, "an adopted journal was put in order");
                    }
                    Err(err) => error!(error = %err, "an adopted journal could not be put in order"),
                }
            }
            if let Err(err) = self.journal.prune(&CURSORS, now.as_millisecond()).await {
                warn!(error = %err, "the journal cannot be pruned");
            }
            round = round.wrapping_add(1);
            if round % PURGE_ROUNDS == 1
                && let Err(err) = self.ledger.purge(now, self.retention).await
            {
                warn!(error = %err, "the ledger cannot be purged");
            }
        }
    }
}

impl Housekeeping {
    /// What has reached the books and the queue is kept for its own sake, but only while there is room: it must never be the reason
    /// for a refusal. Answers that are forgotten with it are found in the books.
    async fn make_room(&self, now: Timestamp) {
        let health = self.journal.health();
        if !health.full && health.size_bytes <= health.max_bytes / 2 {
            return;
        }
        let early = self.retain.saturating_sub(UNDER_WAY);
        let as_of = now.as_millisecond().saturating_add(i64::try_from(early.as_millis()).unwrap_or(i64::MAX));
        match self.journal.prune(&[Drain::CURSOR, Relay::CURSOR], as_of).await {
            Ok(0) => {}
            Ok(entries) => info!(entries, "made room in the journal"),
            Err(err) => warn!(error = %err, "no room can be made in the journal"),
        }
    }
}

/// Takes over every journal beside our own that nobody holds; returns how many.
pub(crate) async fn adopt(journal: &Journal, own: &Path, retain: &Duration, now: Timestamp) -> usize {
    let Some(volume) = own.parent() else { return 0 };
    let volume = if volume.as_os_str().is_empty() { Path::new(".") } else { volume };
    let mut adopted = 0;
    for dir in journal::adoptable(volume, own, &CURSORS).await {
        match journal::adopt(journal, &dir, &CURSORS).await {
            Ok(done) => {
                adopted += 1;
                info!(dir = %dir.display(), node = done.node, records = done.records, corrupt = done.corrupt, "adopted a left-behind journal");
            }
            Err(err) => warn!(dir = %dir.display(), error = %err, "a left-behind journal cannot be adopted"),
        }
    }
    if let Err(err) = journal::remove_adopted(volume, *retain, now.as_millisecond()).await {
        warn!(error = %err, "old adopted journals cannot be removed");
    }
    adopted
}
