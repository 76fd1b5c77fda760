//! Calls as Okta makes them, and as others do.

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

/// What opens both hooks.
pub const SECRET: &str = "black-box-hook-secret-of-forty-characters";

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Content-Type`, or nothing.
    pub content_type: String,
    /// The body.
    pub text: String,
}

impl Reply {
    /// Sends a request and reads the answer.
    pub async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let content_type = answer.headers().get("content-type").map(|it| it.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        Self { status, content_type: content_type.unwrap_or_default(), text }
    }

    /// The body, which must be JSON and say so.
    pub fn json(&self) -> Value {
        assert_eq!(self.content_type, "application/json", "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|err| panic!("{err}: {self:?}"))
    }
}

/// A client that follows nothing and goes through nobody.
pub fn client() -> Client {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
