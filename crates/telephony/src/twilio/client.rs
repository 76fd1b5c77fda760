use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::Budget;
use crate::options::SetupError;
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
        self.exchange(Method::POST, self.url(path), wire::form(form), budget).await
    }

    /// Gets `path`.
    pub(crate) async fn get(&self, path: &str, budget: Budget) -> Result<Exchange, Failure> {
        self.get_where(path, &[], budget).await
    }

    /// Gets what `query` asks for at `path`.
    pub(crate) async fn get_where(
        &self,
        path: &str,
        query: &[(&str, &str)],
        budget: Budget,
    ) -> Result<Exchange, Failure> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.exchange(Method::GET, url, Zeroizing::default(), budget).await
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    async fn exchange(
        &self,
        method: Method,
        url: Url,
        body: Zeroizing<Vec<u8>>,
        budget: Budget,
    ) -> Result<Exchange, Failure> {
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
