//! One telephony hook from its parsed request to its recorded end. It runs in a task of its own: nobody's patience ends it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use journal::AppendError;
use okta::TelephonyHook;
use otp::{
    Answer, AttemptEnded, AttemptOutcome, AttemptStarted, Channel, Deadline, EventId, Fact, FailureClass,
    FeedbackReported, HookReceived, MatchedBy, PasscodeError, PhoneHmac, ReportResult, SealedPhone, Settler,
    TransactionId, TransactionSettled, TransactionStatus, Verdict,
};
use telephony::{AttemptLog, Canceled, Dispatched, LogError, Outgoing, Plan};
use tracing::{Instrument as _, debug_span, error, info};

use crate::http::Arrival;
use crate::org::Org;
use crate::progress::{Progress, Reply};
use crate::recovery::recover_one;
use crate::state::Ingress;
use crate::telephony::owe_no_more;
use crate::told::Told;

/// For the last facts of a hook, when the disk is slow or refuses: tried again, this often and this far apart.
const LAST_WORDS: (u32, Duration) = (60, Duration::from_secs(1));

/// Okta: a code by SMS or voice is valid for 5 minutes unless the request says otherwise.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// A hook to be worked on.
pub(crate) struct Hook {
    pub(crate) transaction: TransactionId,
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) org: Arc<Org>,
    pub(crate) hook: TelephonyHook,
    pub(crate) deadline: Deadline,
    pub(crate) progress: Arc<Progress>,
    pub(crate) arrival: Arrival,
}

/// A hook that can be sent.
struct Sendable {
    message: Outgoing,
    plan: Plan,
}

impl Hook {
    /// [`Hook::run`], and a word for those who wait where that ends in a panic.
    pub(crate) async fn run_to_its_end(self) {
        let (ingress, org, progress) = (self.ingress.clone(), self.org.clone(), self.progress.clone());
        let event_id = self.hook.event_id.clone();
        let transaction = self.transaction;
        if AssertUnwindSafe(self.run(transaction)).catch_unwind().await.is_ok() {
            return;
        }
        error!(org = %org.name, %transaction, "a telephony hook ended in a panic");
        metrics::counter!("ringback_request_panics_total").increment(1);
        let now = ingress.clock.now();
        if let Err(err) = recover_one(&ingress.journal, now, transaction).await {
            error!(%transaction, error = %err, "its end is not on disk; the next start records it as ambiguous");
        }
        match progress.abandon(&ingress.settings.policy) {
            Reply::Told(told) => {
                let fact = told.fact(transaction, org.name.clone(), event_id.clone(), now);
                if let Err(err) = ingress.record_end(&[fact]).await {
                    error!(%transaction, error = %err, "its answer is not on disk");
                }
                ingress.answers.answered(&org.name, event_id.as_deref(), told, now);
            }
            Reply::Unavailable => ingress.answers.forget(&org.name, event_id.as_deref()),
        }
    }

    /// Sends the code, records what happened and says what Okta is told.
    async fn run(mut self, transaction: TransactionId) {
        if let Some((told, owed)) = self.ingress.said_before(&self.org.name, &self.hook, self.deadline).await
        {
            info!(org = %self.org.name, answer = told.answer.as_str(), "telephony hook repeated: the answer in the books");
            if let Some(earlier) = owed {
                let event_id = self.hook.event_id.clone();
                owe_no_more(&self.ingress, &self.org, earlier, event_id, &told).await;
            }
            return self.answer(self.progress.decide(told.clone()).unwrap_or(told));
        }
        let (message, phone) = self.examine(transaction);
        let received = self.received(transaction, phone.as_ref());
        let sendable = match message {
            Ok(message) => self.find_a_way(message).await,
            Err(class) => Err(class),
        };
        match sendable {
            Ok(sendable) => self.send(transaction, received, sendable).await,
            Err(class) => self.refuse(transaction, received, class).await,
        }
    }

