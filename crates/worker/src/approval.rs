//! One event, from its arrival to its end in the books.

use std::time::Duration;

use jiff::Timestamp;
use ledger::SendRecord;
use otp::{
    EventReceived, EventState, FeedbackReported, MatchedBy, OrgName, PhoneNumber, Reading, ReportResult,
    TransactionStatus, Verdict,
};
use queue::Retry;
use telephony::{Provider, Subject};

use crate::inbox::{Entry, Place};
use crate::lookup::Lookup;
use crate::replay::is_settled;
use crate::report::Report;
use crate::settlement::{End, Tried, again};
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
pub(crate) const BUSY: Duration = Duration::from_millis(250);
/// As far as the books are behind as a rule.
const AT_ONCE: Duration = Duration::from_millis(10);
/// Until an ambiguous send is looked up, …
const LOOKED_UP: Duration = Duration::from_secs(10);
/// … and for as long as that is worth waiting for.
const RECONCILED: Duration = Duration::from_secs(60);

/// For so long books that are behind or away are waited for, when nothing else is to be done about an event.
const BOOKS: Duration = Duration::from_secs(3600);

/// Of the two events of one enrolment, the one that its code went by is waited for so long.
const OTHER_HALF: Duration = Duration::from_secs(40);

/// As far as the books may be behind another node, where nothing but them can tell.
const BEHIND: Duration = Duration::from_secs(30);

/// Whether a phone was enrolled by somebody else than its user.
fn by_other_than_user(received: &EventReceived) -> bool {
    received.event.by_other && received.event.reading == Reading::PhoneEnrolled
}

/// Events of one login are published within moments of each other. One that comes later than this after an approval is of another login.
const ONE_LOGIN: Duration = Duration::from_secs(10);

impl Worker {
    /// Does what the event asks for, once.
    pub(crate) async fn approve(&self, received: &EventReceived, tries: u32, redelivered: bool) -> Outcome {
        let event = &received.event;
        if let Some(replayed) = received.replayed_at {
            self.events.forget_before(&event.id, replayed);
        }
        let place = match self.events.enter(event.id.clone(), tries) {
            Entry::Free(place) => place,
            Entry::Busy => return Outcome::Later(Retry { after: BUSY, tries, doubtful: redelivered }),
            Entry::Done(_) => return Outcome::Settled,
        };
        // Another process, or this one before a restart, may have settled it.
        let matched = self.match_event(received).await.unwrap_or_default();
        if is_settled(received, &matched) {
            place.done(self.clock.now());
            return Outcome::Settled;
        }
        let (attempt, doubtful) = (tries.saturating_add(1), redelivered || place.doubtful());
        // Facts reach the books in order: where the event itself is missing, its send may be missing too, and an older send that is
        // there would be the wrong one.
        let found = match (matched.state, matched.send) {
            _ if !self.by_record_too() => Match::None,
            (Some(_), Some(record)) => Match::of(received, record),
            (Some(_), None) => self.find_record(received).await,
            (None, _) => Match::Away,
        };
        let tried = match found {
            Match::Record(record) if record.newer_in_flight && self.young(received) => self.soon(received),
            Match::Record(record) => self.by_record(received, &record, &place, attempt, doubtful).await,
            Match::Twin(record) => self.by_twin(received, &record, &place, attempt, doubtful).await,
            Match::None | Match::Away if self.young(received) => self.soon(received),
            Match::None if by_other_than_user(received) => {
                self.without_record(received, &place, attempt, false)
            }
            Match::Away if by_other_than_user(received) => {
                self.without_record(received, &place, attempt, true)
            }
            Match::None => self.by_phone(received, &place, attempt, doubtful, true).await,
            Match::Away => self.by_phone(received, &place, attempt, doubtful, false).await,
        };
        let tried = match tried {
            Tried::Newer if self.young(received) => self.soon(received),
            Tried::Newer if by_other_than_user(received) => {
                self.without_record(received, &place, attempt, false)
            }
            Tried::Newer => self.by_phone(received, &place, attempt, doubtful, false).await,
            tried => tried,
        };
        match tried {
            Tried::Newer => Outcome::Later(again(&place, BUSY, redelivered)),
            Tried::Later(after) => Outcome::Later(again(&place, after, redelivered)),
            Tried::End(end) => self.end(received, end, place, attempt, redelivered).await,
        }
    }

    /// A phone was enrolled for the user, by an admin or a program: whether a code was entered is known only where one was sent for it. Its
    /// node may be behind with the books.
    fn without_record(
        &self,
        received: &EventReceived,
        event: &Place<'_, otp::EventId>,
        attempt: u32,
        away: bool,
    ) -> Tried {
        let end =
            || End::of(EventState::NoMatch, "somebody else enrolled the phone, and no code was sent for it");
        let behind = later(received.received_at, if self.settings.alone { Duration::ZERO } else { BEHIND });
        if !away && behind <= self.clock.now() {
            return Tried::End(end());
        }
        event.failed();
        self.again(self.backoff(attempt), later(received.published(), self.settings.life), end)
    }

    /// When the books are likely to know more: they are milliseconds behind as a rule, and when they are not, they are seconds behind.
    fn soon(&self, received: &EventReceived) -> Tried {
        let age = self.clock.now().duration_since(received.received_at).unsigned_abs();
        let wait = age.clamp(AT_ONCE, BUSY);
        Tried::Later(wait + self.entropy.jitter(wait))
    }

    /// Whether our own records are asked at all.
    pub(crate) fn by_record_too(&self) -> bool {
        self.settings.ways.contains(&MatchedBy::Record)
    }

    /// A record of the send may still be on its way into the books.
    fn young(&self, received: &EventReceived) -> bool {
        self.by_record_too() && later(received.received_at, self.settings.record_grace) > self.clock.now()
    }

