use std::sync::Arc;
use std::time::Duration;

use super::key::KeyError;
use crate::json::{self, Json};

/// Why a question to Okta has no answer. The variant says what to do; no text holds a URL, a user or a number.
#[derive(Debug, thiserror::Error)]
pub enum OktaError {
    /// There is no such user: nothing more to do.
    #[error("Okta knows no such user")]
    NoUser,
    /// There is no such thing.
    #[error("Okta knows no such thing")]
    NotFound,
    /// This one thing is not shown to us, others are: nothing more to do.
    #[error("Okta does not show this to our credential")]
    Hidden,
    /// Wait so long, then ask again. Nothing may have been asked at all.
    #[error("Okta's rate limit is used up for {} ms", wait.as_millis())]
    RateLimited {
        /// Until the limit is renewed, by Okta's own clock.
        wait: Duration,
    },
    /// Stop asking and tell somebody. From now on everything is [`OktaError::Paused`], until [`crate::OktaClient::probe`] finds it mended.
    #[error("{why}")]
    Refused {
        /// What is wrong.
        why: Refusal,
        /// Nobody has been told so yet.
        news: bool,
    },
    /// Not asked: Okta refused lately, and nobody has mended it yet.
    #[error("{why}")]
    Paused {
        /// What is wrong.
        why: Refusal,
        /// Until it is tried again.
        wait: Duration,
    },
    /// Okta does not like what was asked.
    #[error("Okta answers {code} (status {status}): {summary}")]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// Okta's code, `E…`.
        code: String,
        /// Okta's own words.
        summary: String,
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

/// What a person has to mend before Okta answers again. It says so in plain words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token is wrong, expired or revoked.
    #[error(
        "Okta does not know our credential (401): make a new API token, or look at the service app's state"
    )]
    Unauthorized,
    /// It is known and may not.
    #[error(
        "Okta knows our credential, but it may not read {what} (403): give its admin role that permission, or the service app the scope {scope}"
    )]
    Forbidden {
        /// What it may not see.
        what: &'static str,
        /// The scope for that.
        scope: &'static str,
    },
    /// The token endpoint gives no token.
    #[error(
        "Okta's token endpoint refuses us ({code}): check client_id, private_key and private_key_id, and that the app is granted the scopes"
    )]
    Token {
        /// OAuth's or Okta's code.
        code: String,
    },
    /// It is not Okta that answers there.
    #[error("something else than Okta's API answers at base_url (status {status}): check base_url")]
    Address {
        /// What it said.
        status: u16,
    },
}

impl Refusal {
    /// Every reason that Okta is not asked for, in a word.
    pub const REASONS: [&'static str; 4] = ["unauthorized", "forbidden", "token", "address"];

    /// In a word, for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::Token { .. } => "token",
            Self::Address { .. } => "address",
        }
    }

    /// Whether it stands in the way of everything, not only of what was asked.
    pub(super) fn is_of_all(&self) -> bool {
        !matches!(self, Self::Forbidden { .. })
    }
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
    /// The token endpoint did not answer; many may wait for the same token.
    #[error("no access token: {0}")]
    Token(#[source] Arc<Transient>),
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
    /// There is no key for proofs.
    #[error("no key can be made")]
    Key(#[from] KeyError),
    /// TLS could not be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl From<reqwest::Error> for Transient {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match () {
            // A connection that takes too long is both.
            () if error.is_connect() => Self::Connect(error),
            () if error.is_timeout() => Self::Timeout(error),
            () => Self::Broken(error),
        }
    }
}

impl From<reqwest::Error> for OktaError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transient(error.into())
    }
}

/// Okta's code and words of one of its error objects; `None` for the page of some other server.
pub(super) fn oktas(body: &[u8]) -> Option<(String, String)> {
    let text = json::text(body);
    let error = Json::parse(&text).ok()?;
    let code: String =
        error.get("errorCode").text()?.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let said = |json: &Json<'_>| json.get("errorSummary").text().map(|words| words.into_owned());
    let causes = error.get("errorCauses").each().iter().filter_map(said);
    let all: Vec<String> = said(&error).into_iter().chain(causes).collect();
    // Somebody else's text, shown to a person.
    let plain = all.join("; ").chars().filter(|c| !c.is_control()).take(300).collect();
    Some((code, plain))
}
