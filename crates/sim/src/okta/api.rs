//! The Users and Factors API: `/api/v1/…`.

use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};

use crate::fault;
use crate::okta::answer;
use crate::okta::issuer;
use crate::okta::limit::Quota;
use crate::okta::management::HookKind;
use crate::okta::org::Okta;
use crate::okta::settings::ApiAccess;
use crate::okta::token::{self, put_nonce};
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
    /// `GET /api/v1/users?filter=…`
    UserList,
    /// `/api/v1/inlineHooks…`
    InlineHooks,
    /// `/api/v1/eventHooks…`
    EventHooks,
    /// `/api/v1/telephony-providers…`
    TelephonyProviders,
    /// `GET /api/v1/logs`
    Logs,
    /// `POST /oauth2/v1/token`
    Token,
    /// `GET /oauth2/default/v1/keys`
    Keys,
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
    /// What stands behind the `?`, as it came.
    pub query: Option<String>,
    /// What comes before the credential in `Authorization`: `SSWS`, `Bearer`, `DPoP`; empty without one.
    pub scheme: String,
    /// Whether an injected fault struck it.
    pub faulted: bool,
    /// The HTTP status of the answer; none while there is no answer, or when the connection was reset.
    pub status: Option<u16>,
}

/// An error answer.
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    summary: String,
    challenge: Option<String>,
    nonce: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, summary: &str) -> Self {
        Self { status, code, summary: summary.to_owned(), challenge: None, nonce: None }
    }

    pub(crate) fn method() -> Self {
        let summary = "The endpoint does not support the provided HTTP method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "E0000022", summary)
    }

    fn not_found(what: &str) -> Self {
        let summary = format!("Not found: Resource not found: {what}");
        Self::new(StatusCode::NOT_FOUND, "E0000007", &summary)
    }

    fn forbidden() -> Self {
        let summary = "You do not have permission to perform the requested action";
        Self::new(StatusCode::FORBIDDEN, "E0000006", summary)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(fault::okta_body(self.code, &self.summary))).into_response();
        if let Some(challenge) = self.challenge.and_then(|it| HeaderValue::try_from(it).ok()) {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        put_nonce(answer.headers_mut(), self.nonce);
        answer
    }
}

