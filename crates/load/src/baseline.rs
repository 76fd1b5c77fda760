//! What the service is compared with: the same stack, without the service. Runs as a process of its own.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tokio::net::TcpListener;

use crate::cli::Baseline;
use crate::provider::{ACCOUNT, SERVICE};
use crate::{loopback, report};

/// What the service says when a provider accepted.
const ANSWER: &str = r#"{"commands":[{"type":"com.okta.telephony.action","value":[{"status":"SUCCESSFUL","provider":"verify","transactionId":"VE10adca5e000000000000000000000000","transactionMetadata":"VL10adca5e000000000000000000000000"}]}]}"#;

#[derive(Clone)]
struct PassThrough {
    http: reqwest::Client,
    url: String,
}

/// Serves until the process is killed; says where on standard output.
pub(crate) async fn serve(kind: Baseline, provider: &str) -> anyhow::Result<()> {
    loopback::of_url(provider, 80)?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .pool_idle_timeout(Duration::from_secs(30))
        .build()?;
    let url = format!("{provider}/v2/Services/{SERVICE}/Verifications");
    let route = match kind {
        Baseline::Bare => post(bare).with_state(()),
        Baseline::PassThrough => post(pass_through).with_state(PassThrough { http, url }),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    report::address(listener.local_addr()?);
    axum::serve(listener, Router::new().route("/okta/{org}/telephony", route)).await?;
    Ok(())
}

async fn bare(_body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], ANSWER).into_response()
}

async fn pass_through(State(to): State<PassThrough>, body: Bytes) -> Response {
    match to.call(&body).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

impl PassThrough {
    /// Reads the hook, asks the provider, reads its answer, words ours.
    async fn call(&self, body: &[u8]) -> anyhow::Result<String> {
        let hook: serde_json::Value = serde_json::from_slice(body)?;
        let message = &hook["data"]["messageProfile"];
        let text = |name: &str| message[name].as_str().unwrap_or_default();
        let form = [("To", text("phoneNumber")), ("Channel", "sms"), ("CustomCode", text("otpCode"))];
        let request = self.http.post(&self.url).basic_auth(ACCOUNT, Some("load")).form(&form);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let verification: serde_json::Value = serde_json::from_slice(&answer)?;
        let (sid, attempt) = (&verification["sid"], &verification["send_code_attempts"][0]["attempt_sid"]);
        Ok(format!(
            r#"{{"commands":[{{"type":"com.okta.telephony.action","value":[{{"status":"SUCCESSFUL","provider":"verify","transactionId":{sid},"transactionMetadata":{attempt}}}]}}]}}"#
        ))
    }
}
