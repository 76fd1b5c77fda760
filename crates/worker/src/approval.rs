//! One event, from its arrival to its end in the books.

use std::time::Duration;

use jiff::Timestamp;
use ledger::SendRecord;
use otp::{
    DeadLettered, EventReceived, EventSettled, EventState, Fact, FeedbackReported, MatchedBy, PhoneNumber,
    ReportResult, TransactionId, Verdict,
};
use queue::Retry;
use telephony::{Provider, ReportError, Reported, Subject};
use tracing::{Instrument as _, debug_span, error, info, warn};

use crate::claim::{Claim, Claimed, Effect};
use crate::inbox::{Entry, Place};
use crate::lookup::Lookup;
use crate::subject::{Match, later};
use crate::worker::Worker;

/// What is to become of the message.
pub(crate) enum Outcome {
    /// Its end is on disk.
    Settled,
    /// Try again after a while.
    Later(Retry),
}

/// While another event of the same verification, or a copy of the same event, is being worked on.
const BUSY: Duration = Duration::from_millis(250);
/// As far as the books are behind as a rule.
const AT_ONCE: Duration = Duration::from_millis(10);
/// While a provider refuses our credential.
const REFUSED: Duration = Duration::from_secs(15);

/// How an event ends.
struct End {
    state: EventState,
    note: Option<&'static str>,
    transaction: Option<TransactionId>,
    /// Whether the code of that transaction was entered: known even when nobody can be told any more.
    verified: bool,
    report: Option<Box<FeedbackReported>>,
    dead: Option<String>,
    /// The provider knows no such verification any more.
    gone: bool,
    /// Given back when this end is on disk.
    claim: Option<(Claim, Effect)>,
}

impl End {
    fn of(state: EventState, note: &'static str) -> Self {
        Self {
            state,
            note: Some(note),
            transaction: None,
            verified: false,
            report: None,
            dead: None,
            gone: false,
            claim: None,
        }
    }

    fn about(self, record: &SendRecord) -> Self {
        Self { transaction: Some(record.transaction), verified: true, ..self }
    }
}

/// A report to be made.
struct Report<'a> {
    provider: &'a dyn Provider,
    subject: Subject<'a>,
    transaction: Option<TransactionId>,
    phone: Option<&'a PhoneNumber>,
    matched_by: MatchedBy,
    /// An earlier try may have had its effect.
    doubtful: bool,
    /// When the verification is over.
    expires: Timestamp,
    attempt: u32,
    /// By number: only what was open by then. The user may have another code by now, which they have not entered yet.
    open_by: Option<Timestamp>,
}

enum Tried {
    End(End),
    Later(Duration),
    /// The send that was found was approved well before this event: it belongs to a newer one, whose node is behind with the books.
    Newer,
}

/// Events of one login are published within moments of each other. One that comes later than this after an approval is of another login.
const ONE_LOGIN: Duration = Duration::from_secs(10);

impl Tried {
    fn about(self, record: &SendRecord) -> Self {
        match self {
            Self::End(end) => Self::End(end.about(record)),
            other => other,
        }
    }
}

