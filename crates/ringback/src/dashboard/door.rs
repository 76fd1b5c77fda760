//! Who may look: the bearer header for machines, a session for people.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use otp::{Clock, Entropy};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::answer;
use super::host::{is_https, is_local, is_same_site};
use super::page::LoginPage;
use super::session::{LIFE, Sessions};
use super::tries::Tries;

/// The admin listener's door.
pub(crate) struct Door {
    /// The token, as a header; without one, everybody on this machine may look.
    auth: Option<okta::HookAuth>,
    sessions: Sessions,
    tries: Tries,
    /// Browsers send cookies to every port of a host: each process has its own.
    cookie: String,
}

impl Door {
    pub(crate) fn new(
        token: Option<SecretString>,
        listen: SocketAddr,
        clock: &Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            auth: token.as_ref().map(bearer),
            sessions: Sessions::new(clock.clone(), entropy),
            tries: Tries::new(clock.clone()),
            cookie: format!("ringback_session_{}", listen.port()),
        }
    }

    /// True where people log in.
    pub(super) fn has_token(&self) -> bool {
        self.auth.is_some()
    }

    /// The session that a request names, if it is one.
    fn session<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie)
            .map(|(_, value)| value)
            .find(|value| self.sessions.holds(value))
    }

    fn set_cookie(&self, value: &str, seconds: u64, headers: &HeaderMap) -> Option<HeaderValue> {
        let secure = if is_https(headers) { "; Secure" } else { "" };
        let name = &self.cookie;
        let text = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).ok()
    }
}

/// The same constant-time comparison that Okta's secrets get.
fn bearer(token: &SecretString) -> okta::HookAuth {
    let value = SecretString::from(format!("Bearer {}", token.expose_secret().trim()));
    okta::HookAuth::new(header::AUTHORIZATION, vec![value])
}

fn count_failure() {
    metrics::counter!("ringback_auth_failures_total", "endpoint" => "admin").increment(1);
}

/// Without a token, what is asked for by another name than this machine's own is refused.
pub(crate) async fn only_local(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    if door.auth.is_none() && !is_local(request.headers(), request.uri()) {
        let why =
            "without admin.token this listener answers to names of this machine alone, like localhost\n";
        return (StatusCode::MISDIRECTED_REQUEST, why).into_response();
    }
    next.run(request).await
}

/// Everything behind the door wants the bearer header; what only shows is content with a session.
pub(crate) async fn authorise(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let Some(auth) = &door.auth else { return next.run(request).await };
    let headers = request.headers();
    let shows = matches!(*request.method(), Method::GET | Method::HEAD);
    let leaves = request.uri().path() == "/logout";
    let bare = !headers.contains_key(header::AUTHORIZATION);
    if bare && (shows || leaves) && door.session(headers).is_some() || auth.check(headers).is_ok() {
        return next.run(request).await;
    }
    if bare && shows && request.uri().path() == "/" {
        return answer::redirect("/login");
    }
    count_failure();
    let challenge: [(HeaderName, HeaderValue); 1] =
        [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
    (StatusCode::UNAUTHORIZED, challenge).into_response()
}

/// `GET /login`
pub(super) async fn form(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    if !door.has_token() || door.session(&headers).is_some() {
        return answer::redirect("/");
    }
    answer::page(StatusCode::OK, &LoginPage::new(None))
}

/// What the form says.
#[derive(Deserialize)]
pub(super) struct Login {
    token: String,
}

/// `POST /login`
pub(super) async fn login(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    form: Result<Form<Login>, FormRejection>,
) -> Response {
    let Some(auth) = &door.auth else { return answer::redirect("/") };
    let again = |status, why: &'static str| answer::page(status, &LoginPage::new(Some(why)));
    if !is_same_site(&headers) {
        count_failure();
        return again(StatusCode::FORBIDDEN, "This form came from another site. Log in here.");
    }
    let Ok(Form(Login { token })) = form else {
        return again(StatusCode::BAD_REQUEST, "Type the token.");
    };
    let token = SecretString::from(token);
    if let Err(seconds) = door.tries.one_more() {
        count_failure();
        let mut refused = again(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong tokens. Wait a minute; the bearer header goes on working.",
        );
        refused.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return refused;
    }
    let said = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()));
    let right = said.is_ok_and(|said| {
        let mut presented = HeaderMap::new();
        presented.insert(header::AUTHORIZATION, said);
        auth.check(&presented).is_ok()
    });
    if !right {
        count_failure();
        return again(StatusCode::UNAUTHORIZED, "That is not the token.");
    }
    door.tries.was_right();
    // Who logs in anew ends what he had.
    if let Some(old) = door.session(&headers) {
        door.sessions.end(old);
    }
    let mut welcome = answer::redirect("/");
    if let Some(cookie) = door.set_cookie(&door.sessions.begin(), LIFE.as_secs(), &headers) {
        welcome.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    welcome
}

/// `POST /logout`
pub(super) async fn logout(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    if !is_same_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if let Some(session) = door.session(&headers) {
        door.sessions.end(session);
    }
    let mut farewell = answer::redirect(if door.has_token() { "/login" } else { "/" });
    if let Some(cookie) = door.set_cookie("", 0, &headers) {
        farewell.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    farewell
}