    /// Can it be sent, and what may be kept of its number?
    fn examine(
        &mut self,
        transaction: TransactionId,
    ) -> (Result<Outgoing, FailureClass>, Option<SealedPhone>) {
        let country = self.org.default_country.as_ref();
        let to = self
            .hook
            .phone
            .as_ref()
            .and_then(|text| text.read(country).ok())
            .ok_or(FailureClass::InvalidNumber);
        let phone = to.as_ref().ok().and_then(|to| self.ingress.vault.keep(to, transaction).ok());
        let code = std::mem::replace(&mut self.hook.passcode, Err(PasscodeError));
        let valid_for = self.expires().map(|at| at.duration_since(self.ingress.clock.now()));
        let message = (|| {
            if valid_for.is_some_and(|left| left <= SignedDuration::ZERO) {
                return Err(FailureClass::Stale);
            }
            let channel = self.hook.channel.known().ok_or(FailureClass::UnknownChannel)?;
            let (to, code) = (to?, code.map_err(|_| FailureClass::InvalidCode)?);
            Ok(Outgoing {
                transaction,
                org: self.org.name.clone(),
                user: self.hook.user_id.clone(),
                purpose: self.hook.purpose,
                to,
                code,
                channel,
                locale: self.hook.locale.clone(),
                template: self.hook.msg_template.take(),
                valid_for: valid_for.map(SignedDuration::unsigned_abs),
            })
        })();
        (message, phone)
    }

    /// Should it be sent, and who would?
    async fn find_a_way(&self, message: Outgoing) -> Result<Sendable, FailureClass> {
        if let Some(class) = self.ingress.dispatcher.vet(&message).await {
            return Err(class);
        }
        let plan = self.ingress.dispatcher.plan(&message).ok_or(FailureClass::NoProvider)?;
        Ok(Sendable { message, plan })
    }

    /// When the code is over. Where Okta does not say, the five minutes that are its default.
    fn expires(&self) -> Option<Timestamp> {
        self.hook.otp_expires.or_else(|| self.hook.event_time?.checked_add(CODE_LIFE).ok())
    }

    fn received(&self, transaction: TransactionId, phone: Option<&SealedPhone>) -> HookReceived {
        HookReceived {
            transaction,
            org: self.org.name.clone(),
            okta_event_id: self.hook.event_id.clone(),
            purpose: self.hook.purpose,
            channel: self.hook.channel.known(),
            okta_user_id: self.hook.user_id.clone(),
            phone: phone.cloned(),
            locale: self.hook.locale.clone(),
            otp_expires_at: self.hook.otp_expires,
            received_at: self.ingress.clock.now(),
            node: self.ingress.journal.node().to_owned(),
        }
    }

    /// A hook that is not sent: recorded, and answered with an error.
    async fn refuse(self, transaction: TransactionId, received: HookReceived, class: FailureClass) {
        let told = Told::failure(class, None, &self.ingress.settings.policy);
        let Some(told) = self.progress.decide(told) else {
            return self.unavailable("the journal was too slow");
        };
        let status = match class {
            FailureClass::NoProvider => TransactionStatus::Failed,
            FailureClass::RejectedFraud => TransactionStatus::Blocked,
            _ => TransactionStatus::Rejected,
        };
        let settled = self.settled(transaction, status, Some(class), None, None);
        let line = Line::of(&received);
        let facts = [Fact::HookReceived(received), settled, self.answered(transaction, &told)];
        match self.ingress.record(&facts).await {
            Ok(()) => self.end(told, &line, status, 0),
            Err(err) => self.unavailable(&err.to_string()),
        }
    }

