use std::time::Duration;

use crate::json::{self, Json};

/// Why a question to Okta has no answer. The variant says what to do; no text holds a URL, a user or a number.
#[derive(Debug, thiserror::Error)]
pub enum OktaError {
    /// There is no such user: nothing more to do.
    #[error("Okta knows no such user")]
    NoUser,
    /// Wait so long, then ask again; the same wait is in [`crate::OktaClient::pause`].
    #[error("Okta's rate limit is used up for {} ms", wait.as_millis())]
    RateLimited {
        /// Until the limit is renewed, by Okta's own clock.
        wait: Duration,
    },
    /// Stop asking and tell somebody: the token is wrong or may not, or the base URL is not the org's.
    #[error("Okta refuses with status {status}: check api_token and base_url")]
    Refused {
        /// Okta's status.
        status: u16,
    },
    /// Try again later.
    #[error("Okta did not answer this time")]
    Transient(#[from] Transient),
    /// Not what Okta documents; trying again seldom helps.
    #[error("{what} of Okta's answer is not as documented")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
}

/// Why it did not work this time.
#[derive(Debug, thiserror::Error)]
pub enum Transient {
    /// A 5xx.
    #[error("status {0}")]
    Status(u16),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout(#[source] reqwest::Error),
    /// No connection.
    #[error("no connection")]
    Connect(#[source] reqwest::Error),
    /// The connection broke, or what came is no HTTP.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not an `https` or `http` URL with a host.
    #[error("base_url is no https URL of an Okta org")]
    BaseUrl,
    /// Characters that no header may hold.
    #[error("api_token holds characters that no token has")]
    Token,
    /// TLS could not be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl From<reqwest::Error> for OktaError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        Self::Transient(match () {
            // A connection that takes too long is both.
            () if error.is_connect() => Transient::Connect(error),
            () if error.is_timeout() => Transient::Timeout(error),
            () => Transient::Broken(error),
        })
    }
}

/// Whether a body is one of Okta's error objects, and not the page of some other server.
pub(super) fn is_oktas(body: &[u8]) -> bool {
    Json::parse(&json::text(body)).is_ok_and(|error| error.get("errorCode").text().is_some())
}