impl Worker {
    /// Does what the event asks for, once.
    pub(crate) async fn approve(&self, received: &EventReceived, tries: u32, redelivered: bool) -> Outcome {
        let event = &received.event;
        let place = match self.events.enter(event.id.clone(), tries) {
            Entry::Free(place) => place,
            Entry::Busy => return Outcome::Later(Retry { after: BUSY, tries, doubtful: redelivered }),
            Entry::Done(_) => return Outcome::Settled,
        };
        // Another process, or this one before a restart, may have settled it.
        let matched = self.match_event(received).await.unwrap_or_default();
        if let Some(EventState::Done | EventState::Skipped | EventState::Expired | EventState::NoMatch) =
            matched.state
        {
            place.done(self.clock.now());
            return Outcome::Settled;
        }
        let (attempt, doubtful) = (tries.saturating_add(1), redelivered || place.doubtful());
        // Facts reach the books in order: where the event itself is missing, its send may be missing too, and an older send that is
        // there would be the wrong one.
        let found = match (matched.state, matched.send) {
            (Some(_), Some(record)) => Match::Record(Box::new(record)),
            (Some(_), None) => self.find_record(received).await,
            (None, _) => Match::Away,
        };
        let tried = match found {
            Match::Record(record) if record.newer_in_flight && self.young(received) => self.soon(received),
            Match::Record(record) => self.by_record(received, &record, &place, attempt, doubtful).await,
            Match::Twin => Tried::End(End::of(
                EventState::Skipped,
                "the other half of an enrolment: its code went by the other channel",
            )),
            Match::None | Match::Away if self.young(received) => self.soon(received),
            Match::None => self.by_phone(received, &place, attempt, doubtful, true).await,
            Match::Away => self.by_phone(received, &place, attempt, doubtful, false).await,
        };
        let tried = match tried {
            Tried::Newer if self.young(received) => self.soon(received),
            Tried::Newer => self.by_phone(received, &place, attempt, doubtful, false).await,
            tried => tried,
        };
        match tried {
            Tried::Newer => Outcome::Later(again(&place, BUSY, redelivered)),
            Tried::Later(after) => Outcome::Later(again(&place, after, redelivered)),
            Tried::End(end) => self.end(received, end, place, attempt, redelivered).await,
        }
    }

    /// When the books are likely to know more: they are milliseconds behind as a rule, and when they are not, they are seconds behind.
    fn soon(&self, received: &EventReceived) -> Tried {
        let age = self.clock.now().duration_since(received.received_at).unsigned_abs();
        let wait = age.clamp(AT_ONCE, BUSY);
        Tried::Later(wait + self.entropy.jitter(wait))
    }

    /// A record of the send may still be on its way into the books.
    fn young(&self, received: &EventReceived) -> bool {
        later(received.received_at, self.settings.record_grace) > self.clock.now()
    }

    async fn by_record(
        &self,
        received: &EventReceived,
        record: &SendRecord,
        event: &Place<'_, otp::EventId>,
        attempt: u32,
        doubtful: bool,
    ) -> Tried {
        let place = match self.verifications.enter(record.transaction, 0) {
            Entry::Free(place) => place,
            Entry::Busy => return Tried::Later(BUSY),
            Entry::Done(at) => return self.reported_before(received, at).about(record),
        };
        if record.feedback.as_ref().is_some_and(|(verdict, result)| {
            *verdict == Verdict::Approved
                && matches!(result, ReportResult::Reported | ReportResult::AlreadyFinal)
        }) {
            // Without a moment, of this login.
            let at = record.verified_at.unwrap_or(Timestamp::MAX);
            return self.reported_before(received, at).about(record);
        }
        let expires = later(record.received_at, self.settings.life);
        let provider =
            record.provider.as_deref().and_then(|name| self.providers.iter().find(|p| p.name() == name));
        let Some(provider) = provider.filter(|p| p.reports()) else {
            return Tried::End(End::of(EventState::Skipped, "its provider takes no reports").about(record));
        };
        if expires <= self.clock.now() {
            return Tried::End(End::of(EventState::Expired, "the verification was over").about(record));
        }
        // An ambiguous send has no reference; its number is as good while the verification lives.
        let number = if record.provider_ref.is_none() { self.number_of(record) } else { None };
        let subject = match (&record.provider_ref, &number) {
            (Some(reference), _) => Subject::Reference(reference),
            (None, Some(number)) => Subject::Phone(number),
            (None, None) => {
                return Tried::End(
                    End::of(EventState::NoMatch, "the send has neither reference nor number").about(record),
                );
            }
        };
        let report = Report {
            provider: provider.as_ref(),
            subject,
            transaction: Some(record.transaction),
            phone: number.as_ref(),
            matched_by: MatchedBy::Record,
            doubtful,
            expires,
            attempt,
            open_by: None,
        };
        match self.report(received, report, event).await {
            Tried::End(end) => {
                if end.gone
                    && let Some((number, reference)) =
                        self.newer(received, record, provider.as_ref(), doubtful).await
                {
                    if let Some((claim, effect)) = end.claim {
                        self.unclaim(claim, effect).await;
                    }
                    let report = Report {
                        provider: provider.as_ref(),
                        subject: Subject::Reference(&reference),
                        transaction: None,
                        phone: Some(&number),
                        matched_by: MatchedBy::Record,
                        doubtful: false,
                        expires: later(received.published(), self.settings.life),
                        attempt,
                        open_by: None,
                    };
                    return self.report(received, report, event).await;
                }
                if end.state == EventState::Done {
                    place.done(self.clock.now());
                }
                Tried::End(end.about(record))
            }
            other @ (Tried::Later(_) | Tried::Newer) => other,
        }
    }

