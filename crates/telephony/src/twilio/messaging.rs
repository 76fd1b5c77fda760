//! Twilio Programmable Messaging (SMS) and Programmable Voice (calls) as one provider: the text and the speech are ours.

mod call;
mod feedback;
mod find;
mod look;
mod resource;
mod sms;

use std::sync::Arc;
use std::time::Duration;

use otp::{AttemptOutcome, Channel, TransactionId, Verdict};
use secrecy::SecretString;
use url::Url;

use super::callback;
use super::classify::{classify, scope};
use super::client::{Auth, TwilioClient};
use super::error::TwilioError;
use super::options::check_account;
use super::sid::is_sid;
use crate::options::{Checks, SetupError};
use crate::wire::Exchange;
use crate::{
    AttemptReport, BoxFuture, Budget, Callback, CallbackError, Finding, Found, Hints, Outgoing, Provider,
    Receipt, Remedy, ReportError, Reported, Sought, Subject, Wording,
};

/// Where both products live.
pub const BASE_URL: &str = "https://api.twilio.com";

/// A messaging provider's settings.
#[derive(Clone)]
pub struct MessagingOptions {
    /// The provider's name in the configuration and in the books.
    pub name: String,
    /// `AC…`.
    pub account_sid: String,
    /// The account's token or an API key.
    pub auth: Auth,
    /// Our number (or sender id), in E.164. Calls need it.
    pub from: Option<String>,
    /// `MG…`: the service that picks a number for each SMS.
    pub messaging_service_sid: Option<String>,
    /// [`BASE_URL`], or a simulator.
    pub base_url: Url,
    /// What messages say.
    pub wording: Arc<Wording>,
    /// Where Twilio is to post what became of a message.
    pub status_callback: Option<Url>,
    /// The account's auth token, which signs those posts; without it none is taken.
    pub signing_token: Option<SecretString>,
}

/// Twilio Programmable Messaging and Voice.
pub struct Messaging {
    name: String,
    account_sid: String,
    client: TwilioClient,
    from: Option<String>,
    messaging_service_sid: Option<String>,
    wording: Arc<Wording>,
    status_callback: Option<Url>,
    signing_token: Option<SecretString>,
}

impl Messaging {
    /// Checks the settings and sets the provider up. Talks to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] with every setting that is wrong.
    pub fn new(options: MessagingOptions) -> Result<Self, SetupError> {
        let mut checks = Checks::default();
        check_account(&mut checks, &options.account_sid, &options.auth, &options.base_url);
        let service = options.messaging_service_sid.as_deref();
        checks.that(
            options.from.is_some() || service.is_some(),
            "from",
            "is missing: give from, messaging_service_sid, or both",
        );
        checks.that(
            options.from.as_deref().is_none_or(is_sender),
            "from",
            "is no number (+…) and no sender id",
        );
        checks.that(
            service.is_none_or(|sid| is_sid("MG", sid)),
            "messaging_service_sid",
            "is not MG and 32 hex digits",
        );
        checks.done()?;
        let client = TwilioClient::new(&options.account_sid, options.auth, options.base_url)?;
        Ok(Self {
            name: options.name,
            account_sid: options.account_sid,
            client,
            from: options.from,
            messaging_service_sid: options.messaging_service_sid,
            wording: options.wording,
            status_callback: options.status_callback,
            signing_token: options.signing_token,
        })
    }

    /// The number that calls come from.
    fn caller(&self) -> Option<&str> {
        self.from.as_deref().filter(|from| from.starts_with('+'))
    }

    fn path(&self, resource: &str) -> String {
        format!("/2010-04-01/Accounts/{}/{resource}.json", self.account_sid)
    }

    /// Where this message's status goes. The callback itself repeats nothing of ours, so the URL does.
    fn status_callback(&self, transaction: TransactionId) -> Option<String> {
        let mut url = self.status_callback.clone()?;
        url.query_pairs_mut().append_pair(callback::TRANSACTION, &transaction.to_string());
        Some(url.into())
    }

    /// Creates a message or a call.
    async fn create(&self, resource: &str, form: &[(&str, &str)], budget: Budget) -> AttemptReport {
        match self.client.post(&self.path(resource), form, budget).await {
            Ok(answer) => read(&answer),
            Err(failure) => failure.into(),
        }
    }
}

/// A number, or what some countries show instead of one: up to 11 letters, digits and spaces, with a letter among them, or a short code.
fn is_sender(text: &str) -> bool {
    let number = |digits: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    match text.strip_prefix('+') {
        Some(digits) => number(digits, 7..=15),
        None => {
            number(text, 3..=8)
                || (1..=11).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
                    && text.bytes().any(|b| b.is_ascii_alphabetic())
        }
    }
}

/// What an answer to a create means.
fn read(answer: &Exchange) -> AttemptReport {
    let (body, report) = answer.open();
    if (200..300).contains(&answer.status) {
        let resource = resource::Resource::read(body);
        let outcome = resource.outcome();
        let cause = report.cause.or((outcome == AttemptOutcome::Ambiguous).then_some("unreadable"));
        return AttemptReport {
            outcome,
            provider_code: resource.error_code,
            provider_ref: resource.sid,
            cause,
            ..report
        };
    }
    let error = TwilioError::read(body);
    let outcome = classify(answer.status, error.code, error.parameter.as_deref());
    let remedy = (outcome == AttemptOutcome::NotSent && answer.status == 429).then_some(Remedy::Later);
    let scope = scope(answer.status, error.code);
    AttemptReport { outcome, provider_code: error.code.map(|code| code.to_string()), scope, remedy, ..report }
}

impl Provider for Messaging {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "twilio-messaging"
    }

    fn carries(&self, channel: Channel) -> bool {
        match channel {
            Channel::Sms => true,
            Channel::Voice => self.caller().is_some(),
        }
    }

    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        _hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport> {
        match message.channel {
            Channel::Sms => Box::pin(self.text(message, budget)),
            Channel::Voice => Box::pin(self.call(message, budget)),
        }
    }

    fn reports(&self) -> bool {
        true
    }

    fn report<'a>(
        &'a self,
        subject: Subject<'a>,
        verdict: Verdict,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reported, ReportError>> {
        Box::pin(self.feed_back(subject, verdict, timeout))
    }

    fn find<'a>(
        &'a self,
        sought: Sought<'a>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Found, ReportError>> {
        Box::pin(self.look_for(sought, timeout))
    }

    fn signs_with(&self) -> &'static [&'static str] {
        &["x-twilio-signature"]
    }

    fn receipts(&self, callback: &Callback<'_>) -> Result<Vec<Receipt>, CallbackError> {
        callback::receipts(callback, self.signing_token.as_ref())
    }

    fn check(&self, timeout: Duration) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(self.look_at_account(timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::is_sender;

    #[test]
    fn senders() {
        for fine in ["+15555550199", "55555", "Ringback", "My Bank 24"] {
            assert!(is_sender(fine), "{fine}");
        }
        for wrong in ["", "+", "+1555a", "123456789", "Far too long a name", "Bank!", "+123456789012345678"] {
            assert!(!is_sender(wrong), "{wrong}");
        }
    }
}