    /// Okta tells of one enrolment twice: of the channel that the code went by, and of the other one. The other one counts only where the
    /// first has not come for a while.
    async fn by_twin(
        &self,
        received: &EventReceived,
        record: &SendRecord,
        event: &Place<'_, otp::EventId>,
        attempt: u32,
        doubtful: bool,
    ) -> Tried {
        if record.verified_at.is_some() {
            return Tried::End(End::of(
                EventState::Skipped,
                "the other half of an enrolment: its code went by the other channel",
            ));
        }
        if later(received.received_at, OTHER_HALF) > self.clock.now() {
            let wait = if self.young(received) { BUSY } else { OTHER_HALF / 8 };
            return Tried::Later(wait + self.entropy.jitter(wait));
        }
        // On Classic the two channels are two enrolments.
        let own = self.find_own(received).await.ok().flatten();
        self.by_record(received, own.as_ref().unwrap_or(record), event, attempt, doubtful).await
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
            return Tried::End(self.unsupported(received, record));
        };
        if expires <= self.clock.now() {
            return Tried::End(End::of(EventState::Expired, "the verification was over").about(record));
        }
        // An ambiguous send has no reference; its number is as good while the verification lives.
        let number = if record.provider_ref.is_none() { self.number_of(record) } else { None };
        let subject = match (&record.provider_ref, &number) {
            (Some(reference), _) => Subject::Reference(reference),
            (None, Some(number)) if provider.reports_by_number() => Subject::Phone(number),
            // It gave none when it took the code, and will give none later.
            (None, _) if record.status == TransactionStatus::Accepted => {
                return Tried::End(self.unsupported(received, record));
            }
            (None, _) => {
                // The provider may be found to have taken it, with a reference, a little later.
                let patience = expires.min(later(received.received_at, RECONCILED));
                return self
                    .again(LOOKED_UP, patience, || {
                        End::of(EventState::NoMatch, "the send has neither reference nor number")
                    })
                    .about(record);
            }
        };
        // The user's next code, or that of somebody else at the same number, may have gone out within the same verification.
        let reference = match &record.provider_ref {
            Some(reference) => match self.references.enter(format!("{}/{reference}", provider.name()), 0) {
                Entry::Free(place) => Some(place),
                Entry::Busy => return Tried::Later(BUSY),
                Entry::Done(_) => {
                    let note = "reported for another message of its verification";
                    return Tried::End(End::of(EventState::Done, note).about(record));
                }
            },
            None => None,
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
                    if let Some(reference) = reference {
                        reference.done(self.clock.now());
                    }
                }
                Tried::End(end.about(record))
            }
            other @ (Tried::Later(_) | Tried::Newer) => other,
        }
    }

    /// The code was entered, and there is nobody to be told; the books say so.
    fn unsupported(&self, received: &EventReceived, record: &SendRecord) -> End {
        let report = record.provider.as_ref().map(|provider| {
            Box::new(FeedbackReported {
                event: received.event.id.clone(),
                transaction: Some(record.transaction),
                phone_hmac: None,
                provider: provider.clone(),
                provider_ref: record.provider_ref.clone(),
                verdict: Verdict::Approved,
                result: ReportResult::Unsupported,
                matched_by: MatchedBy::Record,
                reported_at: self.clock.now(),
            })
        });
        End { report, ..End::of(EventState::Skipped, "its provider takes no reports").about(record) }
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
    pub(crate) fn reported_before(&self, received: &EventReceived, at: Timestamp) -> Tried {
        if received.published() > later(at, ONE_LOGIN) {
            return Tried::Newer;
        }
        let note = match received.replayed_at {
            None => "reported for another event",
            Some(_) => "reported before it was put back to work",
        };
        Tried::End(End::of(EventState::Done, note))
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
            let end = || End::of(EventState::Expired, "it came when any verification was over");
            if books_asked {
                return Tried::End(end());
            }
            // Nobody can be told any more, so there is no hurry; the books can still say which code was entered.
            event.failed();
            return self.again(self.backoff(attempt), later(received.received_at, BOOKS), end);
        }
        let Some(provider) = self.providers.iter().find(|p| p.reports_by_number()) else {
            return Tried::End(End::of(EventState::Skipped, "no provider takes reports about a number"));
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
        if books_asked
            && self.by_record_too()
            && matches!(self.open_code(received, &self.vault.hmac(&phone)).await, Ok(Some(_)))
        {
            // By the number it would be closed in the place of whatever was entered, which is none of ours.
            let note = "the user's open code at that number went out by another channel, for another purpose or later";
            return Tried::End(End::of(EventState::NoMatch, note));
        }
        // Of the two events of one enrolment the number is told once.
        let half = match self.enrolment(received) {
            None => None,
            Some(enrolment) => match self.enrolments.enter(enrolment, 0) {
                Entry::Free(place) => Some(place),
                Entry::Busy => return Tried::Later(BUSY),
                Entry::Done(_) => {
                    return Tried::End(End::of(
                        EventState::Skipped,
                        "the other half of an enrolment that was reported",
                    ));
                }
            },
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
        let tried = self.report(received, report, event).await;
        if let (Some(half), Tried::End(End { state: EventState::Done, .. })) = (half, &tried) {
            half.done(self.clock.now());
        }
        tried
    }

    /// What two events of one enrolment have in common: the user, and the moment. One that a person has put back to work counts for itself.
    fn enrolment(&self, received: &EventReceived) -> Option<(OrgName, String, Timestamp)> {
        let event = &received.event;
        let first = event.reading == Reading::PhoneEnrolled && received.replayed_at.is_none();
        Some((event.id.org.clone(), event.okta_user_id.clone()?, received.published())).filter(|_| first)
    }
}