    /// The verification of the record is over, but its number may have a newer one, whose send is not in the books yet: what is open now
    /// and was so before the event is what the event is about. Where one process writes the books, they know.
    async fn newer(
        &self,
        received: &EventReceived,
        record: &SendRecord,
        provider: &dyn Provider,
        doubtful: bool,
    ) -> Option<(PhoneNumber, String)> {
        if self.settings.alone {
            return None;
        }
        let number = self.number_of(record)?;
        let by = self.open_by(received, doubtful);
        let reference = provider.open(&number, by, self.settings.report).await.ok()?;
        Some((number, reference))
    }

    /// When the verification of an event was open already. Where an earlier try may have had its effect there is no allowance for clocks:
    /// what is open now may be the user's next code, which they have not entered.
    fn open_by(&self, received: &EventReceived, doubtful: bool) -> Timestamp {
        let skew = if doubtful { Duration::ZERO } else { self.settings.skew };
        later(received.published(), skew)
    }

    /// The verification was approved for another event, at `at`: of the same login, or of an earlier one.
    fn reported_before(&self, received: &EventReceived, at: Timestamp) -> Tried {
        if received.published() > later(at, ONE_LOGIN) {
            return Tried::Newer;
        }
        Tried::End(End::of(EventState::Done, "reported for another event"))
    }

    async fn by_phone(
        &self,
        received: &EventReceived,
        event: &Place<'_, otp::EventId>,
        attempt: u32,
        doubtful: bool,
        books_asked: bool,
    ) -> Tried {
        let published = received.published();
        let expires = later(published, self.settings.life);
        if expires <= self.clock.now() {
            return Tried::End(End::of(EventState::Expired, "it came when any verification was over"));
        }
        let Some(provider) = self.providers.iter().find(|p| p.reports()) else {
            return Tried::End(End::of(EventState::Skipped, "no provider takes reports"));
        };
        let (phone, matched_by) = match self.look_up(received, attempt).await {
            Lookup::Phone(phone, way) => (phone, way),
            Lookup::NoUser => return Tried::End(End::of(EventState::Skipped, "the user is gone")),
            Lookup::Nothing(why) if books_asked => return Tried::End(End::of(EventState::NoMatch, why)),
            // The books may still tell.
            Lookup::Nothing(why) => {
                event.failed();
                return self.again(self.backoff(attempt), expires, || End::of(EventState::NoMatch, why));
            }
            waiting @ (Lookup::Wait(after) | Lookup::Later(after)) => {
                if matches!(waiting, Lookup::Later(_)) {
                    event.failed();
                }
                return self.again(after, expires, || {
                    End::of(EventState::Expired, "Okta could not be asked until it was over")
                });
            }
        };
        let report = Report {
            provider: provider.as_ref(),
            subject: Subject::Phone(&phone),
            transaction: None,
            phone: Some(&phone),
            matched_by,
            doubtful,
            expires,
            attempt,
            open_by: (doubtful || self.clock.now() > later(published, ONE_LOGIN))
                .then(|| self.open_by(received, doubtful)),
        };
        self.report(received, report, event).await
    }

