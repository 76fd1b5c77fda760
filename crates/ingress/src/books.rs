//! What the books say about hooks that memory does not know: asked briefly, together, and never in the way of a code.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::{Ledger, StoredAnswer, Together};
use otp::OrgName;
use tracing::{info, warn};

/// The way into the books for hooks under way. While the books do not answer, nobody waits for them.
pub(crate) struct Books {
    ledger: Ledger,
    questions: Together<(OrgName, String), Option<StoredAnswer>>,
    away: Arc<AtomicBool>,
}

/// For one look into the books.
const PATIENCE: Duration = Duration::from_secs(5);
/// For one look while a hook waits.
const BRIEFLY: Duration = Duration::from_millis(100);
/// Between two tries to reach books that did not answer.
const AGAIN: Duration = Duration::from_secs(1);

impl Books {
    /// Opens the way.
    pub(crate) fn open(ledger: &Ledger) -> Self {
        let brief = ledger.within(BRIEFLY);
        let questions = Together::new(move |hooks: Vec<_>| {
            let ledger = brief.clone();
            async move { ledger.answers_for(&hooks).await }
        });
        Self { ledger: ledger.within(PATIENCE), questions, away: Arc::default() }
    }

    /// What was said about a hook; `None` also when the books cannot tell in time.
    pub(crate) async fn said(&self, org: &OrgName, event_id: &str) -> Option<StoredAnswer> {
        if self.away.load(Ordering::Relaxed) {
            return None;
        }
        match tokio::time::timeout(BRIEFLY, self.questions.ask((org.clone(), event_id.to_owned()))).await {
            Ok(Ok(said)) => return said,
            Ok(Err(err)) => self.lost(org, &err),
            Err(slow) => self.lost(org, &slow),
        }
        None
    }

    fn lost(&self, org: &OrgName, why: &dyn Display) {
        if !self.away.swap(true, Ordering::Relaxed) {
            warn!(error = %why, "the books do not answer; repeated hooks are not looked up there for now");
            tokio::spawn(until_they_answer(self.ledger.clone(), org.clone(), self.away.clone()));
        }
    }
}

/// Nobody waits here: there is time to connect, which takes many round trips.
async fn until_they_answer(ledger: Ledger, org: OrgName, away: Arc<AtomicBool>) {
    // No hook has an empty id.
    let nobodys = [(org, String::new())];
    while ledger.answers_for(&nobodys).await.is_err() {
        tokio::time::sleep(AGAIN).await;
        if Arc::strong_count(&away) == 1 {
            // Whoever would ask is gone.
            return;
        }
    }
    info!("the books answer again");
    away.store(false, Ordering::Relaxed);
}
