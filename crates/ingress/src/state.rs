use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{AppendError, Journal, Seq};
use ledger::{EarlierHook, Ledger};
use otp::{Clock, Deadline, Entropy, Fact, FailureClass, OrgName, TransactionId, Vault};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use ::telephony::{Breakers, Dispatcher};
use okta::TelephonyHook;

use crate::answers::Answers;
use crate::books::Books;
use crate::org::Org;
use crate::recovery::Recovered;
use crate::settings::Settings;
use crate::told::Told;

/// What the door needs: who may knock, where facts go, how codes are sent.
pub struct Ingress {
    pub(crate) orgs: HashMap<OrgName, Arc<Org>>,
    /// How codes are sent, whichever org's.
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// Scheme, host, port and path that providers call back, without a slash at its end.
    pub(crate) public_url: Option<String>,
    pub(crate) journal: Journal,
    pub(crate) books: Books,
    /// Others write into the same books.
    pub(crate) shared: bool,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
    pub(crate) answers: Answers,
    pub(crate) hooks: Arc<Semaphore>,
    pub(crate) deliveries: Arc<Semaphore>,
    pub(crate) callbacks: Arc<Semaphore>,
    /// Work that goes on when its client is gone.
    pub(crate) work: TaskTracker,
}

/// What the door is made of.
pub struct Parts {
    /// Who may knock.
    pub orgs: Vec<Org>,
    /// How codes are sent.
    pub dispatcher: Arc<Dispatcher>,
    /// Where facts go.
    pub journal: Journal,
    /// What other nodes said.
    pub ledger: Ledger,
    /// Seals numbers.
    pub vault: Vault,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Bounds and policy.
    pub settings: Settings,
    /// As providers call back; signatures are checked against it.
    pub public_url: Option<String>,
}

/// Between two looks for an answer that another node may be about to give, …
const ELSEWHERE: Duration = Duration::from_millis(100);
/// … and before the deadline the last one has ended.
const GIVEN_UP: Duration = Duration::from_millis(300);

impl Ingress {
    /// Its cursor in the journal: what came before need not be read again at a start.
    pub const CURSOR: &'static str = "answers";
    /// For how long a hook's answer is found again after a restart: longer than a code lives.
    const REMEMBER: Duration = Duration::from_secs(15 * 60);
    /// Answers kept in memory, some 400 bytes each: those of the last 40 s at 500 hooks a second. Older ones are in the books.
    const ANSWERS: usize = 20_000;

    /// Makes the door. [`Ingress::remember`] what [`crate::recover`] found before it is opened.
    pub fn new(parts: Parts) -> Self {
        let Parts { orgs, dispatcher, journal, ledger, vault, clock, entropy, settings, public_url } = parts;
        let answers = Answers::new(Self::ANSWERS, clock.now());
        Self {
            orgs: orgs.into_iter().map(|org| (org.name.clone(), Arc::new(org))).collect(),
            dispatcher,
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            journal,
            shared: ledger.is_shared(),
            books: Books::open(&ledger),
            vault,
            clock,
            entropy,
            settings,
            answers,
            hooks: Arc::new(Semaphore::new(settings.hooks)),
            deliveries: Arc::new(Semaphore::new(settings.deliveries)),
            callbacks: Arc::new(Semaphore::new(Settings::CALLBACKS)),
            work: TaskTracker::new(),
        }
    }

    /// How providers are doing.
    pub fn breakers(&self) -> &Breakers {
        self.dispatcher.breakers()
    }

    /// Takes over what an earlier process said.
    pub fn remember(&self, recovered: Recovered) {
        let now = self.clock.now();
        for (org, event_id, told, owed) in recovered.into_answers(&self.settings.policy) {
            self.answers.remember(org, event_id, told, owed, now);
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

    /// Returns when the shared books can be asked about hooks that other nodes took.
    pub async fn ready(&self) {
        if self.shared {
            self.books.ready().await;
        }
    }

    /// What was said about a hook that memory does not know: asked of the books, briefly, and never in the way of a code. With it, the
    /// transaction in whose books the answer is still missing.
    pub(crate) async fn said_before(
        &self,
        org: &OrgName,
        hook: &TelephonyHook,
        deadline: Deadline,
    ) -> Option<(Told, Option<TransactionId>)> {
        let event_id = hook.event_id.as_deref()?;
        if !self.shared && self.answers.is_new(org, event_id, hook.event_time) {
            return None;
        }
        let mut earlier = self.books.earlier(org, event_id).await?;
        loop {
            let transaction = match earlier {
                EarlierHook::Answered(answer) => {
                    let told = Told {
                        answer: answer.answer,
                        failure: answer.failure_class,
                        provider: answer.provider,
                        provider_ref: answer.provider_ref,
                        attempt_ref: answer.attempt_ref,
                    };
                    return Some((told, None));
                }
                EarlierHook::Unanswered(transaction) => transaction,
            };
            if deadline.minus(GIVEN_UP).remaining(self.clock.as_ref()).is_zero() {
                // Its node had the time that we have, and has ended in the middle. Nobody knows whether the code was sent.
                let told = Told::failure(FailureClass::Crash, None, &self.settings.policy);
                return Some((told, Some(transaction)));
            }
            // Another node may be at it at this moment.
            tokio::time::sleep(ELSEWHERE).await;
            earlier = self.books.earlier(org, event_id).await.unwrap_or(EarlierHook::Unanswered(transaction));
        }
    }

    /// Puts facts on disk that end what is there already, all or none.
    pub(crate) async fn record_end(&self, facts: &[Fact]) -> Result<(), AppendError> {
        self.journal.append_ending(facts.iter().map(|fact| fact.encode().into()).collect()).await.map(|_| ())
    }

    /// Puts facts on disk, all or none.
    pub(crate) async fn record(&self, facts: &[Fact]) -> Result<(), AppendError> {
        self.journal.append(facts.iter().map(|fact| fact.encode().into()).collect()).await.map(|_| ())
    }
}

/// Moves the answers cursor on as answers grow old, until `stop`. Every process that has a journal does so, or it would keep all of it.
pub async fn keep_cursor(journal: Journal, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let mut marks: VecDeque<(Timestamp, Seq)> = VecDeque::new();
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(10))).await.is_some() {
        let now = clock.now();
        marks.push_back((now, journal.last()));
        let old = |mark: &(Timestamp, Seq)| now.duration_since(mark.0).unsigned_abs() > Ingress::REMEMBER;
        let mut reached = None;
        while marks.front().is_some_and(old) {
            reached = marks.pop_front();
        }
        if let Some((_, seq)) = reached
            && let Err(err) = journal.advance(Ingress::CURSOR, seq).await
        {
            warn!(error = %err, "cannot move the answers cursor");
        }
    }
}
