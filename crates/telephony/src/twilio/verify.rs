//! Twilio Verify v2 as a provider: it words and routes the message itself, and takes our code as `CustomCode`.

mod approve;
mod create;
mod service;
mod verification;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use otp::{PhoneNumber, Verdict};
use url::Url;

use super::client::{Auth, TwilioClient};
pub use super::locale::DEFAULT_LOCALES;
use super::locale::{Locales, is_locale};
use super::options::{Checks, SetupError};
use super::sid::is_sid;
use crate::{
    AttemptReport, BoxFuture, Budget, Finding, Hints, Outgoing, Provider, ReportError, Reported, Subject,
};

/// Where Verify lives. It has no other region (Twilio docs: regional product availability).
pub const BASE_URL: &str = "https://verify.twilio.com";

/// A Verify provider's settings.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The provider's name in the configuration and in the books.
    pub name: String,
    /// `AC…`.
    pub account_sid: String,
    /// The account's token or an API key.
    pub auth: Auth,
    /// `VA…`; the service must have custom codes enabled.
    pub service_sid: String,
    /// [`BASE_URL`], or a simulator.
    pub base_url: Url,
    /// The locales the service has; see [`DEFAULT_LOCALES`].
    pub locales: Vec<String>,
}

/// Twilio Verify.
pub struct Verify {
    name: String,
    service_sid: String,
    client: TwilioClient,
    locales: Locales,
    /// A 404 came without a locale too, so the service is at fault, and trying once more without one would be in vain.
    service_missing: AtomicBool,
}

impl Verify {
    /// Checks the settings and sets the provider up. Talks to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] with every setting that is wrong.
    pub fn new(options: VerifyOptions) -> Result<Self, SetupError> {
        let VerifyOptions { name, account_sid, auth, service_sid, base_url, locales } = options;
        let mut checks = Checks::default();
        checks.account(&account_sid, &auth, &base_url);
        checks.that(is_sid("VA", &service_sid), "service_sid", "is not VA and 32 hex digits");
        checks.that(locales.iter().all(|l| is_locale(l)), "locales", "has one that is no locale");
        checks.done()?;
        let client = TwilioClient::new(&account_sid, auth, base_url)?;
        let locales = Locales::new(locales);
        Ok(Self { name, service_sid, client, locales, service_missing: AtomicBool::new(false) })
    }

    fn service_path(&self) -> String {
        format!("/v2/Services/{}", self.service_sid)
    }

    fn verifications_path(&self) -> String {
        format!("{}/Verifications", self.service_path())
    }
}

/// A number as one segment of a path: its `+` escaped, the rest is digits.
fn segment(phone: &PhoneNumber) -> String {
    phone.expose_e164().replace('+', "%2B")
}

impl Provider for Verify {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "twilio-verify"
    }

    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport> {
        Box::pin(self.create(message, hints, budget))
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
        Box::pin(self.update(subject, verdict, timeout))
    }

    fn open<'a>(
        &'a self,
        phone: &'a PhoneNumber,
        before: Timestamp,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<String, ReportError>> {
        Box::pin(self.fetch(phone, before, timeout))
    }

    fn check(&self, timeout: Duration) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(self.look_at_service(timeout))
    }
}
