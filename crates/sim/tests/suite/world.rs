//! A simulator with a client that signs in.

use std::ops::Deref;

use http::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use sim::{Options, Sim};

pub(crate) const ANA: &str = "+12025550101";
pub(crate) const BOB: &str = "+12025550102";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A running simulator.
pub(crate) struct World {
    sim: Sim,
    pub(crate) client: Client,
}

impl Deref for World {
    type Target = Sim;

    fn deref(&self) -> &Sim {
        &self.sim
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let client =
            Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sim: Sim::start(options).await.unwrap(), client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url()))
    }

    /// A signed request below the Verify service.
    pub(crate) fn verify(&self, method: Method, path: &str) -> RequestBuilder {
        let account = self.twilio().account().clone();
        self.request(method, &format!("/v2/Services/{}{path}", account.service_sid))
            .basic_auth(account.account_sid, Some(account.auth_token))
    }

    /// Starts a verification.
    pub(crate) async fn start(&self, to: &str, channel: &str, code: &str) -> Answer {
        self.create(&[("To", to), ("Channel", channel), ("CustomCode", code)]).await
    }

    pub(crate) async fn create(&self, form: &[(&str, &str)]) -> Answer {
        answer(self.verify(Method::POST, "/Verifications").form(form)).await
    }

    pub(crate) async fn update(&self, target: &str, status: &str) -> Answer {
        let path = format!("/Verifications/{target}");
        answer(self.verify(Method::POST, &path).form(&[("Status", status)])).await
    }

    pub(crate) async fn fetch(&self, target: &str) -> Answer {
        answer(self.verify(Method::GET, &format!("/Verifications/{target}"))).await
    }

    pub(crate) async fn check(&self, to: &str, code: &str) -> Answer {
        answer(self.verify(Method::POST, "/VerificationCheck").form(&[("To", to), ("Code", code)])).await
    }

    pub(crate) async fn attempts(&self, query: &str) -> Answer {
        let account = self.twilio().account().clone();
        let request = self.request(Method::GET, &format!("/v2/Attempts{query}"));
        answer(request.basic_auth(account.account_sid, Some(account.auth_token))).await
    }

    /// A signed request below the Twilio account.
    pub(crate) fn account(&self, method: Method, path: &str) -> RequestBuilder {
        let account = self.twilio().account().clone();
        self.request(method, &format!("/2010-04-01/Accounts/{}{path}", account.account_sid))
            .basic_auth(account.account_sid, Some(account.auth_token))
    }

    /// Sends a message.
    pub(crate) async fn message(&self, form: &[(&str, &str)]) -> Answer {
        answer(self.account(Method::POST, "/Messages.json").form(form)).await
    }

    /// Makes a call.
    pub(crate) async fn call(&self, form: &[(&str, &str)]) -> Answer {
        answer(self.account(Method::POST, "/Calls.json").form(form)).await
    }

    pub(crate) async fn listed(&self, path: &str) -> Answer {
        answer(self.account(Method::GET, path)).await
    }

    /// A signed request to Telesign.
    pub(crate) fn telesign_request(&self, method: Method, path: &str) -> RequestBuilder {
        let account = self.telesign().account().clone();
        self.request(method, path).basic_auth(account.customer_id, Some(account.api_key))
    }

    /// Sends something through Telesign's omnichannel.
    pub(crate) async fn omnichannel(&self, document: &Value) -> Answer {
        answer(self.telesign_request(Method::POST, "/v1/omnichannel").json(document)).await
    }

    /// A signed request to Okta's API.
    pub(crate) async fn okta_get(&self, path: &str) -> Answer {
        let token = format!("SSWS {}", self.okta().org().api_token);
        answer(self.request(Method::GET, path).header("authorization", token)).await
    }

    pub(crate) async fn stop(self) {
        self.sim.shutdown().await;
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: u64) {
        assert_eq!((self.status, self.body["code"].as_u64()), (status, Some(code)), "{self:?}");
        assert_eq!(self.body["status"], status);
    }

    /// Telesign's code, and the HTTP status it came under.
    #[track_caller]
    pub(crate) fn is_telesign(&self, status: u16, code: i64) {
        assert_eq!((self.status, self.body["status"]["code"].as_i64()), (status, Some(code)), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_else(|| panic!("no {key} in {self:?}")).to_owned()
    }
}
