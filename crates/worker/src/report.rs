//! One report to a provider, and what its answer means for the event.

use std::time::Duration;

use jiff::Timestamp;
use otp::{
    EventReceived, EventState, FeedbackReported, MatchedBy, PhoneNumber, ReportResult, TransactionId, Verdict,
};
use telephony::{Provider, ReportError, Reported, Subject};
use tracing::{Instrument as _, debug_span, error};

use crate::approval::BUSY;
use crate::claim::{Claimed, Effect};
use crate::inbox::Place;
use crate::settlement::{End, Tried};
use crate::subject::later;
use crate::worker::Worker;

/// While a provider refuses our credential.
const REFUSED: Duration = Duration::from_secs(15);

/// A report to be made.
pub(crate) struct Report<'a> {
    pub(crate) provider: &'a dyn Provider,
    pub(crate) subject: Subject<'a>,
    pub(crate) transaction: Option<TransactionId>,
    pub(crate) phone: Option<&'a PhoneNumber>,
    pub(crate) matched_by: MatchedBy,
    /// An earlier try may have had its effect.
    pub(crate) doubtful: bool,
    /// When the verification is over.
    pub(crate) expires: Timestamp,
    pub(crate) attempt: u32,
    /// By number: only what was open by then. The user may have another code by now, which they have not entered yet.
    pub(crate) open_by: Option<Timestamp>,
}

impl Worker {
    /// Makes a report, if nobody else is at it.
    pub(crate) async fn report(
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
        let span = debug_span!(target: trace::TARGET, "report", otel.kind = "client", provider = report.provider.name(), transaction = report.transaction.map(tracing::field::display));
        if let Some(transaction) = report.transaction {
            // The trace of the hook that its code was sent for.
            trace::link(&span, &trace::of_transaction(transaction.as_u128()));
        }
        let (aimed, answer) = self.tell(&report, verdict).instrument(span).await;
        self.report_health.note(report.provider.name(), &answer, self.clock.now());
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

    /// One report, and the reference it was about, where it was aimed at one or the provider says it.
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
        (aimed.or_else(|| answer.as_ref().ok()?.provider_ref.clone()), answer)
    }

    /// Once more after `wait`, if the verification still lives then; else `end`.
    pub(crate) fn again(&self, wait: Duration, expires: Timestamp, end: impl FnOnce() -> End) -> Tried {
        if later(self.clock.now(), wait) < expires { Tried::Later(wait) } else { Tried::End(end()) }
    }
}
