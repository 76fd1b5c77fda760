use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::options::SetupError;
use crate::Budget;
use crate::wire::{self, Exchange, Failure};

/// How Twilio knows us: HTTP Basic, either way.
#[derive(Debug, Clone)]
pub enum Auth {
    /// The account's auth token.
    Token(SecretString),
    /// An API key, which can be revoked by itself.
    ApiKey {
        /// Its SID (`SK…`).
        key: String,
        /// Its secret.
        secret: SecretString,
    },
}

/// Twilio's HTTP: forms in, JSON out.
pub(crate) struct TwilioClient {
    http: Client,
    base: Url,
    user: String,
    secret: SecretString,
}

impl TwilioClient {
    pub(crate) fn new(account_sid: &str, auth: Auth, base: Url) -> Result<Self, SetupError> {
        let http = wire::client().map_err(|error| SetupError::Client(error.into()))?;
        let (user, secret) = match auth {
            Auth::Token(token) => (account_sid.to_owned(), token),
            Auth::ApiKey { key, secret } => (key, secret),
        };
        Ok(Self { http, base, user, secret })
    }

    /// Whether what is sent can be read on the way to another machine.
    pub(crate) fn is_in_the_clear(&self) -> bool {
        self.base.scheme() != "https"
    }

    /// Posts a form to `path`, which holds nothing but literals, checked SIDs and escaped numbers.
    pub(crate) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        budget: Budget,
    ) -> Result<Exchange, Failure> {
        self.exchange(Method::POST, path, encode(form), budget).await
    }

    /// Gets `path`.
    pub(crate) async fn get(&self, path: &str, budget: Budget) -> Result<Exchange, Failure> {
        self.exchange(Method::GET, path, Zeroizing::default(), budget).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Zeroizing<Vec<u8>>,
        budget: Budget,
    ) -> Result<Exchange, Failure> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let mut request = self
            .http
            .request(method, url)
            .basic_auth(&self.user, Some(self.secret.expose_secret()))
            .header("accept", "application/json");
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        wire::exchange(request, body, budget).await
    }
}

/// A form's bytes, in memory that is wiped: a code is among them. The room is enough for every form, so it is not copied to grow.
fn encode(form: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    let room = form.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut text = form_urlencoded::Serializer::new(String::with_capacity(room));
    Zeroizing::new(text.extend_pairs(form).finish().into_bytes())
}
