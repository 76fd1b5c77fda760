//! Providers that do as they are told, and an account of what they were asked.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use otp::AttemptOutcome::{self, *};
use otp::{Channel, Clock, Deadline, PhoneNumber, TransactionId, Verdict};
use telephony::{
    AttemptReport, BoxFuture, Budget, Dispatched, Dispatcher, Finding, Hints, Outgoing, Policy, Provider,
    Remedy, ReportError, Reported, Subject,
};

use crate::setup::{Books, Most, TokioClock, message};

/// One scripted attempt: how it ends, and after how many milliseconds, whatever its budget.
#[derive(Debug, Clone)]
pub struct Step(pub AttemptReport, pub u64);

pub fn step(outcome: AttemptOutcome, ms: u64) -> Step {
    Step(AttemptReport::new(outcome), ms)
}

pub fn with(outcome: AttemptOutcome, remedy: Remedy, retry_after: Option<u64>) -> Step {
    let retry_after = retry_after.map(Duration::from_millis);
    Step(AttemptReport { remedy: Some(remedy), retry_after, ..AttemptReport::new(outcome) }, 50)
}

/// What a provider does when it is asked, by the time since the test began.
pub type Rule = Box<dyn Fn(Duration) -> Step + Send + Sync>;

/// Does these one after another, then takes everything.
pub fn steps(script: Vec<Step>) -> Rule {
    let script = Mutex::new(VecDeque::from(script));
    Box::new(move |_| script.lock().unwrap().pop_front().unwrap_or_else(|| step(Accepted, 1)))
}

/// Does the same each time.
pub fn always(outcome: AttemptOutcome, ms: u64) -> Rule {
    Box::new(move |_| step(outcome, ms))
}

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub provider: &'static str,
    pub transaction: TransactionId,
    pub without_locale: bool,
    pub budget: Budget,
    pub at: Duration,
    /// When it ended or was cut off.
    pub until: Option<Duration>,
    /// How it ended, if it was not cut off.
    pub returned: Option<AttemptOutcome>,
}

pub type Calls = Arc<Mutex<Vec<Call>>>;

/// What the providers of one test have in common.
#[derive(Clone)]
pub struct Stage {
    pub calls: Calls,
    begun: Instant,
    /// The numbers that something is being sent to.
    under_way: Arc<Mutex<BTreeSet<String>>>,
}

impl Stage {
    pub fn new() -> Self {
        Self { calls: Calls::default(), begun: TokioClock.monotonic(), under_way: Arc::default() }
    }

    pub fn now(&self) -> Duration {
        TokioClock.monotonic().saturating_duration_since(self.begun)
    }

    pub fn provider(&self, name: &'static str, rule: Rule) -> Arc<dyn Provider> {
        self.provider_by(name, vec![Channel::Sms, Channel::Voice], rule)
    }

    pub fn provider_by(&self, name: &'static str, channels: Vec<Channel>, rule: Rule) -> Arc<dyn Provider> {
        Arc::new(Scripted { name, channels, rule, stage: self.clone() })
    }

    /// Providers `a`, `b`, `c` by their rules.
    pub fn dispatcher(&self, rules: Vec<Rule>, policy: Policy) -> Dispatcher {
        let providers = rules.into_iter().zip(["a", "b", "c"]).map(|(rule, name)| self.provider(name, rule));
        Dispatcher::new(providers.collect(), policy, Arc::new(TokioClock)).unwrap()
    }

    /// Who was asked for this message, in order.
    pub fn asked(&self, transaction: TransactionId) -> Vec<&'static str> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.transaction == transaction).map(|call| call.provider).collect()
    }
}

struct Scripted {
    name: &'static str,
    channels: Vec<Channel>,
    rule: Rule,
    stage: Stage,
}

/// A call under way; also one that is cut off ends.
struct UnderWay<'a> {
    stage: &'a Stage,
    number: String,
    call: usize,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.stage.under_way.lock().unwrap().remove(&self.number);
        self.stage.calls.lock().unwrap()[self.call].until = Some(self.stage.now());
    }
}

impl Provider for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn carries(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport> {
        Box::pin(async move {
            let stage = &self.stage;
            let call = Call {
                provider: self.name,
                transaction: message.transaction,
                without_locale: hints.without_locale,
                budget,
                at: stage.now(),
                until: None,
                returned: None,
            };
            let n = {
                let mut calls = stage.calls.lock().unwrap();
                calls.push(call);
                calls.len() - 1
            };
            let Step(report, ms) = (self.rule)(stage.now());
            let number = format!("{} {}", self.name, message.to.expose_e164());
            let first = stage.under_way.lock().unwrap().insert(number.clone());
            assert!(first, "one send at a time per provider and number");
            let _under_way = UnderWay { stage, number, call: n };
            tokio::time::sleep(Duration::from_millis(ms)).await;
            stage.calls.lock().unwrap()[n].returned = Some(report.outcome);
            report
        })
    }

    fn reports(&self) -> bool {
        false
    }

    fn report<'a>(
        &'a self,
        _: Subject<'a>,
        _: Verdict,
        _: Duration,
    ) -> BoxFuture<'a, Result<Reported, ReportError>> {
        Box::pin(async { Err(ReportError::Unsupported) })
    }

    fn check(&self, _: Duration) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(async { Vec::new() })
    }
}

/// The `n`th message of a test, to a number of its own.
pub fn nth(n: u32) -> Outgoing {
    let to = PhoneNumber::parse(&format!("+1202555{:04}", n % 10_000), None).unwrap();
    Outgoing { transaction: uuid::Uuid::from_u128(u128::from(n) + 1).into(), to, ..message() }
}

/// Sends it with the usual time, and with books that take everything.
pub async fn send(dispatcher: &Dispatcher, message: &Outgoing) -> Dispatched {
    let plan = dispatcher.plan(message).unwrap();
    let deadline = Deadline::after(TokioClock.monotonic(), Duration::from_millis(2_600));
    plan.dispatch(message, deadline, &Books::default(), &TokioClock, &Most).await
}
