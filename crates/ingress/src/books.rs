//! What the books say about hooks that memory does not know: asked briefly, together, and never in the way of a code.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::{Ledger, StoredAnswer};
use otp::OrgName;
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

/// The way into the books for hooks under way. Questions that come together are asked in one round trip; while the books do not
/// answer, nobody waits for them.
pub(crate) struct Books {
    questions: mpsc::Sender<Question>,
    away: Arc<AtomicBool>,
}

struct Question {
    hook: (OrgName, String),
    answer: oneshot::Sender<Option<StoredAnswer>>,
}

/// For one look into the books.
const PATIENCE: Duration = Duration::from_millis(100);
/// Between two tries to reach books that did not answer.
const AGAIN: Duration = Duration::from_secs(1);
/// Questions asked together.
const TOGETHER: usize = 256;
/// Questions that wait; more go without an answer.
const WAITING: usize = 2048;

impl Books {
    /// Opens the way; it ends with the last handle.
    pub(crate) fn open(ledger: Ledger) -> Self {
        let (questions, inbox) = mpsc::channel(WAITING);
        let away = Arc::new(AtomicBool::new(false));
        tokio::spawn(answer(ledger, inbox, away.clone()));
        Self { questions, away }
    }

    /// What was said about a hook; `None` also when the books cannot tell in time.
    pub(crate) async fn said(&self, org: &OrgName, event_id: &str) -> Option<StoredAnswer> {
        if self.away.load(Ordering::Relaxed) {
            return None;
        }
        let (answer, said) = oneshot::channel();
        let question = Question { hook: (org.clone(), event_id.to_owned()), answer };
        self.questions.try_send(question).ok()?;
        tokio::time::timeout(PATIENCE, said).await.ok()?.ok()?
    }
}

async fn answer(ledger: Ledger, mut inbox: mpsc::Receiver<Question>, away: Arc<AtomicBool>) {
    let ledger = ledger.within(PATIENCE);
    let mut questions = Vec::with_capacity(TOGETHER);
    while inbox.recv_many(&mut questions, TOGETHER).await > 0 {
        let (hooks, answers): (Vec<_>, Vec<_>) =
            questions.drain(..).map(|question| (question.hook, question.answer)).unzip();
        match ask(&ledger, &hooks).await {
            Ok(said) => {
                for (answer, said) in answers.into_iter().zip(said) {
                    // Whoever asked may have gone on.
                    let _ = answer.send(said);
                }
            }
            Err(err) => {
                away.store(true, Ordering::Relaxed);
                warn!(error = err, "the books do not answer; repeated hooks are not looked up there for now");
                drop(answers);
                while ask(&ledger, &hooks[..1]).await.is_err() {
                    tokio::time::sleep(AGAIN).await;
                    if inbox.is_closed() {
                        return;
                    }
                }
                info!("the books answer again");
                away.store(false, Ordering::Relaxed);
            }
        }
    }
}

async fn ask(ledger: &Ledger, hooks: &[(OrgName, String)]) -> Result<Vec<Option<StoredAnswer>>, String> {
    match tokio::time::timeout(PATIENCE, ledger.answers_for(hooks)).await {
        Ok(Ok(said)) => Ok(said),
        Ok(Err(err)) => Err(err.to_string()),
        Err(slow) => Err(slow.to_string()),
    }
}
