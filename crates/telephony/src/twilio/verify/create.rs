use std::sync::atomic::Ordering;

use otp::{AttemptOutcome, Channel};

use super::Verify;
use super::verification::Verification;
use crate::twilio::classify::classify;
use crate::twilio::error::TwilioError;
use crate::wire::{Exchange, Failure};
use crate::{AttemptReport, Budget, Hints, Outgoing, Remedy};

impl Verify {
    /// Starts a verification, or sends again for the one that is pending for this number.
    pub(super) async fn create(&self, message: &Outgoing, hints: Hints, budget: Budget) -> AttemptReport {
        let wanted = message.locale.as_deref().unwrap_or_default();
        let locale = if hints.without_locale { None } else { self.locales.choose(wanted) };
        let channel = match message.channel {
            Channel::Sms => "sms",
            Channel::Voice => "call",
        };
        let tags = serde_json::json!({ "transaction": message.transaction.to_string() }).to_string();
        let mut form = vec![("To", message.to.expose_e164()), ("Channel", channel)];
        form.extend(locale.map(|locale| ("Locale", locale)));
        form.extend([("CustomCode", message.code.expose()), ("Tags", &tags)]);

        let answer = match self.client.post(&self.verifications_path(), &form, budget).await {
            Ok(answer) => answer,
            Err(Failure::NotWritten(cause)) => {
                return AttemptReport::without_answer(AttemptOutcome::NotSent, cause);
            }
            Err(Failure::Doubtful(cause)) => {
                return AttemptReport::without_answer(AttemptOutcome::Ambiguous, cause);
            }
        };
        let mut report = read(&answer, locale.is_some());
        match (report.outcome, report.http_status) {
            (AttemptOutcome::Accepted, _) => {
                self.service_missing.store(false, Ordering::Relaxed);
                if let Some(locale) = hints.without_locale.then(|| self.locales.refuse(wanted)).flatten() {
                    tracing::warn!(
                        provider = self.name,
                        locale,
                        "Verify has no such locale: not asked for again"
                    );
                }
            }
            (AttemptOutcome::Misconfigured, Some(404)) if locale.is_none() => {
                self.service_missing.store(true, Ordering::Relaxed);
            }
            (AttemptOutcome::Misconfigured, Some(404)) if self.service_missing.load(Ordering::Relaxed) => {
                report.remedy = None;
            }
            _ => {}
        }
        report
    }
}

/// What an answer to a create means.
fn read(answer: &Exchange, with_locale: bool) -> AttemptReport {
    let (body, cause) = match &answer.body {
        Ok(body) => (body.as_slice(), None),
        Err(cause) => (&[][..], Some(*cause)),
    };
    let report = AttemptReport {
        http_status: Some(answer.status),
        retry_after: answer.retry_after,
        cause,
        ..AttemptReport::new(AttemptOutcome::Ambiguous)
    };
    if (200..300).contains(&answer.status) {
        let verification = Verification::read(body);
        let outcome = verification.outcome();
        let cause = cause.or((outcome == AttemptOutcome::Ambiguous).then_some("unreadable"));
        let (provider_ref, attempt_ref) = (verification.sid, verification.attempt_sid);
        return AttemptReport { outcome, provider_ref, attempt_ref, cause, ..report };
    }
    let error = TwilioError::read(body);
    let outcome = classify(answer.status, error.code, error.parameter.as_deref());
    let remedy = match outcome {
        AttemptOutcome::NotSent if answer.status == 429 => Some(Remedy::Later),
        // A 404 blames the service or the locale, and does not say which (Twilio docs: supported languages).
        AttemptOutcome::Misconfigured
            if with_locale && (answer.status == 404 || error.parameter.as_deref() == Some("locale")) =>
        {
            Some(Remedy::WithoutLocale)
        }
        _ => None,
    };
    AttemptReport { outcome, provider_code: error.code.map(|code| code.to_string()), remedy, ..report }
}