impl Okta {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/{*path}", axum::routing::any(door))
            .route("/oauth2/v1/token", axum::routing::any(token::door))
            .route("/oauth2/{server}/v1/keys", axum::routing::any(issuer::door))
            .with_state(self.clone())
    }

    /// Who asks, if they may ask this.
    fn admit(&self, op: OktaOp, request: &Request, quota: Quota) -> Result<(), ApiError> {
        if quota.exceeded {
            let summary = "API call exceeded rate limit due to too many requests.";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "E0000047", summary));
        }
        let path = format!("/api/v1/{}", request.path);
        let caller = self.caller(&request.method, &path, &request.headers).map_err(|stranger| ApiError {
            challenge: stranger.challenge,
            nonce: stranger.nonce,
            ..ApiError::new(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided")
        })?;
        let reads = request.method == Method::GET;
        let scopes: &[&str] = match op {
            OktaOp::Users | OktaOp::Factors | OktaOp::UserList => &["okta.users.read", "okta.users.manage"],
            OktaOp::InlineHooks if reads => &["okta.inlineHooks.read", "okta.inlineHooks.manage"],
            OktaOp::InlineHooks => &["okta.inlineHooks.manage"],
            OktaOp::EventHooks if reads => &["okta.eventHooks.read", "okta.eventHooks.manage"],
            OktaOp::EventHooks => &["okta.eventHooks.manage"],
            OktaOp::TelephonyProviders if reads => {
                &["okta.customTelephonyProvider.read", "okta.customTelephonyProvider.manage"]
            }
            OktaOp::TelephonyProviders => &["okta.customTelephonyProvider.manage"],
            OktaOp::Logs => &["okta.logs.read"],
            OktaOp::Token | OktaOp::Keys => &[],
        };
        let allowed = self.settings().api_access == ApiAccess::Granted && caller.may(scopes);
        if allowed { Ok(()) } else { Err(ApiError::forbidden()) }
    }

    /// What does not make Okta call anybody.
    fn perform(&self, op: OktaOp, request: &Request, quota: Quota) -> Result<Response, ApiError> {
        self.admit(op, request, quota)?;
        let parts: Vec<&str> = request.path.split('/').collect();
        let method = &request.method;
        let hooks = |kind| self.manage(kind, &parts[1..], method, &request.body);
        match op {
            OktaOp::InlineHooks => {
                Ok(hooks(HookKind::Inline)?.map_or_else(no_content, |it| Json(it).into_response()))
            }
            OktaOp::EventHooks => {
                Ok(hooks(HookKind::Event)?.map_or_else(no_content, |it| Json(it).into_response()))
            }
            OktaOp::TelephonyProviders => {
                Ok(Json(self.manage_providers(&parts[1..], method)?).into_response())
            }
            _ if method != Method::GET => Err(ApiError::method()),
            OktaOp::Logs => self.read_log(&request.query),
            _ => self.look_up(op, &parts, &request.query).map(|body| Json(body).into_response()),
        }
    }

    /// A page, with a link to itself and one to the next.
    fn read_log(&self, query: &str) -> Result<Response, ApiError> {
        let page = self.log_page(query).map_err(|error| {
            let summary = format!("Invalid query: {}", error.0);
            ApiError::new(StatusCode::BAD_REQUEST, "E0000031", &summary)
        })?;
        let base = &self.inner.base;
        let mut answer = Json(page.events).into_response();
        let own = Some((query, "self"));
        for (query, relation) in own.into_iter().chain(page.next.as_deref().map(|next| (next, "next"))) {
            let link = format!("<{base}/api/v1/logs?{query}>; rel=\"{relation}\"");
            if let Ok(link) = HeaderValue::try_from(link) {
                answer.headers_mut().append(header::LINK, link);
            }
        }
        Ok(answer)
    }

    fn look_up(&self, op: OktaOp, parts: &[&str], query: &str) -> Result<serde_json::Value, ApiError> {
        let base = &self.inner.base;
        let directory = locked(&self.inner.directory);
        if op == OktaOp::UserList {
            let query: Vec<(String, String)> =
                url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let filter = query.iter().find(|(name, _)| name == "filter").map(|(_, filter)| filter.as_str());
            let id = filter.and_then(|it| it.strip_prefix("id eq \"")?.strip_suffix('"'));
            let id = id.ok_or_else(|| {
                ApiError::new(StatusCode::BAD_REQUEST, "E0000031", "Invalid search criteria.")
            })?;
            let found = directory.get(id).filter(|user| user.id == id);
            return Ok(found.into_iter().map(|user| answer::user(base, user)).collect());
        }
        let target = parts.get(1).copied().unwrap_or_default();
        if self.settings().hidden_users.iter().any(|hidden| hidden == target) {
            return Err(ApiError::forbidden());
        }
        let user = match op {
            OktaOp::Factors => directory.get(target).filter(|user| user.id == target),
            _ => directory.get(target),
        };
        let user = user.ok_or_else(|| ApiError::not_found(&format!("{target} (User)")))?;
        Ok(match op {
            OktaOp::Factors => answer::factors(base, user),
            _ => answer::user(base, user),
        })
    }

    pub(crate) fn note_arrival(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        faulted: bool,
    ) -> usize {
        let at = self.inner.clock.now();
        let scheme = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()?.split(' ').next());
        let scheme = scheme.unwrap_or_default().to_owned();
        let (method, path) = (method.to_string(), path.to_owned());
        let query = query.map(str::to_owned);
        let request = ApiRequest { at, method, path, query, scheme, faulted, status: None };
        let mut requests = locked(&self.inner.requests);
        requests.push(request);
        let n = requests.len() - 1;
        drop(requests);
        self.inner.arrived.ring();
        n
    }

    pub(crate) fn note_answer(&self, n: usize, answer: &Response) {
        if let Some(request) = locked(&self.inner.requests).get_mut(n) {
            request.status = Some(answer.status().as_u16());
        }
    }

    /// Adds the headers that Okta puts on every answer, where the answer does not have its own.
    pub(crate) fn dressed(&self, mut answer: Response, quota: Option<Quota>) -> Response {
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

fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A request to the API.
struct Request {
    method: Method,
    /// Below `/api/v1/`.
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

async fn door(
    State(okta): State<Okta>,
    Extension(line): Extension<Line>,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    line.carry_on(async move {
        let parts: Vec<&str> = path.split('/').collect();
        let shown = format!("/api/v1/{path}");
        let op = match parts[..] {
            ["users"] => OktaOp::UserList,
            ["users", _] => OktaOp::Users,
            ["users", _, "factors"] => OktaOp::Factors,
            ["inlineHooks", ..] => OktaOp::InlineHooks,
            ["eventHooks", ..] => OktaOp::EventHooks,
            ["telephony-providers", ..] => OktaOp::TelephonyProviders,
            ["logs"] => OktaOp::Logs,
            _ => {
                let n = okta.note_arrival(&method, &shown, query.as_deref(), &headers, false);
                let error = ApiError::not_found(&format!("{shown} (Endpoint)"));
                let answer = okta.dressed(error.into_response(), None);
                okta.note_answer(n, &answer);
                return Reply::Answer(answer);
            }
        };
        let fault = okta.inner.faults.take_scripted(&op).or_else(|| okta.inner.faults.take_sticky(&op));
        let n = okta.note_arrival(&method, &shown, query.as_deref(), &headers, fault.is_some());
        let (quota, _held) = okta.inner.limits.count(op, &okta.settings(), okta.inner.clock.now());
        let request = Request { method, path: path.clone(), query: query.unwrap_or_default(), headers, body };
        // What makes Okta call somebody takes its time.
        let calls = match (&request.method, &parts[..]) {
            (&Method::POST, ["eventHooks", id, "lifecycle", "verify"]) if fault.is_none() => {
                Some(match okta.admit(op, &request, quota) {
                    Ok(()) => okta.verify_registered(id).await,
                    Err(error) => Err(error),
                })
            }
            (&Method::POST, ["inlineHooks", id, "execute"]) if fault.is_none() => {
                Some(match okta.admit(op, &request, quota) {
                    Ok(()) => okta.execute_registered(id, &request.body).await,
                    Err(error) => Err(error),
                })
            }
            _ => None,
        };
        let performed = || match calls {
            Some(done) => done.map(|body| Json(body).into_response()),
            None => okta.perform(op, &request, quota),
        };
        match fault::run(fault, || performed().unwrap_or_else(IntoResponse::into_response)).await {
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
