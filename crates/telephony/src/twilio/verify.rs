//! Twilio Verify v2 as a provider: it words and routes the message itself, and takes our code as `CustomCode`.

mod approve;
mod capped;
mod create;
mod find;
mod service;
mod verification;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use otp::{Channel, PhoneNumber, Verdict};
use secrecy::SecretString;
use url::Url;

use self::capped::Capped;
use super::callback;
use super::client::{Auth, TwilioClient};
pub use super::locale::DEFAULT_LOCALES;
use super::locale::{Locales, is_locale};
use super::options::check_account;
use super::sid::is_sid;
use crate::options::{Checks, SetupError};
use crate::{
    AttemptReport, BoxFuture, Budget, Callback, CallbackError, Finding, Found, Full, Hints, Outgoing,
    Provider, Receipt, ReportError, Reported, Sought, Subject,
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
    /// The account's auth token, which signs what Twilio's event streams send; without it none of that is taken.
    pub signing_token: Option<SecretString>,
    /// The Android app's hash, for texts that it may read by itself.
    pub app_hash: Option<String>,
    /// A verification is cancelled before it would leave no room for another send.
    pub cancel_at_cap: bool,
}

/// Twilio Verify.
pub struct Verify {
    name: String,
    service_sid: String,
    client: TwilioClient,
    locales: Locales,
    signing_token: Option<SecretString>,
    app_hash: Option<String>,
    /// Those that leave no room for another send, where they are to be cancelled.
    capped: Option<Capped>,
    /// A 404 came without a locale too, so the service is at fault, and trying once more without one would be in vain.
    service_missing: AtomicBool,
    /// It has sent something.
    proven: AtomicBool,
}

impl Verify {
    /// Checks the settings and sets the provider up. Talks to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] with every setting that is wrong.
    pub fn new(options: VerifyOptions) -> Result<Self, SetupError> {
        let VerifyOptions {
            name,
            account_sid,
            auth,
            service_sid,
            base_url,
            locales,
            signing_token,
            app_hash,
            cancel_at_cap,
        } = options;
        let mut checks = Checks::default();
        check_account(&mut checks, &account_sid, &auth, &base_url);
        checks.that(is_sid("VA", &service_sid), "service_sid", "is not VA and 32 hex digits");
        checks.that(locales.iter().all(|l| is_locale(l)), "locales", "has one that is no locale");
        checks.done()?;
        let client = TwilioClient::new(&account_sid, auth, base_url)?;
        let locales = Locales::new(locales);
        Ok(Self {
            name,
            service_sid,
            client,
            locales,
            signing_token,
            app_hash,
            capped: cancel_at_cap.then(Capped::default),
            service_missing: AtomicBool::new(false),
            proven: AtomicBool::new(false),
        })
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

    fn carries(&self, channel: Channel) -> bool {
        matches!(channel, Channel::Sms | Channel::Voice)
    }

    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport> {
        Box::pin(self.create(message, hints, budget))
    }

    fn full(&self, to: &PhoneNumber) -> Option<Full> {
        self.capped.as_ref()?.take(to)
    }

    fn reports(&self) -> bool {
        true
    }

    fn reports_by_number(&self) -> bool {
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
        Box::pin(self.look_at_service(timeout))
    }
}
