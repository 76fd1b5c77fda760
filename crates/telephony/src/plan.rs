use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use otp::{AttemptEnded, AttemptOutcome, AttemptStarted, Clock, Deadline, Entropy, Verdict};
use tokio::time::timeout;

use crate::breaker::{Breakers, Permit};
use crate::resend::Resends;
use crate::turns::Turns;
use crate::{
    AttemptLog, AttemptReport, Full, Hints, Next, Outgoing, Policy, Provider, Situation, Subject, next,
    observe, overall,
};

/// The most that cancelling a verification may take before the send that it makes room for.
const CANCEL: Duration = Duration::from_millis(500);
/// What a further attempt's log record must leave of the time: a provider that is well needs no more.
const LEAST: Duration = Duration::from_millis(400);
/// By how much a provider may overrun its budget before it is cut off from outside.
const SLACK: Duration = Duration::from_millis(25);

/// The providers one message may go through, in order.
pub struct Plan {
    pub(crate) first: Arc<dyn Provider>,
    /// Leave to ask the first.
    pub(crate) permit: Permit,
    pub(crate) others: Vec<Arc<dyn Provider>>,
    /// Nobody's breaker is closed, so none is heeded.
    pub(crate) anyway: bool,
    pub(crate) breakers: Breakers,
    pub(crate) resends: Option<Arc<Resends>>,
    pub(crate) policy: Policy,
    pub(crate) turns: Arc<Turns>,
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
    /// An attempt that was not made, because its start was not known to be in the log in time. The log may hold it all the same.
    pub unmade: Option<AttemptEnded>,
    /// What was cancelled to make room for the message.
    pub canceled: Vec<Canceled>,
}

/// A verification that was cancelled because it has had nearly all the sends it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canceled {
    /// The provider's name.
    pub provider: String,
    /// Its reference; `None` where it was cancelled by number.
    pub provider_ref: Option<String>,
}

/// Whether the start of an attempt is in the log. It is made only where that is certain.
enum Announced {
    Yes,
    No,
    /// It took too long; so it would end.
    Perhaps(AttemptEnded),
}

/// What is handed in for one message.
struct Run<'a> {
    message: &'a Outgoing,
    clock: &'a dyn Clock,
}

impl Plan {
    /// The provider that is asked first. The caller writes the start of that attempt (n = 1) down, together with the hook, before it
    /// calls [`Plan::dispatch`]; the log is asked only for what follows.
    pub fn first(&self) -> &str {
        self.first.name()
    }

