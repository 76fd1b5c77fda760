//! Telesign: SMS with our text through one of three products, calls by its voice template, completion reports.
//!
//! What an answer means is told by `status.code` in it, never by the HTTP status: a product that is not enabled comes as a 429.

mod api;
mod callback;
mod classify;
mod completion;
mod look;
mod message;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use otp::{AttemptOutcome, Channel, Verdict};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use self::api::Api;
use crate::options::{Checks, SetupError};
use crate::{
    AttemptReport, BoxFuture, Budget, Callback, CallbackError, Finding, Hints, Outgoing, Provider, Receipt,
    ReportError, Reported, Subject, Wording,
};

/// Where the full-service API lives.
pub const BASE_URL: &str = "https://rest-ww.telesign.com";

/// What SMS go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// `/v1/omnichannel`: SMS and voice. It takes no completion reports.
    Omnichannel,
    /// `/v1/verify/sms`: SMS with our code, and completion reports.
    SmsVerify,
    /// `/v1/messaging`: SMS with our text, and completion reports.
    Messaging,
}

/// A Telesign provider's settings.
#[derive(Clone)]
pub struct TelesignOptions {
    /// The provider's name in the configuration and in the books.
    pub name: String,
    /// The customer id.
    pub customer_id: String,
    /// The API key, in base64 as Telesign shows it.
    pub api_key: SecretString,
    /// What SMS go through.
    pub product: Product,
    /// What the message is to come from.
    pub sender_id: Option<String>,
    /// [`BASE_URL`], or a simulator.
    pub base_url: Url,
    /// What messages say.
    pub wording: Arc<Wording>,
    /// Where Telesign is to post what became of a message; it must have callbacks enabled for the account.
    pub callback_url: Option<Url>,
}

/// Telesign.
pub struct Telesign {
    name: String,
    customer_id: String,
    api_key: SecretString,
    api: Api,
    product: Product,
    sender_id: Option<String>,
    wording: Arc<Wording>,
    callback_url: Option<String>,
}

impl Telesign {
    /// Checks the settings and sets the provider up. Talks to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] with every setting that is wrong.
    pub fn new(options: TelesignOptions) -> Result<Self, SetupError> {
        let mut checks = Checks::default();
        let id = &options.customer_id;
        let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        checks.that(plain, "customer_id", "is not letters, digits and dashes");
        let key = options.api_key.expose_secret();
        checks.that(!key.trim().is_empty(), "api_key", "is empty");
        checks.base_url(&options.base_url);
        checks.done()?;
        let api = Api::new(options.customer_id.clone(), options.api_key.clone(), options.base_url)?;
        Ok(Self {
            name: options.name,
            customer_id: options.customer_id,
            api_key: options.api_key,
            api,
            product: options.product,
            sender_id: options.sender_id,
            wording: options.wording,
            callback_url: options.callback_url.map(Into::into),
        })
    }

    async fn dispatch(&self, message: &Outgoing, budget: Budget) -> AttemptReport {
        let (path, body) = match self.product {
            Product::Omnichannel => ("/v1/omnichannel", Some(self.omnichannel(message))),
            Product::SmsVerify => ("/v1/verify/sms", self.sms_verify(message)),
            Product::Messaging => ("/v1/messaging", Some(self.messaging(message))),
        };
        let Some(body) = body else {
            let report = AttemptReport::without_answer(AttemptOutcome::NotSent, "code_too_long");
            return AttemptReport { scope: crate::Scope::Message, ..report };
        };
        match self.api.post(path, body, budget).await {
            Ok(answer) => classify::read(&answer),
            Err(failure) => failure.into(),
        }
    }
}

impl Provider for Telesign {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "telesign"
    }

    fn carries(&self, channel: Channel) -> bool {
        match channel {
            Channel::Sms => true,
            Channel::Voice => self.product == Product::Omnichannel,
        }
    }

    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        _hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport> {
        Box::pin(self.dispatch(message, budget))
    }

    fn reports(&self) -> bool {
        self.product != Product::Omnichannel
    }

    fn report<'a>(
        &'a self,
        subject: Subject<'a>,
        verdict: Verdict,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reported, ReportError>> {
        Box::pin(self.complete(subject, verdict, timeout))
    }

    fn signs_with(&self) -> &'static [&'static str] {
        &["authorization", "x-ts-authorization"]
    }

    fn receipts(&self, callback: &Callback<'_>) -> Result<Vec<Receipt>, CallbackError> {
        callback::receipts(callback, &self.customer_id, &self.api_key)
    }

    fn check(&self, timeout: Duration) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(self.look_at_account(timeout))
    }
}
