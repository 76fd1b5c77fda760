use reqwest::{Client, Method};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::Budget;
use crate::options::SetupError;
use crate::wire::{self, Exchange, Failure};

/// Telesign's HTTP: Basic with customer id and API key, JSON or forms in, JSON out. (Its digest would sign what TLS protects already.)
pub(super) struct Api {
    http: Client,
    base: Url,
    customer_id: String,
    api_key: SecretString,
}

/// A request's body.
pub(super) enum Body {
    Json(Zeroizing<Vec<u8>>),
    Form(Zeroizing<Vec<u8>>),
    /// None, for a request that has an effect all the same.
    Empty,
}

impl Api {
    pub(super) fn new(customer_id: String, api_key: SecretString, base: Url) -> Result<Self, SetupError> {
        let http = wire::client().map_err(|error| SetupError::Client(error.into()))?;
        Ok(Self { http, base, customer_id, api_key })
    }

    pub(super) fn is_in_the_clear(&self) -> bool {
        self.base.scheme() != "https"
    }

    pub(super) async fn post(&self, path: &str, body: Body, budget: Budget) -> Result<Exchange, Failure> {
        self.exchange(Method::POST, path, body, budget).await
    }

    pub(super) async fn put(&self, path: &str, budget: Budget) -> Result<Exchange, Failure> {
        self.exchange(Method::PUT, path, Body::Empty, budget).await
    }

    pub(super) async fn get(&self, path: &str, budget: Budget) -> Result<Exchange, Failure> {
        self.exchange(Method::GET, path, Body::Empty, budget).await
    }

    /// `path` holds nothing but literals and checked references.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Body,
        budget: Budget,
    ) -> Result<Exchange, Failure> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let (content_type, bytes) = match body {
            Body::Json(bytes) => (Some("application/json"), bytes),
            Body::Form(bytes) => (Some("application/x-www-form-urlencoded"), bytes),
            Body::Empty => (None, Zeroizing::default()),
        };
        let length = wire::empty_length(&method, &bytes);
        let mut request = self
            .http
            .request(method, url)
            .basic_auth(&self.customer_id, Some(self.api_key.expose_secret()))
            .header("accept", "application/json")
            .headers(length);
        request = match content_type {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        wire::exchange(request, bytes, budget).await
    }
}
