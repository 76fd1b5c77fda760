use std::sync::atomic::Ordering;

use otp::{AttemptOutcome, Channel};

use super::Verify;
use super::verification::Verification;
use crate::twilio::classify::{classify, scope};
use crate::twilio::error::TwilioError;
use crate::wire::Exchange;
use crate::{AttemptReport, Budget, Full, Hints, Outgoing, Remedy, Scope};

/// With the fifth send in its ten minutes a verification is full, …
const MOST_SENDS: usize = 4;
/// … and this is said to every further one (Twilio docs: error 60203).
const TOO_MANY_SENDS: &str = "60203";

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
        if let (Some(hash), Channel::Sms) = (&self.app_hash, message.channel) {
            form.push(("AppHash", hash));
        }

        let answer = match self.client.post(&self.verifications_path(), &form, budget).await {
            Ok(answer) => answer,
            Err(failure) => return failure.into(),
        };
        let mut report = read(&answer, locale.is_some());
        match (report.outcome, report.http_status) {
            (AttemptOutcome::Accepted, _) => {
                self.service_missing.store(false, Ordering::Relaxed);
                self.proven.store(true, Ordering::Relaxed);
                let sends = answer.body.as_deref().map_or(0, |body| Verification::read(body).sends);
                if let (Some(capped), Some(sid), true) =
                    (&self.capped, &report.provider_ref, sends >= MOST_SENDS)
                {
                    capped.note(&message.to, Full::Reference(sid.clone()));
                }
            }
            (AttemptOutcome::RejectedLimit, _) if report.provider_code.as_deref() == Some(TOO_MANY_SENDS) => {
                // Refused all the same, and not argued with: the user's next code finds room.
                if let Some(capped) = &self.capped {
                    capped.note(&message.to, Full::Number);
                }
            }
            // The service itself: no locale was at fault.
            (AttemptOutcome::Misconfigured, Some(404)) if locale.is_none() => {
                self.service_missing.store(true, Ordering::Relaxed);
                self.locales.forgive();
            }
            (AttemptOutcome::Misconfigured, Some(404)) if self.service_missing.load(Ordering::Relaxed) => {
                report.remedy = None;
            }
            // The next call goes without it, whoever makes it, and shows which of the two it was.
            (AttemptOutcome::Misconfigured, _) if report.remedy == Some(Remedy::WithoutLocale) => {
                // A service that has sent before is there; of one that has not, the 404 is taken at its word.
                if self.proven.load(Ordering::Relaxed) {
                    report.scope = Scope::Message;
                }
                if let Some(locale) = self.locales.refuse(wanted) {
                    tracing::warn!(
                        provider = self.name,
                        locale,
                        "Verify has no such service or no such locale: the locale is not asked for again"
                    );
                }
            }
            _ => {}
        }
        report
    }
}

/// What an answer to a create means.
fn read(answer: &Exchange, with_locale: bool) -> AttemptReport {
    let (body, report) = answer.open();
    if (200..300).contains(&answer.status) {
        let verification = Verification::read(body);
        let outcome = verification.outcome();
        let cause = report.cause.or((outcome == AttemptOutcome::Ambiguous).then_some("unreadable"));
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
    let scope = scope(answer.status, error.code);
    AttemptReport { outcome, provider_code: error.code.map(|code| code.to_string()), scope, remedy, ..report }
}
