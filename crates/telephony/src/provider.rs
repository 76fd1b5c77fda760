use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use otp::{PhoneNumber, Verdict};

use crate::{AttemptReport, Budget, Finding, Outgoing, ReportError, Reported, Subject};

/// A future that may be sent between threads, as trait objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is done differently this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// Leave the user's locale out ([`Remedy::WithoutLocale`](crate::Remedy::WithoutLocale)).
    pub without_locale: bool,
}

/// Somebody who delivers codes.
///
/// One call to [`send`](Provider::send) is one request that may have an effect, never more: repeating is the dispatcher's business.
pub trait Provider: Send + Sync {
    /// Its name in the configuration and in the books.
    fn name(&self) -> &str;

    /// Its kind in the configuration, such as `twilio-verify`.
    fn kind(&self) -> &'static str;

    /// Sends the code, once, within the budget.
    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport>;

    /// Whether it takes reports at all.
    fn reports(&self) -> bool;

    /// Tells it how a code it sent ended.
    fn report<'a>(
        &'a self,
        subject: Subject<'a>,
        verdict: Verdict,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reported, ReportError>>;

    /// Its reference of the verification of `phone` that is open and was made by `before`; [`ReportError::Gone`] where there is none.
    fn open<'a>(
        &'a self,
        phone: &'a PhoneNumber,
        before: Timestamp,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<String, ReportError>> {
        let _ = (phone, before, timeout);
        Box::pin(std::future::ready(Err(ReportError::Unsupported)))
    }

    /// Asks it whether it would send, without sending anything: credentials and settings. For people.
    fn check(&self, timeout: Duration) -> BoxFuture<'_, Vec<Finding>>;
}
