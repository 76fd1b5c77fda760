//! Calling the telephony inline hook, and what Okta concludes from the answer.

use std::time::Duration;

use http::Method;
use reqwest::Response;
use serde::Serialize;
use serde_json::Value;

use crate::clock::{Stopwatch, later};
use crate::handset::{Message, Sender, text_message};
use crate::okta::challenge::Challenge;
use crate::okta::org::{Okta, Target};
use crate::okta::request::HookRequest;
use crate::okta::settings::OktaSettings;
use crate::okta::verdict::{MAX_ANSWER, OktaSays, interpret};
use crate::sync::locked;

/// What came of a hook call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookResult {
    /// The answer's status; none if there was no answer in time.
    pub http_status: Option<u16>,
    /// The answer's body, as far as Okta reads it.
    pub body: String,
    /// From the call to the end of the answer, or until Okta gave up.
    #[serde(rename = "elapsed_ms", serialize_with = "crate::clock::as_millis")]
    pub elapsed: Duration,
    /// Okta's conclusion.
    pub okta_says: OktaSays,
}

impl HookResult {
    /// The body as JSON; `null` if it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Whether Okta takes the code as sent.
    pub fn is_sent(&self) -> bool {
        self.okta_says.is_sent()
    }

    fn nothing(elapsed: Duration, reason: String) -> Self {
        Self { http_status: None, body: String::new(), elapsed, okta_says: OktaSays::OktaSendsItself(reason) }
    }
}

#[derive(Serialize)]
struct HookFact<'a> {
    event_id: Option<&'a str>,
    user_id: Option<&'a str>,
    phone: Option<&'a str>,
    channel: Option<&'a str>,
    code: Option<&'a str>,
    result: &'a HookResult,
}

impl Okta {
    /// Calls the telephony hook, and waits for the code to be typed in from now on.
    pub async fn fire_hook(&self, request: &HookRequest) -> HookResult {
        let settings = self.settings();
        let now = self.inner.clock.now();
        let challenge = Challenge {
            user_id: request.user_id.clone(),
            code: request.code.clone(),
            channel: request.channel,
            phone: request.phone.clone(),
            purpose: request.purpose,
            expires: later(now, request.expires_in.unwrap_or(settings.code_lifetime)),
        };
        locked(&self.inner.challenges).open(challenge, settings.engine);
        let result = self.fire_body(&self.hook_body(request)).await;
        if !result.is_sent() && settings.own_telephony {
            self.send_itself(request);
        }
        self.log_send(request, &result);
        result
    }

    /// Calls the telephony hook with any body.
    pub async fn fire_body(&self, body: &Value) -> HookResult {
        let settings = self.settings();
        let result = match self.telephony_target() {
            Some(target) => self.call_hook(&target, body, &settings).await,
            None => HookResult::nothing(Duration::ZERO, "no hook is registered".to_owned()),
        };
        let message = &body["data"]["messageProfile"];
        let fact = HookFact {
            event_id: body["eventId"].as_str(),
            user_id: body["data"]["userProfile"]["userId"].as_str(),
            phone: message["phoneNumber"].as_str(),
            channel: message["deliveryChannel"].as_str(),
            code: message["otpCode"].as_str(),
            result: &result,
        };
        self.inner.truth.record("hook", &fact);
        result
    }

    pub(crate) async fn call_hook(
        &self,
        target: &Target,
        body: &Value,
        settings: &OktaSettings,
    ) -> HookResult {
        let watch = Stopwatch::start();
        let call = async {
            let answer = self.call(Method::POST, target).json(body).send().await?;
            let status = answer.status().as_u16();
            read(answer).await.map(|body| (status, body))
        };
        // No retry: Okta does not repeat telephony hooks.
        let outcome = tokio::time::timeout(settings.hook_timeout, call).await;
        let elapsed = watch.elapsed();
        match outcome {
            Err(_) => HookResult::nothing(elapsed, "timeout".to_owned()),
            Ok(Err(error)) => HookResult::nothing(elapsed, format!("no answer: {}", root_cause(&error))),
            Ok(Ok((status, body))) => HookResult {
                http_status: Some(status),
                okta_says: interpret(status, &body),
                body: String::from_utf8_lossy(&body).into_owned(),
                elapsed,
            },
        }
    }

    fn send_itself(&self, request: &HookRequest) {
        let at = self.inner.clock.now();
        let message = Message {
            at,
            sender: Sender::Okta,
            channel: request.channel.factor_type().to_owned(),
            code: request.code.clone(),
            text: text_message("Okta", &request.code),
        };
        self.inner.truth.record("okta_sent_itself", request);
        self.inner.handset.deliver(&request.phone, message);
    }
}

/// Reads a body up to the size that Okta gives up at.
async fn read(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() >= MAX_ANSWER {
            body.truncate(MAX_ANSWER);
            break;
        }
    }
    Ok(body)
}

/// The innermost cause: the outer ones only say that something failed.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