    async fn report(
        &self,
        received: &EventReceived,
        report: Report<'_>,
        event: &Place<'_, otp::EventId>,
    ) -> Tried {
        let verdict = Verdict::Approved;
        let hmac = report.phone.map(|phone| self.vault.hmac(phone));
        let (claimed, doubtful) =
            match self.claim(report.transaction, report.provider.name(), hmac.as_ref()).await {
                Claimed::Granted { claim, doubtful } => (claim, doubtful || report.doubtful),
                Claimed::Held => return Tried::Later(BUSY),
                Claimed::Done(at) => return self.reported_before(received, at),
            };
        otp::crash_point!("report.before_request");
        let span = debug_span!(target: trace::TARGET, "report", otel.kind = "client", provider = report.provider.name());
        let (aimed, answer) = self.tell(&report, verdict).instrument(span).await;
        otp::crash_point!("report.after_response");
        let effect = match &answer {
            Ok(_) => Effect::Had,
            Err(ReportError::Gone) if doubtful => Effect::Had,
            Err(ReportError::Transient { doubtful: true }) => Effect::Unknown,
            Err(_) => Effect::None,
        };
        let gone = matches!(answer, Err(ReportError::Gone));
        let ended = |state, result, note| {
            let mut end = End { gone, ..End::of(state, note) };
            end.report = Some(Box::new(FeedbackReported {
                event: received.event.id.clone(),
                transaction: report.transaction,
                phone_hmac: hmac.clone(),
                provider: report.provider.name().to_owned(),
                provider_ref: aimed.clone(),
                verdict,
                result,
                matched_by: report.matched_by,
                reported_at: self.clock.now(),
            }));
            end
        };
        if matches!(
            answer,
            Err(ReportError::RateLimited { .. } | ReportError::Refused | ReportError::Transient { .. })
        ) {
            event.failed();
        }
        let tried = match answer {
            Ok(_) => Tried::End(ended(EventState::Done, ReportResult::Reported, "reported")),
            Err(ReportError::Gone) if doubtful => Tried::End(ended(
                EventState::Done,
                ReportResult::AlreadyFinal,
                "an earlier try had its effect",
            )),
            Err(ReportError::Gone) if report.transaction.is_none() => Tried::End(ended(
                EventState::NoMatch,
                ReportResult::Expired,
                "no verification is open for the number",
            )),
            Err(ReportError::Gone) => Tried::End(ended(
                EventState::Expired,
                ReportResult::Expired,
                "the provider has closed the verification",
            )),
            Err(ReportError::Unsupported) => Tried::End(ended(
                EventState::Skipped,
                ReportResult::Unsupported,
                "its provider takes no reports",
            )),
            Err(ReportError::RateLimited { wait }) => {
                let wait = wait.unwrap_or(self.backoff(report.attempt))
                    + self.entropy.jitter(Duration::from_secs(2));
                self.again(wait, report.expires, || {
                    ended(EventState::Expired, ReportResult::Expired, "rate limited until it was over")
                })
            }
            Err(ReportError::Refused) => {
                error!(
                    provider = report.provider.name(),
                    "the provider refuses our report: feedback waits until somebody mends it"
                );
                let wait = REFUSED + self.entropy.jitter(REFUSED);
                self.again(wait, report.expires, || {
                    let mut end =
                        ended(EventState::Dead, ReportResult::Dead, "the provider refused every report");
                    end.dead =
                        Some("the provider refused every report while the verification was open".to_owned());
                    end
                })
            }
            Err(ReportError::Transient { doubtful }) => {
                if doubtful {
                    event.doubt();
                }
                let wait = self.backoff(report.attempt);
                self.again(wait, report.expires, || {
                    ended(EventState::Expired, ReportResult::Expired, "the provider failed until it was over")
                })
            }
        };
        match (tried, claimed) {
            (Tried::End(end), Some(claim)) => Tried::End(End { claim: Some((claim, effect)), ..end }),
            (Tried::Later(wait), Some(claim)) => {
                self.unclaim(claim, effect).await;
                Tried::Later(wait)
            }
            (tried, _) => tried,
        }
    }

