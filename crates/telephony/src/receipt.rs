use http::HeaderMap;
use jiff::Timestamp;
use otp::TransactionId;

/// A request that claims to come from a provider, as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Callback<'a> {
    /// The URL the provider called: our public address with the request's path and query as they came. `None` where nobody configured
    /// that address: the Host header is the caller's to choose, so nothing is checked against it.
    pub url: Option<&'a str>,
    /// Its header.
    pub headers: &'a HeaderMap,
    /// Its body, byte by byte.
    pub body: &'a [u8],
}

/// What a provider says became of a message that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction, where the provider repeats what it was given as such.
    pub transaction: Option<TransactionId>,
    /// The reference it gave when it took the message.
    pub provider_ref: Option<String>,
    /// Its reference of the attempt.
    pub attempt_ref: Option<String>,
    /// The provider's word, in lower case (`delivered`, `undelivered`, …).
    pub status: String,
    /// Its code of what went wrong.
    pub error_code: Option<String>,
    /// When it happened, as it says.
    pub reported_at: Option<Timestamp>,
}

/// Why a callback is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It is not signed, or by somebody else.
    #[error("the signature is missing or wrong")]
    Unauthenticated,
    /// It is signed, but nobody here understands it.
    #[error("the callback is signed but cannot be read")]
    Unreadable,
    /// We lack what is needed to check it: an auth token, or our public address.
    #[error("{0} is not configured, so no signature can be checked")]
    Unchecked(&'static str),
    /// This provider sends none.
    #[error("the provider sends no callbacks")]
    Unsupported,
}