    /// Makes the attempts: one after another, never two at once, each further one only as [`next`] allows and once its start is in
    /// the log. Returns before `deadline`, less the policy's reserve.
    pub async fn dispatch(
        self,
        message: &Outgoing,
        deadline: Deadline,
        log: &dyn AttemptLog,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Dispatched {
        let Self { first: mut provider, mut permit, others, anyway, breakers, resends, policy, turns } = self;
        let run = Run { message, clock };
        // Those whose breakers are open are asked when nobody else is left: to refuse for certain is worse than to fail perhaps. But no
        // time is taken from the others for them.
        let (ready, resting): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|other| anyway || breakers.would_admit(other.name()));
        let (mut ready, mut resting) = (VecDeque::from(ready), VecDeque::from(resting));
        let (mut attempts, mut hints, mut repeated) = (1, Hints::default(), false);
        let mut canceled = Vec::new();
        let mut dispatched: Option<Dispatched> = None;
        loop {
            let another_may_follow = attempts < policy.max_attempts && !ready.is_empty();
            let patience = policy.turn(deadline.remaining(clock), another_may_follow);
            let (ended, report) = match turns.take(provider.name(), &message.to, patience).await {
                Some(_turn) => {
                    let left = deadline.remaining(clock);
                    canceled.extend(run.make_room(provider.as_ref(), left).await);
                    let budget = policy.budget(deadline.remaining(clock), another_may_follow);
                    run.attempt(provider.as_ref(), permit, attempts, hints, budget).await
                }
                None => {
                    drop(permit);
                    run.not_made(provider.name(), attempts)
                }
            };
            let situation = Situation {
                outcome: report.outcome,
                remedy: report.remedy,
                retry_after: report.retry_after,
                repeated,
                attempts,
                max_attempts: policy.max_attempts,
                others_left: !ready.is_empty() || report.remedy.is_none() && !resting.is_empty(),
                remaining: deadline.remaining(clock),
            };
            let so_far = Dispatched::after(dispatched.take(), provider.name(), ended, report);
            let leave = match next(&situation) {
                Next::Stop => None,
                Next::SameProvider { without_locale, after } => {
                    (hints, repeated) = (Hints { without_locale }, true);
                    tokio::time::sleep(after.least + entropy.jitter(after.jitter)).await;
                    // The provider has said itself what would help.
                    breakers.permit(provider.name(), true)
                }
                Next::NextProvider => {
                    let mut leave = None;
                    while leave.is_none() {
                        let ready = ready.pop_front().map(|other| (other, anyway));
                        let Some((other, anyway)) = ready.or_else(|| Some((resting.pop_front()?, true)))
                        else {
                            break;
                        };
                        leave = breakers.permit(other.name(), anyway);
                        (provider, hints, repeated) = (other, Hints::default(), false);
                    }
                    leave
                }
            };
            let started = leave.as_ref().map(|_| run.start(provider.name(), attempts + 1));
            let announced = match started {
                Some(started) => {
                    let patience = deadline.remaining(clock).saturating_sub(LEAST);
                    run.logged(log, so_far.last.clone(), started, patience).await
                }
                None => Announced::No,
            };
            let (Some(leave), Announced::Yes) = (leave, &announced) else {
                if let Some(resends) = &resends
                    && matches!(so_far.outcome, AttemptOutcome::Accepted | AttemptOutcome::Ambiguous)
                {
                    resends.note(message, &so_far.provider, clock.monotonic());
                }
                let unmade = match announced {
                    Announced::Perhaps(unmade) => Some(unmade),
                    Announced::Yes | Announced::No => None,
                };
                return Dispatched { unmade, canceled, ..so_far };
            };
            attempts += 1;
            (dispatched, permit) = (Some(so_far), leave);
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

    /// Cancels the verification that would leave no room for the next send. Whatever comes of that, the send is tried.
    async fn make_room(&self, provider: &dyn Provider, left: Duration) -> Option<Canceled> {
        let full = provider.full(&self.message.to)?;
        let (subject, provider_ref) = match &full {
            Full::Reference(reference) => (Subject::Reference(reference), Some(reference.clone())),
            Full::Number => (Subject::Phone(&self.message.to), None),
        };
        let told = provider.report(subject, Verdict::Canceled, CANCEL.min(left / 4)).await;
        let result = if told.is_ok() { "reported" } else { "failed" };
        metrics::counter!("ringback_cancels_total", "provider" => provider.name().to_owned(), "result" => result)
            .increment(1);
        told.is_ok().then(|| Canceled { provider: provider.name().to_owned(), provider_ref })
    }

    async fn attempt(
        &self,
        provider: &dyn Provider,
        permit: Permit,
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
        if !budget.total.is_zero() {
            permit.settle(&report, took, budget.total);
        }
        observe::attempt_ended(self.message, &ended, &report, took);
        (ended, report)
    }

    /// The end of an attempt that came to no call: other codes to the same number took too long.
    fn not_made(&self, provider: &str, n: u8) -> (AttemptEnded, AttemptReport) {
        let report = AttemptReport::without_answer(AttemptOutcome::NotSent, "busy");
        let ended = self.end(self.start(provider, n), &report);
        observe::attempt_ended(self.message, &ended, &report, Duration::ZERO);
        (ended, report)
    }

    /// Whether the end of one attempt and the start of the next are on disk.
    async fn logged(
        &self,
        log: &dyn AttemptLog,
        ended: AttemptEnded,
        started: AttemptStarted,
        patience: Duration,
    ) -> Announced {
        let (transaction, n) = (started.transaction, started.n);
        let unmade =
            self.end(started.clone(), &AttemptReport::without_answer(AttemptOutcome::NotSent, "not_logged"));
        let (announced, error) = match timeout(patience, log.next_attempt(ended, started)).await {
            Ok(Ok(())) => return Announced::Yes,
            Ok(Err(error)) => {
                let source = std::error::Error::source(&error);
                (Announced::No, source.map_or_else(String::new, ToString::to_string))
            }
            Err(_) => (Announced::Perhaps(unmade), "it took too long".to_owned()),
        };
        tracing::error!(%transaction, n, error, "attempt {n} is not made: the log did not take it");
        announced
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
        let (provider, canceled) = (provider.to_owned(), Vec::new());
        Self { outcome: report.outcome, provider, report, last, unmade: None, canceled }
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