    /// One report, and the reference it was aimed at, where it was.
    async fn tell(
        &self,
        report: &Report<'_>,
        verdict: Verdict,
    ) -> (Option<String>, Result<Reported, ReportError>) {
        let timeout = self.settings.report;
        let aimed = match (report.subject, report.open_by) {
            (Subject::Reference(reference), _) => Some(reference.to_owned()),
            (Subject::Phone(_), None) => None,
            (Subject::Phone(phone), Some(by)) => match report.provider.open(phone, by, timeout).await {
                Ok(reference) => Some(reference),
                Err(err) => return (None, Err(err)),
            },
        };
        let subject = aimed.as_deref().map_or(report.subject, Subject::Reference);
        let answer = report.provider.report(subject, verdict, timeout).await;
        (aimed, answer)
    }

    /// Once more after `wait`, if the verification still lives then; else `end`.
    fn again(&self, wait: Duration, expires: Timestamp, end: impl FnOnce() -> End) -> Tried {
        if later(self.clock.now(), wait) < expires { Tried::Later(wait) } else { Tried::End(end()) }
    }

    /// Puts the end on disk; only then is the message done with.
    async fn end(
        &self,
        received: &EventReceived,
        end: End,
        place: Place<'_, otp::EventId>,
        attempt: u32,
        redelivered: bool,
    ) -> Outcome {
        let (event, now) = (&received.event, self.clock.now());
        let mut facts = Vec::with_capacity(3);
        let result = end.report.as_ref().map(|report| report.result);
        if let Some(report) = end.report {
            metrics::counter!("ringback_feedback_total", "provider" => report.provider.clone(), "result" => report.result.as_str())
                .increment(1);
            facts.push(Fact::FeedbackReported(*report));
        }
        if let Some(reason) = end.dead {
            facts.push(Fact::DeadLettered(DeadLettered {
                event: event.id.clone(),
                reason,
                attempts: attempt,
                dead_at: now,
            }));
        }
        let verified_at = end.verified.then(|| received.published());
        facts.push(Fact::EventSettled(EventSettled {
            event: event.id.clone(),
            state: end.state,
            note: end.note.map(str::to_owned),
            attempts: attempt,
            transaction: end.transaction,
            verified_at,
            settled_at: now,
        }));
        otp::crash_point!("worker.before_record");
        if let Err(err) = self.record(&facts).await {
            warn!(event = event.id.uuid, error = %err, "an event's end is not on disk; trying again");
            if result.is_some() {
                place.doubt();
            }
            place.failed();
            return Outcome::Later(again(&place, self.backoff(attempt), redelivered));
        }
        otp::crash_point!("worker.after_record");
        if let Some((claim, effect)) = end.claim {
            self.unclaim(claim, effect).await;
        }
        let lag = now.duration_since(received.received_at).unsigned_abs();
        if result == Some(ReportResult::Reported) {
            metrics::histogram!("ringback_feedback_lag_seconds").record(lag.as_secs_f64());
        }
        info!(
            org = %event.id.org,
            event = event.id.uuid,
            event_type = event.event_type,
            state = end.state.as_str(),
            note = end.note,
            result = result.map(ReportResult::as_str),
            transaction = end.transaction.map(tracing::field::display),
            attempts = attempt,
            traceparent = received.traceparent,
            lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
            "event settled"
        );
        place.done(now);
        Outcome::Settled
    }
}

/// The next try, with what is known of those before it.
fn again(place: &Place<'_, otp::EventId>, after: Duration, redelivered: bool) -> Retry {
    Retry { after, tries: place.tries(), doubtful: redelivered || place.doubtful() }
}
