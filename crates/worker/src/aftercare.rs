//! What providers are told without an event of its own: of the second message of a login whose code went out twice, and of codes that
//! nobody entered. The books say what is missing, so a crash forgets nothing.

use std::time::Duration;

use ledger::{Ledger, ReportClaim, UntoldQuery, UntoldSend};
use otp::{EventId, Fact, FeedbackReported, MatchedBy, ReportResult, Verdict};
use telephony::{ReportError, Subject};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::claim::{Claim, Effect};
use crate::subject::earlier;
use crate::worker::Worker;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(5);
/// Every so many rounds it is looked for codes that nobody entered.
const ROUNDS: u32 = 2;
/// Every so many rounds it is looked for events whose send came into the books after them, …
const CATCHING_UP: (u32, Duration) = (3, Duration::from_secs(20 * 60));
/// … and every so many for those of a long outage.
const CAUGHT_UP: (u32, Duration) = (120, Duration::from_secs(24 * 3600));
/// After a code is over: the event of one that was entered at the last moment is on its way.
const LAST_EVENTS: Duration = Duration::from_secs(30);
/// Looked at together.
const BATCH: u32 = 200;

impl Worker {
    /// Runs until `stop`; what is to be told stands in `ledger`.
    pub async fn look_after(&self, ledger: &Ledger, stop: CancellationToken) {
        let mut round = 0u32;
        while stop.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_some() {
            let work = async {
                self.look_once(ledger, self.settings.cancel_expired && round.is_multiple_of(ROUNDS)).await;
                let due =
                    [CAUGHT_UP, CATCHING_UP].into_iter().find(|(rounds, _)| round.is_multiple_of(*rounds));
                if let Some((_, span)) = due.filter(|_| self.by_record_too()) {
                    self.attribute(ledger, span).await;
                }
            };
            if stop.run_until_cancelled(work).await.is_none() {
                return;
            }
            round = round.wrapping_add(1);
        }
    }

    async fn look_once(&self, ledger: &Ledger, expired: bool) {
        let alive = earlier(self.clock.now(), self.settings.life);
        match ledger.second_messages(alive, BATCH).await {
            Ok(sends) => self.tell_all(&sends, Verdict::Approved).await,
            Err(err) => debug!(error = %err, "second messages cannot be looked at"),
        }
        if !expired {
            return;
        }
        let over_at = earlier(self.clock.now(), LAST_EVENTS);
        match ledger.abandoned(&UntoldQuery { received_after: alive, over_at, limit: BATCH }).await {
            Ok(sends) => self.tell_all(&sends, Verdict::Canceled).await,
            Err(err) => debug!(error = %err, "abandoned sends cannot be looked at"),
        }
    }

    async fn tell_all(&self, sends: &[UntoldSend], verdict: Verdict) {
        let mut told: Vec<&str> = Vec::new();
        for send in sends {
            // Several codes may belong to one verification.
            if !told.contains(&send.provider_ref.as_str()) {
                told.push(&send.provider_ref);
                self.tell_of(send, verdict).await;
            }
        }
    }

    /// Tells a provider of one message, if nobody else is at it. What fails is found again in the next round, while it has a meaning.
    async fn tell_of(&self, send: &UntoldSend, verdict: Verdict) {
        let Some(provider) = self.providers.iter().find(|p| p.name() == send.provider && p.reports()) else {
            return;
        };
        let subject = format!("{}/{}", send.provider, send.provider_ref);
        let claim = if self.settings.alone {
            None
        } else {
            match self.books.claim(subject.clone()).await {
                Ok(ReportClaim::Granted { .. }) => Some(Claim { subject, lasting: true }),
                _ => return,
            }
        };
        let answer =
            provider.report(Subject::Reference(&send.provider_ref), verdict, self.settings.report).await;
        let (result, effect) = match &answer {
            Ok(_) => (Some(ReportResult::Reported), Effect::Had),
            Err(ReportError::Gone) => (Some(ReportResult::Expired), Effect::Had),
            Err(ReportError::Unsupported) => (Some(ReportResult::Unsupported), Effect::Had),
            Err(ReportError::Transient { doubtful: true }) => (None, Effect::Unknown),
            Err(_) => (None, Effect::None),
        };
        if let Some(result) = result {
            let report = FeedbackReported {
                event: EventId { org: send.org.clone(), uuid: send.event_uuid.clone().unwrap_or_default() },
                transaction: Some(send.transaction),
                phone_hmac: None,
                provider: send.provider.clone(),
                provider_ref: Some(send.provider_ref.clone()),
                verdict,
                result,
                matched_by: MatchedBy::Record,
                reported_at: self.clock.now(),
            };
            if let Err(err) = self.record(&[Fact::FeedbackReported(report)]).await {
                return debug!(error = %err, "a report is not on disk; it is found again");
            }
            metrics::counter!("ringback_feedback_total", "provider" => send.provider.clone(), "result" => result.as_str())
                .increment(1);
            info!(
                transaction = %send.transaction,
                provider = send.provider,
                verdict = verdict.as_str(),
                result = result.as_str(),
                "a provider is told of a message without an event of its own"
            );
        }
        if let Some(claim) = claim {
            self.unclaim(claim, effect).await;
        }
    }
}
