//! The sample that Twilio published for Okta's telephony hook and event hook ("How to bring your own telephony to Okta with Twilio
//! Verify", May 2024), line by line: the first event of a delivery only, the profile's mobile phone, approval by number, no memory and
//! no second try.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use reqwest::Client;
use serde_json::{Value, json};
use sim::Sim;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::world::ORGS;

/// It, running.
pub(crate) struct Sample {
    url: String,
    server: JoinHandle<()>,
}

struct Function {
    http: Client,
    /// Verify's service, with what opens it.
    verifications: String,
    account: (String, String),
    /// By org: base URL and token.
    okta: Vec<(String, String)>,
    feedback: bool,
}

impl Sample {
    pub(crate) async fn start(sims: &[Sim], feedback: bool) -> Self {
        let account = sims[0].twilio().account();
        let function = Function {
            http: Client::builder().no_proxy().build().unwrap(),
            verifications: format!("{}/v2/Services/{}/Verifications", sims[0].url(), account.service_sid),
            account: (account.account_sid.clone(), account.auth_token.clone()),
            okta: sims.iter().map(|sim| (sim.url(), sim.okta().org().api_token.clone())).collect(),
            feedback,
        };
        let router = Router::new()
            .route("/{org}/hook", post(hook))
            .route("/{org}/events", post(events))
            .with_state(Arc::new(function));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, server }
    }

    pub(crate) fn urls(&self, org: usize) -> (String, String) {
        let (name, _) = ORGS[org];
        (format!("{}/{name}/hook", self.url), format!("{}/{name}/events", self.url))
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The first function: sends the code.
async fn hook(State(function): State<Arc<Function>>, Json(hook): Json<Value>) -> Json<Value> {
    let message = &hook["data"]["messageProfile"];
    let text = |name: &str| message[name].as_str().unwrap_or_default();
    let channel = if text("deliveryChannel").to_lowercase() == "sms" { "sms" } else { "call" };
    let form = [("To", text("phoneNumber")), ("Channel", channel), ("CustomCode", text("otpCode"))];
    let (status, verification) = function.post(&function.verifications, &form).await;
    if status != 201 {
        let summary = &verification["message"];
        return Json(
            json!({ "error": { "errorSummary": summary, "errorCauses": [{ "errorSummary": summary }] } }),
        );
    }
    let attempt = verification["send_code_attempts"].as_array().and_then(|all| all.last()).unwrap();
    Json(json!({ "commands": [{ "type": "com.okta.telephony.action", "value": [{
        "status": "SUCCESSFUL",
        "provider": "Twilio Verify",
        "transactionId": verification["sid"],
        "transactionMetadata": attempt["attempt_sid"],
    }] }] }))
}

/// The second function: tells Verify what was entered.
async fn events(State(function): State<Arc<Function>>, Path(org): Path<String>, Json(delivery): Json<Value>) {
    let event = &delivery["data"]["events"][0];
    if !function.feedback || !is_one_of_ours(event) {
        return;
    }
    let org = ORGS.iter().position(|(name, _)| *name == org).unwrap();
    let Some(phone) = function.mobile_phone(org, event["actor"]["id"].as_str().unwrap_or_default()).await
    else {
        return;
    };
    // Twilio's library takes no such ids.
    if phone.is_empty() || phone.contains(['/', '?']) {
        return;
    }
    let url = format!("{}/{phone}", function.verifications);
    function.post(&url, &[("Status", "approved")]).await;
}

/// `event && SUCCESS && (SMS || CALL) || reason.includes("SMS_FACTOR") || reason.includes("CALL_FACTOR")`
fn is_one_of_ours(event: &Value) -> bool {
    let factor = event["debugContext"]["debugData"]["factor"].as_str();
    if event["outcome"]["result"] == "SUCCESS" && matches!(factor, Some("SMS_FACTOR" | "CALL_FACTOR")) {
        return true;
    }
    // Without a reason it throws here, which it catches.
    let Some(reason) = event["outcome"]["reason"].as_str() else { return false };
    reason.contains("SMS_FACTOR") || reason.contains("CALL_FACTOR")
}

impl Function {
    async fn mobile_phone(&self, org: usize, user: &str) -> Option<String> {
        let (base, token) = &self.okta[org];
        let url = format!("{base}/api/v1/users/{user}");
        let asked = self.http.get(url).header("authorization", format!("SSWS {token}"));
        let answer = asked.send().await.unwrap();
        let user: Value = answer.json().await.unwrap_or_default();
        user["profile"]["mobilePhone"].as_str().map(str::to_owned)
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let (user, password) = &self.account;
        let answer = self.http.post(url).basic_auth(user, Some(password)).form(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}
