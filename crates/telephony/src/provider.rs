use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use otp::{Channel, PhoneNumber, Verdict};

use crate::{
    AttemptReport, Budget, Callback, CallbackError, Finding, Found, Outgoing, Receipt, ReportError, Reported,
    Sought, Subject,
};

/// A future that may be sent between threads, as trait objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is done differently this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// Leave the user's locale out ([`Remedy::WithoutLocale`](crate::Remedy::WithoutLocale)).
    pub without_locale: bool,
}

/// A verification that leaves no room for another send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Full {
    /// By the provider's reference.
    Reference(String),
    /// The one of the number, whichever it is.
    Number,
}

/// Somebody who delivers codes.
///
/// One call to [`send`](Provider::send) is one request that may have an effect, never more: repeating is the dispatcher's business.
pub trait Provider: Send + Sync {
    /// Its name in the configuration and in the books.
    fn name(&self) -> &str;

    /// Its kind in the configuration, such as `twilio-verify`.
    fn kind(&self) -> &'static str;

    /// Whether it can send by this channel at all.
    fn carries(&self, channel: Channel) -> bool;

    /// Sends the code, once, within the budget.
    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport>;

    /// What is to be cancelled before `to` is sent another code, because it has had nearly all the sends it may have. Said once.
    fn full(&self, _to: &PhoneNumber) -> Option<Full> {
        None
    }

    /// Whether it takes reports at all.
    fn reports(&self) -> bool;

    /// Whether it takes reports about a number, where no reference is known.
    fn reports_by_number(&self) -> bool {
        false
    }

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

    /// Looks up whether it took a message of which nobody knows. It changes nothing.
    fn find<'a>(
        &'a self,
        sought: Sought<'a>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Found, ReportError>> {
        let _ = (sought, timeout);
        Box::pin(std::future::ready(Ok(Found::Unknown)))
    }

    /// The header that signs its callbacks; empty where it makes none. A request without any of them need not be read.
    fn signs_with(&self) -> &'static [&'static str] {
        &[]
    }

    /// Reads a callback of this provider's, once its signature is found to be right. One request may hold several receipts, or none
    /// that matters.
    ///
    /// # Errors
    /// [`CallbackError`] when it is not taken.
    fn receipts(&self, callback: &Callback<'_>) -> Result<Vec<Receipt>, CallbackError> {
        let _ = callback;
        Err(CallbackError::Unsupported)
    }

    /// Asks it whether it would send, without sending anything: credentials and settings. For people.
    fn check(&self, timeout: Duration) -> BoxFuture<'_, Vec<Finding>>;
}
