//! The Users and Factors API: `/api/v1/…`.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};

use crate::fault;
use crate::okta::answer;
use crate::okta::limit::Quota;
use crate::okta::org::Okta;
use crate::server::{Line, Reply};
use crate::sync::locked;

/// An operation of Okta's API, to aim faults at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OktaOp {
    /// `GET /api/v1/users/{id or login}`
    Users,
    /// `GET /api/v1/users/{id}/factors`
    Factors,
}

/// A request to Okta's API, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiRequest {
    /// When it arrived.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Percent-decoded path.
    pub path: String,
    /// Whether an injected fault struck it.
    pub faulted: bool,
    /// The HTTP status of the answer; none while there is no answer, or when the connection was reset.
    pub status: Option<u16>,
}

/// An error answer.
struct ApiError {
    status: StatusCode,
    code: &'static str,
    summary: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, summary: &str) -> Self {
        Self { status, code, summary: summary.to_owned() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(fault::okta_body(self.code, &self.summary))).into_response()
    }
}

impl Okta {
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/api/v1/{*path}", axum::routing::any(door)).with_state(self.clone())
    }

    fn perform(
        &self,
        op: OktaOp,
        target: &str,
        method: &Method,
        token: Option<&str>,
        quota: Quota,
    ) -> Response {
        match self.look_up(op, target, method, token, quota) {
            Ok(body) => Json(body).into_response(),
            Err(error) => error.into_response(),
        }
    }

    fn look_up(
        &self,
        op: OktaOp,
        target: &str,
        method: &Method,
        token: Option<&str>,
        quota: Quota,
    ) -> Result<serde_json::Value, ApiError> {
        if quota.exceeded {
            let summary = "API call exceeded rate limit due to too many requests.";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "E0000047", summary));
        }
        let expected = format!("SSWS {}", self.inner.org.api_token);
        if token != Some(expected.as_str()) {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided"));
        }
        if method != Method::GET {
            let summary = "The endpoint does not support the provided HTTP method";
            return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "E0000022", summary));
        }
        let directory = locked(&self.inner.directory);
        let user = match op {
            OktaOp::Users => directory.get(target),
            OktaOp::Factors => directory.get(target).filter(|user| user.id == target),
        };
        let user = user.ok_or_else(|| {
            let summary = format!("Not found: Resource not found: {target} (User)");
            ApiError::new(StatusCode::NOT_FOUND, "E0000007", &summary)
        })?;
        let base = &self.inner.base;
        Ok(match op {
            OktaOp::Users => answer::user(base, user),
            OktaOp::Factors => answer::factors(base, user),
        })
    }

    fn note_arrival(&self, method: &Method, path: &str, faulted: bool) -> usize {
        let at = self.inner.clock.now();
        let request =
            ApiRequest { at, method: method.to_string(), path: path.to_owned(), faulted, status: None };
        let mut requests = locked(&self.inner.requests);
        requests.push(request);
        let n = requests.len() - 1;
        drop(requests);
        self.inner.arrived.ring();
        n
    }

    fn note_answer(&self, n: usize, answer: &Response) {
        if let Some(request) = locked(&self.inner.requests).get_mut(n) {
            request.status = Some(answer.status().as_u16());
        }
    }

    /// Adds the headers that Okta puts on every answer, where the answer does not have its own.
    fn dressed(&self, mut answer: Response, quota: Option<Quota>) -> Response {
        let headers = answer.headers_mut();
        let mut add = |name: HeaderName, value: String| {
            if let (false, Ok(value)) = (headers.contains_key(&name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        };
        if let Some(quota) = quota {
            add(HeaderName::from_static("x-rate-limit-limit"), quota.limit.to_string());
            add(HeaderName::from_static("x-rate-limit-remaining"), quota.remaining.to_string());
            add(HeaderName::from_static("x-rate-limit-reset"), quota.reset.to_string());
        }
        let skew = jiff::SignedDuration::from_secs(self.settings().date_skew_seconds);
        let date = self.inner.clock.now().checked_add(skew);
        if let Ok(Ok(date)) =
            date.map(|date| rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date))
        {
            add(header::DATE, date);
        }
        answer
    }
}

async fn door(
    State(okta): State<Okta>,
    Extension(line): Extension<Line>,
    method: Method,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).map(str::to_owned);
    line.carry_on(async move {
        let parts: Vec<&str> = path.split('/').collect();
        let (op, target) = match parts[..] {
            ["users", user] => (OktaOp::Users, user),
            ["users", user, "factors"] => (OktaOp::Factors, user),
            _ => {
                let n = okta.note_arrival(&method, &format!("/api/v1/{path}"), false);
                let summary = format!("Not found: Resource not found: /api/v1/{path} (Endpoint)");
                let error = ApiError::new(StatusCode::NOT_FOUND, "E0000007", &summary);
                let answer = okta.dressed(error.into_response(), None);
                okta.note_answer(n, &answer);
                return Reply::Answer(answer);
            }
        };
        let fault = okta.inner.faults.take_scripted(&op).or_else(|| okta.inner.faults.take_sticky(&op));
        let n = okta.note_arrival(&method, &format!("/api/v1/{path}"), fault.is_some());
        let (quota, _held) = okta.inner.limits.count(op, &okta.settings(), okta.inner.clock.now());
        match fault::run(fault, || okta.perform(op, target, &method, token.as_deref(), quota)).await {
            Reply::Answer(answer) => {
                let answer = okta.dressed(answer, Some(quota));
                okta.note_answer(n, &answer);
                Reply::Answer(answer)
            }
            Reply::Reset => Reply::Reset,
        }
    })
    .await
}