    async fn send(self, transaction: TransactionId, received: HookReceived, sendable: Sendable) {
        let Sendable { message, plan } = sendable;
        let provider = plan.first().to_owned();
        let line = Line::of(&received);
        let started_at = self.ingress.clock.now();
        let intent = AttemptStarted { transaction, n: 1, provider: provider.clone(), started_at };
        let facts = [Fact::HookReceived(received), Fact::AttemptStarted(intent)];
        let nothing_sent = |hook: &Self| {
            let [received, _] = facts.clone();
            let [ended, settled] = hook.nothing_sent(transaction, started_at, provider.clone());
            [received, ended, settled]
        };
        otp::crash_point!("hook.before_intent");
        // The intent is on disk before the provider hears of it, or the provider does not.
        match tokio::time::timeout(self.ingress.settings.journal, self.ingress.record(&facts)).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => return self.unavailable(&err.to_string()),
            Err(_) => {
                self.unavailable("the journal was too slow");
                // It may still reach the disk, and must not look like a send then.
                drop((plan, message));
                return self.last_words(&nothing_sent(&self)).await;
            }
        }
        otp::crash_point!("hook.after_intent");
        if !self.progress.start_sending() {
            self.ingress.answers.forget(&self.org.name, self.hook.event_id.as_deref());
            drop((plan, message));
            return self.last_words(&nothing_sent(&self)).await;
        }
        let log = Log(&self.ingress);
        let (clock, entropy) = (self.ingress.clock.as_ref(), self.ingress.entropy.as_ref());
        otp::crash_point!("send.before_request");
        let span = debug_span!(target: trace::TARGET, "send", otel.kind = "client", %transaction, provider);
        let dispatched = plan.dispatch(&message, self.deadline, &log, clock, entropy).instrument(span).await;
        otp::crash_point!("send.after_response");
        drop(message);
        let told = self.told(&dispatched);
        let status = dispatched.outcome.status();
        // Whatever was decided first is what Okta is told; the books hold both.
        let told = self.progress.decide(told.clone()).unwrap_or(told);
        let Dispatched { outcome, provider, report, last: ended, unmade, canceled } = dispatched;
        let reference = report.provider_ref.filter(|_| outcome == AttemptOutcome::Accepted);
        let settled = self.settled(transaction, status, outcome.failure_class(), Some(provider), reference);
        let attempts = ended.n;
        let mut facts = vec![Fact::AttemptEnded(ended), settled, self.answered(transaction, &told)];
        facts.extend(unmade.map(Fact::AttemptEnded));
        facts.extend(canceled.into_iter().map(|canceled| self.canceled(canceled, line.phone_hmac.clone())));
        otp::crash_point!("hook.before_outcome");
        let first = self.ingress.record_end(&facts).await;
        otp::crash_point!("hook.after_outcome");
        // Also when the disk refused: the provider has the message, the intent is on disk, and a truthful answer is worth more.
        self.end(told, &line, status, attempts);
        if let Err(err) = first {
            error!(%transaction, error = %err, "the end of a hook is not on disk yet");
            self.last_words(&facts).await;
        }
    }

    /// Writes `facts`, patiently.
    async fn last_words(&self, facts: &[Fact]) {
        for _ in 0..LAST_WORDS.0 {
            match self.ingress.record_end(facts).await {
                Ok(()) => return,
                Err(AppendError::Closed) => break,
                Err(_) => tokio::time::sleep(LAST_WORDS.1).await,
            }
        }
        error!("the end of a hook could not be written; the next start records it as ambiguous");
    }

    fn told(&self, dispatched: &Dispatched) -> Told {
        let provider = Some(dispatched.provider.clone());
        match dispatched.outcome.failure_class() {
            None => Told {
                answer: Answer::Successful,
                failure: None,
                provider,
                provider_ref: dispatched.report.provider_ref.clone(),
                attempt_ref: dispatched.report.attempt_ref.clone(),
            },
            Some(class) => Told::failure(class, provider, &self.ingress.settings.policy),
        }
    }

    fn settled(
        &self,
        transaction: TransactionId,
        status: TransactionStatus,
        failure_class: Option<FailureClass>,
        provider: Option<String>,
        provider_ref: Option<String>,
    ) -> Fact {
        let (settled_at, by) = (self.ingress.clock.now(), Settler::Dispatcher);
        Fact::TransactionSettled(TransactionSettled {
            transaction,
            status,
            failure_class,
            provider,
            provider_ref,
            settled_at,
            by,
        })
    }

    /// That a verification of earlier codes was cancelled, so that this one could be sent. No event asked for it.
    fn canceled(&self, canceled: Canceled, phone: Option<PhoneHmac>) -> Fact {
        let Canceled { provider, provider_ref } = canceled;
        let event = EventId { org: self.org.name.clone(), uuid: String::new() };
        Fact::FeedbackReported(FeedbackReported {
            event,
            transaction: None,
            phone_hmac: phone,
            provider,
            provider_ref,
            verdict: Verdict::Canceled,
            result: ReportResult::Reported,
            matched_by: MatchedBy::Record,
            reported_at: self.ingress.clock.now(),
        })
    }

    fn answered(&self, transaction: TransactionId, told: &Told) -> Fact {
        let event = self.hook.event_id.clone();
        told.fact(transaction, self.org.name.clone(), event, self.ingress.clock.now())
    }

    /// The end of a transaction whose intent may be on disk, and which was not sent.
    fn nothing_sent(&self, transaction: TransactionId, started_at: Timestamp, provider: String) -> [Fact; 2] {
        let ended = AttemptEnded {
            transaction,
            n: 1,
            provider: provider.clone(),
            started_at,
            ended_at: self.ingress.clock.now(),
            outcome: AttemptOutcome::NotSent,
            http_status: None,
            provider_code: None,
            provider_ref: None,
            attempt_ref: None,
        };
        let class = Some(FailureClass::NotSent);
        [
            Fact::AttemptEnded(ended),
            self.settled(transaction, TransactionStatus::Failed, class, Some(provider), None),
        ]
    }

    fn end(&self, told: Told, line: &Line, status: TransactionStatus, attempts: u8) {
        let took = self.ingress.clock.monotonic().saturating_duration_since(self.arrival.first_byte);
        info!(
            org = %self.org.name,
            transaction = %line.transaction,
            purpose = line.purpose,
            channel = line.channel,
            country = line.country,
            status = status.as_str(),
            answer = told.answer.as_str(),
            failure = told.failure.map(FailureClass::as_str),
            provider = told.provider.as_deref(),
            provider_ref = told.provider_ref.as_deref(),
            attempts,
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "telephony hook answered"
        );
        self.answer(told);
    }

    /// Whoever asks about this hook, now or later, is told this.
    fn answer(&self, told: Told) {
        let now = self.ingress.clock.now();
        self.ingress.answers.answered(&self.org.name, self.hook.event_id.as_deref(), told.clone(), now);
        self.progress.end(Reply::Told(told));
    }

    fn unavailable(&self, reason: &str) {
        error!(org = %self.org.name, reason, "telephony hook refused: it cannot be recorded, so nothing is sent");
        self.ingress.answers.forget(&self.org.name, self.hook.event_id.as_deref());
        self.progress.refuse();
    }
}

/// What is said of the hook itself, in the canonical line and later in the books.
struct Line {
    transaction: TransactionId,
    purpose: &'static str,
    channel: Option<&'static str>,
    country: Option<String>,
    phone_hmac: Option<PhoneHmac>,
}

impl Line {
    fn of(received: &HookReceived) -> Self {
        Self {
            transaction: received.transaction,
            purpose: received.purpose.as_str(),
            channel: received.channel.map(Channel::as_str),
            country: received.phone.as_ref().map(|phone| phone.country.as_str().to_owned()),
            phone_hmac: received.phone.as_ref().map(|phone| phone.hmac.clone()),
        }
    }
}

/// Where the dispatcher writes a second intent before it acts on it.
struct Log<'a>(&'a Ingress);

impl AttemptLog for Log<'_> {
    fn next_attempt(
        &self,
        ended: AttemptEnded,
        started: AttemptStarted,
    ) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let facts = [Fact::AttemptEnded(ended), Fact::AttemptStarted(started)];
            self.0.record_end(&facts).await.map_err(LogError::new)
        })
    }
}
