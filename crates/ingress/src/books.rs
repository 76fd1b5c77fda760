//! What the books say about hooks that memory does not know: asked briefly, together, and never in the way of a code.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use ledger::{EarlierHook, Ledger, Together};
use otp::OrgName;
use tokio::sync::watch;
use tracing::{info, warn};

/// The way into the books for hooks under way. While the books do not answer, nobody waits for them.
pub(crate) struct Books {
    ledger: Ledger,
    questions: Together<(OrgName, String), Option<EarlierHook>>,
    away: Arc<watch::Sender<bool>>,
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
            async move { ledger.earlier_hooks(&hooks).await }
        });
        let away = Arc::new(watch::Sender::new(true));
        tokio::spawn(until_they_answer(ledger.within(PATIENCE), away.clone()));
        Self { ledger: ledger.within(PATIENCE), questions, away }
    }

    /// Returns when the books answer, which takes a moment after the start.
    pub(crate) async fn ready(&self) {
        // The sender is ours.
        let _ = self.away.subscribe().wait_for(|away| !away).await;
    }

    /// What became of a hook that somebody has taken; `None` also when the books cannot tell in time.
    pub(crate) async fn earlier(&self, org: &OrgName, event_id: &str) -> Option<EarlierHook> {
        if *self.away.borrow() {
            return None;
        }
        match tokio::time::timeout(BRIEFLY, self.questions.ask((org.clone(), event_id.to_owned()))).await {
            Ok(Ok(earlier)) => return earlier,
            Ok(Err(err)) => self.lost(&err),
            Err(slow) => self.lost(&slow),
        }
        None
    }

    fn lost(&self, why: &dyn Display) {
        if !self.away.send_replace(true) {
            warn!(error = %why, "the books do not answer; repeated hooks are not looked up there for now");
            tokio::spawn(until_they_answer(self.ledger.clone(), self.away.clone()));
        }
    }
}

/// Nobody waits here: there is time to connect, which takes many round trips. More than one at a time: so many are connected then, and
/// have seen the statement.
async fn until_they_answer(ledger: Ledger, away: Arc<watch::Sender<bool>>) {
    while tokio::join!(look(&ledger), look(&ledger), look(&ledger)) != (true, true, true) {
        tokio::time::sleep(AGAIN).await;
        if Arc::strong_count(&away) == 1 {
            // Whoever would ask is gone.
            return;
        }
    }
    info!("the books answer");
    away.send_replace(false);
}

async fn look(ledger: &Ledger) -> bool {
    ledger.earlier_hooks(&[]).await.is_ok()
}
