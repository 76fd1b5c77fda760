use std::sync::Arc;
use std::time::Duration;

use otp::{AttemptEnded, AttemptOutcome, AttemptStarted, Clock, Deadline, Entropy};
use tokio::time::timeout;

use crate::policy::ENOUGH;
use crate::turns::Turns;
use crate::{
    AttemptLog, AttemptReport, Hints, Next, Outgoing, Policy, Provider, Situation, next, observe, overall,
};

/// The most a further attempt waits for its log record.
const LOG_TIMEOUT: Duration = Duration::from_millis(250);
/// By how much a provider may overrun its budget before it is cut off from outside.
const SLACK: Duration = Duration::from_millis(25);

/// The providers one message may go through, in order. Never empty.
pub struct Plan {
    first: Arc<dyn Provider>,
    others: Vec<Arc<dyn Provider>>,
    policy: Policy,
    turns: Arc<Turns>,
}

/// How a message stands after every attempt that was to be made.
#[derive(Debug, Clone)]
pub struct Dispatched {
    /// What became of the message.
    pub outcome: AttemptOutcome,
    /// The provider whose attempt decided that.
    pub provider: String,
    /// That attempt's report.
    pub report: AttemptReport,
    /// The end of the last attempt. Not logged yet: the caller writes it together with the answer.
    pub last: AttemptEnded,
}

/// What is handed in for one message.
struct Run<'a> {
    message: &'a Outgoing,
    clock: &'a dyn Clock,
}

impl Plan {
    pub(crate) fn new(
        mut providers: Vec<Arc<dyn Provider>>,
        policy: Policy,
        turns: Arc<Turns>,
    ) -> Option<Self> {
        if providers.is_empty() {
            return None;
        }
        let first = providers.remove(0);
        Some(Self { first, others: providers, policy, turns })
    }

    /// The provider that is asked first. The caller writes the start of that attempt (n = 1) down, together with the hook, before it
    /// calls [`Plan::dispatch`]; the log is asked only for what follows.
    pub fn first(&self) -> &str {
        self.first.name()
    }

    /// Makes the attempts: one after another, never two at once, each further one only as [`next`] allows and once its start is in
    /// the log. Returns before `deadline`, less the policy's reserve.
    pub async fn dispatch(
        &self,
        message: &Outgoing,
        deadline: Deadline,
        log: &dyn AttemptLog,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Dispatched {
        let run = Run { message, clock };
        let patience = deadline.remaining(clock).saturating_sub(ENOUGH);
        let Some(_turn) = self.turns.take(&message.to, patience).await else {
            let busy = AttemptReport::without_answer(AttemptOutcome::NotSent, "busy");
            return Dispatched::by(self.first.name(), run.not_made(self.first.name(), &busy), busy);
        };

        let mut provider = &self.first;
        let mut others = self.others.iter();
        let (mut attempts, mut hints, mut repeated) = (1, Hints::default(), false);
        let mut dispatched: Option<Dispatched> = None;
        loop {
            let another_may_follow = attempts < self.policy.max_attempts && others.len() > 0;
            let budget = self.policy.budget(deadline.remaining(clock), another_may_follow);
            let (ended, report) = run.attempt(provider.as_ref(), attempts, hints, budget).await;
            let situation = Situation {
                outcome: report.outcome,
                remedy: report.remedy,
                retry_after: report.retry_after,
                repeated,
                attempts,
                max_attempts: self.policy.max_attempts,
                others_left: others.len() > 0,
                remaining: deadline.remaining(clock),
            };
            let so_far = Dispatched::after(dispatched.take(), provider.name(), ended, report);
            match next(&situation) {
                Next::Stop => return so_far,
                Next::SameProvider { without_locale, after } => {
                    (hints, repeated) = (Hints { without_locale }, true);
                    tokio::time::sleep(after.least + entropy.jitter(after.jitter)).await;
                }
                Next::NextProvider => {
                    let Some(another) = others.next() else { return so_far };
                    (provider, hints, repeated) = (another, Hints::default(), false);
                }
            }
            attempts += 1;
            let started = run.start(provider.name(), attempts);
            if !logged(log, so_far.last.clone(), started).await {
                return so_far;
            }
            dispatched = Some(so_far);
        }
    }
}

impl Run<'_> {
    fn start(&self, provider: &str, n: u8) -> AttemptStarted {
        AttemptStarted {
            transaction: self.message.transaction,
            n,
            provider: provider.to_owned(),
            started_at: self.clock.now(),
        }
    }

    async fn attempt(
        &self,
        provider: &dyn Provider,
        n: u8,
        hints: Hints,
        budget: crate::Budget,
    ) -> (AttemptEnded, AttemptReport) {
        let started = self.start(provider.name(), n);
        let begun = self.clock.monotonic();
        let report = if budget.total.is_zero() {
            AttemptReport::without_answer(AttemptOutcome::NotSent, "no_time")
        } else {
            // A provider keeps its own time; one that does not must still not cost the answer.
            timeout(budget.total + SLACK, provider.send(self.message, hints, budget))
                .await
                .unwrap_or_else(|_| AttemptReport::without_answer(AttemptOutcome::Ambiguous, "overrun"))
        };
        let ended = self.end(started, &report);
        let took = self.clock.monotonic().saturating_duration_since(begun);
        observe::attempt_ended(self.message, &ended, &report, took);
        (ended, report)
    }

    /// The end of a first attempt that came to no call.
    fn not_made(&self, provider: &str, report: &AttemptReport) -> AttemptEnded {
        let ended = self.end(self.start(provider, 1), report);
        observe::attempt_ended(self.message, &ended, report, Duration::ZERO);
        ended
    }

    fn end(&self, started: AttemptStarted, report: &AttemptReport) -> AttemptEnded {
        AttemptEnded {
            transaction: started.transaction,
            n: started.n,
            provider: started.provider,
            started_at: started.started_at,
            ended_at: self.clock.now(),
            outcome: report.outcome,
            http_status: report.http_status,
            provider_code: report.provider_code.clone(),
            provider_ref: report.provider_ref.clone(),
            attempt_ref: report.attempt_ref.clone(),
        }
    }
}

impl Dispatched {
    fn by(provider: &str, last: AttemptEnded, report: AttemptReport) -> Self {
        Self { outcome: report.outcome, provider: provider.to_owned(), report, last }
    }

    /// How the message stands when one more attempt has ended.
    fn after(earlier: Option<Self>, provider: &str, last: AttemptEnded, report: AttemptReport) -> Self {
        match earlier {
            Some(earlier) if overall(earlier.outcome, report.outcome) != report.outcome => {
                Self { last, ..earlier }
            }
            _ => Self::by(provider, last, report),
        }
    }
}

/// Whether the end of one attempt and the start of the next are on disk.
async fn logged(log: &dyn AttemptLog, ended: AttemptEnded, started: AttemptStarted) -> bool {
    let (transaction, n) = (started.transaction, started.n);
    let error = match timeout(LOG_TIMEOUT, log.next_attempt(ended, started)).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => std::error::Error::source(&error).map_or_else(String::new, ToString::to_string),
        Err(_) => "it took too long".to_owned(),
    };
    tracing::error!(%transaction, n, error, "attempt {n} is not made: the log did not take it");
    false
}
