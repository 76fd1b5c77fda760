use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{AppendError, Journal, Seq};
use otp::{Clock, Entropy, Fact, OrgName, Vault};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::answers::Answers;
use crate::org::Org;
use crate::recovery::Recovered;
use crate::settings::Settings;

/// What the door needs: who may knock, where facts go, how codes are sent.
pub struct Ingress {
    pub(crate) orgs: HashMap<OrgName, Arc<Org>>,
    pub(crate) journal: Journal,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
    pub(crate) answers: Answers,
    pub(crate) hooks: Arc<Semaphore>,
    pub(crate) deliveries: Arc<Semaphore>,
    /// Work that goes on when its client is gone.
    pub(crate) work: TaskTracker,
}

impl Ingress {
    /// Its cursor in the journal: what came before need not be read again at a start.
    pub const CURSOR: &'static str = "answers";
    /// For how long a hook's answer is found again after a restart: longer than a code lives.
    const REMEMBER: Duration = Duration::from_secs(15 * 60);
    /// Answers kept in memory, some 300 bytes each.
    const ANSWERS: usize = 50_000;

    /// Makes the door. [`Ingress::remember`] what [`crate::recover`] found before it is opened.
    pub fn new(
        orgs: Vec<Org>,
        journal: Journal,
        vault: Vault,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        Self {
            orgs: orgs.into_iter().map(|org| (org.name.clone(), Arc::new(org))).collect(),
            journal,
            vault,
            clock,
            entropy,
            settings,
            answers: Answers::new(Self::ANSWERS),
            hooks: Arc::new(Semaphore::new(settings.hooks)),
            deliveries: Arc::new(Semaphore::new(settings.deliveries)),
            work: TaskTracker::new(),
        }
    }

    /// Takes over what an earlier process said.
    pub fn remember(&self, recovered: Recovered) {
        for (org, event_id, told) in recovered.into_answers(&self.settings.policy) {
            self.answers.answered(&org, Some(&event_id), told);
        }
    }

    /// Waits for hooks that go on although nobody waits for them, at most `time`.
    pub async fn finish(&self, time: Duration) {
        self.work.close();
        if tokio::time::timeout(time, self.work.wait()).await.is_err() {
            warn!(
                left = self.work.len(),
                "stopping with hooks still under way; the next start records them as ambiguous"
            );
        }
    }

    /// Moves the cursor on as answers grow old, until `stop`.
    pub async fn keep_cursor(self: Arc<Self>, stop: CancellationToken) {
        let mut marks: VecDeque<(Timestamp, Seq)> = VecDeque::new();
        while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(10))).await.is_some() {
            let now = self.clock.now();
            marks.push_back((now, self.journal.last()));
            let old = |mark: &(Timestamp, Seq)| now.duration_since(mark.0).unsigned_abs() > Self::REMEMBER;
            let mut reached = None;
            while marks.front().is_some_and(old) {
                reached = marks.pop_front();
            }
            if let Some((_, seq)) = reached
                && let Err(err) = self.journal.advance(Self::CURSOR, seq).await
            {
                warn!(error = %err, "cannot move the answers cursor");
            }
        }
    }

    /// Puts facts on disk, all or none.
    pub(crate) async fn record(&self, facts: &[Fact]) -> Result<(), AppendError> {
        self.journal.append(facts.iter().map(|fact| fact.encode().into()).collect()).await.map(|_| ())
    }
}
