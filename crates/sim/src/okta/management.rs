//! Hooks as Okta's management API makes and shows them: `/api/v1/inlineHooks`, `/api/v1/eventHooks`, `/api/v1/telephony-providers`.

use std::sync::Mutex;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_millis;
use crate::entropy;
use crate::okta::api::ApiError;
use crate::okta::org::{Okta, Target};
use crate::sync::locked;

/// Everything that is registered.
#[derive(Default)]
pub(crate) struct Management(Mutex<Store>);

#[derive(Default)]
struct Store {
    hooks: Vec<Managed>,
    providers: Vec<Native>,
}

/// A hook of either kind.
#[derive(Clone)]
struct Managed {
    kind: HookKind,
    id: String,
    active: bool,
    verified: bool,
    draft: Draft,
    created: Timestamp,
    updated: Timestamp,
}

/// What a caller may say of it.
#[derive(Clone)]
struct Draft {
    name: String,
    description: Option<String>,
    events: Value,
    uri: String,
    headers: Value,
    key: String,
    secret: String,
}

#[derive(Clone)]
struct Native {
    id: String,
    name: String,
    active: bool,
}

/// Which of the two hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookKind {
    Inline,
    Event,
}

impl HookKind {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Inline => "inlineHooks",
            Self::Event => "eventHooks",
        }
    }
}

/// A telephony inline hook's type.
const TELEPHONY: &str = "com.okta.telephony.provider";

/// The events that a hook may be told of, as far as anybody here asks for them.
const ELIGIBLE: [&str; 10] = [
    "user.authentication.auth_via_mfa",
    "user.mfa.factor.activate",
    "user.mfa.factor.deactivate",
    "user.mfa.factor.update",
    "user.account.lock",
    "user.account.unlock",
    "user.account.reset_password",
    "inline_hook.executed",
    "system.sms.send_phone_verification_message",
    "system.voice.send_phone_verification_call",
];

fn invalid(what: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "E0000001", &format!("Api validation failed: {what}"))
}

fn missing(id: &str, kind: HookKind) -> ApiError {
    let what = if kind == HookKind::Inline { "InlineHook" } else { "EventHook" };
    ApiError::new(StatusCode::NOT_FOUND, "E0000007", &format!("Not found: Resource not found: {id} ({what})"))
}

impl Draft {
    fn read(kind: HookKind, body: &Value) -> Result<Self, ApiError> {
        let allowed: &[&str] = match kind {
            HookKind::Inline => &["name", "version", "type", "channel"],
            HookKind::Event => &["name", "description", "events", "channel"],
        };
        let object = body.as_object().ok_or_else(|| invalid("body"))?;
        if let Some(unknown) = object.keys().find(|key| !allowed.contains(&key.as_str())) {
            return Err(invalid(unknown));
        }
        let name = body["name"].as_str().filter(|name| (1..=255).contains(&name.len()));
        let name = name.ok_or_else(|| invalid("name"))?.to_owned();
        if kind == HookKind::Inline && (body["type"] != TELEPHONY || body["version"] != "1.0.0") {
            return Err(invalid("type"));
        }
        let (channel, config) = (&body["channel"], &body["channel"]["config"]);
        if channel["type"] != "HTTP" || channel["version"] != "1.0.0" {
            return Err(invalid("channel"));
        }
        if kind == HookKind::Inline && config["method"] != "POST" {
            return Err(invalid("method"));
        }
        let uri = config["uri"].as_str().unwrap_or_default();
        if !uri.starts_with("https://") || uri.len() > 1024 || uri.contains(char::is_whitespace) {
            return Err(invalid("uri"));
        }
        let auth = &config["authScheme"];
        let (key, secret) =
            (auth["key"].as_str().unwrap_or_default(), auth["value"].as_str().unwrap_or_default());
        let fits = HeaderName::try_from(key).is_ok() && HeaderValue::try_from(secret).is_ok();
        if auth["type"] != "HEADER" || secret.is_empty() || !fits {
            return Err(invalid("authScheme"));
        }
        let headers = config.get("headers").cloned().unwrap_or_else(|| json!([]));
        let is_pair = |it: &Value| it["key"].is_string() && it["value"].is_string();
        if !headers.as_array().is_some_and(|all| all.iter().all(is_pair)) {
            return Err(invalid("headers"));
        }
        let events = match kind {
            HookKind::Inline => Value::Null,
            HookKind::Event => {
                let events = &body["events"];
                let items = events["items"].as_array().filter(|items| !items.is_empty());
                let known = |it: &Value| it.as_str().is_some_and(|it| ELIGIBLE.contains(&it));
                if events["type"] != "EVENT_TYPE" || !items.is_some_and(|items| items.iter().all(known)) {
                    return Err(invalid("events"));
                }
                json!({ "type": "EVENT_TYPE", "items": events["items"], "filter": events["filter"] })
            }
        };
        let description = body["description"].as_str().map(str::to_owned);
        let (uri, key, secret) = (uri.to_owned(), key.to_owned(), secret.to_owned());
        Ok(Self { name, description, events, uri, headers, key, secret })
    }
}

impl Managed {
    /// As Okta shows it: the secret is never in it.
    fn shown(&self, base: &str) -> Value {
        let me = format!("{base}/api/v1/{}/{}", self.kind.path(), self.id);
        let status = if self.active { "ACTIVE" } else { "INACTIVE" };
        let auth = json!({ "type": "HEADER", "key": self.draft.key.to_lowercase() });
        let channel = json!({
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": self.draft.uri, "headers": self.draft.headers, "method": "POST", "authScheme": auth,
            },
        });
        let change = if self.active { "deactivate" } else { "activate" };
        let link =
            |name: &str| json!({ "href": format!("{me}/lifecycle/{name}"), "hints": { "allow": ["POST"] } });
        let mut shown = json!({
            "id": self.id,
            "status": status,
            "name": self.draft.name,
            "channel": channel,
            "created": iso_millis(self.created),
            "lastUpdated": iso_millis(self.updated),
        });
        let more = match self.kind {
            HookKind::Inline => json!({
                "type": TELEPHONY,
                "version": null,
                "_links": {
                    "self": { "href": me },
                    "execute": { "href": format!("{me}/execute"), "hints": { "allow": ["POST"] } },
                    change: link(change),
                },
            }),
            HookKind::Event => json!({
                "description": self.draft.description,
                "createdBy": "00uFAKEadm000000009z7",
                "verificationStatus": if self.verified { "VERIFIED" } else { "UNVERIFIED" },
                "events": self.draft.events,
                "_links": { "self": { "href": me }, "verify": link("verify"), change: link(change) },
            }),
        };
        if let (Some(shown), Some(more)) = (shown.as_object_mut(), more.as_object()) {
            shown.extend(more.clone());
        }
        shown
    }

    fn target(&self) -> Option<Target> {
        Some(Target {
            url: self.draft.uri.clone(),
            header: HeaderName::try_from(&self.draft.key).ok()?,
            secret: HeaderValue::try_from(&self.draft.secret).ok()?,
        })
    }
}

impl Okta {
    /// Every registered hook as the API shows it, inline hooks first.
    pub fn registered_hooks(&self) -> Vec<Value> {
        let store = locked(&self.inner.management.0);
        let of = |kind| store.hooks.iter().filter(move |hook| hook.kind == kind);
        of(HookKind::Inline).chain(of(HookKind::Event)).map(|hook| hook.shown(&self.inner.base)).collect()
    }

    /// Adds a native telephony provider, as an admin enters it in the console.
    pub fn add_native_provider(&self, name: &str, active: bool) {
        let id = entropy::okta_id("ctp");
        locked(&self.inner.management.0).providers.push(Native { id, name: name.to_owned(), active });
    }

    /// The native provider in use.
    pub fn native_provider(&self) -> Option<String> {
        let store = locked(&self.inner.management.0);
        store.providers.iter().find(|it| it.active).map(|it| it.name.clone())
    }

    /// Where the registered telephony hook is called, if one is active.
    pub(crate) fn registered_telephony(&self) -> Option<Target> {
        self.registered(|hook| hook.kind == HookKind::Inline && hook.active)
    }

    /// Where the registered event hook is called, if one gets events.
    pub(crate) fn registered_events(&self) -> Option<Target> {
        self.registered(|hook| hook.kind == HookKind::Event && hook.active && hook.verified)
    }

    fn registered(&self, wanted: impl Fn(&Managed) -> bool) -> Option<Target> {
        locked(&self.inner.management.0).hooks.iter().find(|hook| wanted(hook))?.target()
    }

    /// Of these events those that the registered event hook asked for; all where there is none.
    pub(crate) fn subscribed(&self, events: Vec<Value>) -> Vec<Value> {
        let store = locked(&self.inner.management.0);
        let hook =
            store.hooks.iter().find(|hook| hook.kind == HookKind::Event && hook.active && hook.verified);
        let Some(items) = hook.and_then(|hook| hook.draft.events["items"].as_array()) else { return events };
        events.into_iter().filter(|event| items.contains(&event["eventType"])).collect()
    }

    /// What the API does with hooks, but for what makes Okta call one.
    pub(crate) fn manage(
        &self,
        kind: HookKind,
        rest: &[&str],
        method: &Method,
        body: &[u8],
    ) -> Result<Option<Value>, ApiError> {
        let read = || serde_json::from_slice::<Value>(body).map_err(|_| invalid("body"));
        let (base, now) = (self.inner.base.clone(), self.inner.clock.now());
        let mut store = locked(&self.inner.management.0);
        match (method, rest) {
            (&Method::GET, []) => {
                let of_kind = store.hooks.iter().filter(|hook| hook.kind == kind);
                Ok(Some(of_kind.map(|hook| hook.shown(&base)).collect()))
            }
            (&Method::POST, []) => {
                let draft = Draft::read(kind, &read()?)?;
                if kind == HookKind::Inline {
                    store.room_for_a_telephony_hook(None)?;
                }
                let prefix = if kind == HookKind::Inline { "cal" } else { "who" };
                let id = entropy::okta_id(prefix);
                let hook =
                    Managed { kind, id, active: true, verified: false, draft, created: now, updated: now };
                store.hooks.push(hook.clone());
                Ok(Some(hook.shown(&base)))
            }
            (_, [id, rest @ ..]) => {
                let at = store.hooks.iter().position(|hook| hook.kind == kind && hook.id == *id);
                let at = at.ok_or_else(|| missing(id, kind))?;
                match (method, rest) {
                    (&Method::GET, []) => {}
                    (&Method::PUT, []) => {
                        let draft = Draft::read(kind, &read()?)?;
                        let hook = &mut store.hooks[at];
                        let (old, new) = (&hook.draft, &draft);
                        // Another channel has to be verified again.
                        if (&old.uri, &old.headers, &old.key, &old.secret)
                            != (&new.uri, &new.headers, &new.key, &new.secret)
                        {
                            hook.verified = false;
                        }
                        (hook.draft, hook.updated) = (draft, now);
                    }
                    (&Method::DELETE, []) => {
                        if store.hooks[at].active {
                            return Err(invalid("status"));
                        }
                        store.hooks.remove(at);
                        return Ok(None);
                    }
                    (&Method::POST, ["lifecycle", "activate"]) => {
                        if kind == HookKind::Inline {
                            store.room_for_a_telephony_hook(Some(at))?;
                        }
                        store.hooks[at].active = true;
                    }
                    (&Method::POST, ["lifecycle", "deactivate"]) => store.hooks[at].active = false,
                    _ => return Err(ApiError::method()),
                }
                Ok(Some(store.hooks[at].shown(&base)))
            }
            _ => Err(ApiError::method()),
        }
    }

    /// Native providers; there are none of them on Classic.
    pub(crate) fn manage_providers(&self, rest: &[&str], method: &Method) -> Result<Value, ApiError> {
        let shown = |it: &Native| {
            let status = if it.active { "ACTIVE" } else { "INACTIVE" };
            json!({ "id": it.id, "name": it.name, "status": status, "type": "TWILIO" })
        };
        let mut store = locked(&self.inner.management.0);
        match (method, rest) {
            (&Method::GET, []) => Ok(store.providers.iter().map(shown).collect()),
            (&Method::POST, [id, "lifecycle", "deactivate"]) => {
                let it = store.providers.iter_mut().find(|it| it.id == *id);
                let it = it.ok_or_else(|| {
                    ApiError::new(StatusCode::NOT_FOUND, "E0000007", "Not found: Resource not found")
                })?;
                it.active = false;
                Ok(shown(it))
            }
            _ => Err(ApiError::method()),
        }
    }

    /// `POST …/{id}/lifecycle/verify`: the one-time check.
    pub(crate) async fn verify_registered(&self, id: &str) -> Result<Value, ApiError> {
        let find = |hook: &Managed| hook.kind == HookKind::Event && hook.id == id;
        let target = self.registered(find).ok_or_else(|| missing(id, HookKind::Event))?;
        if !self.challenge(&target).await {
            let what = "Event hook verification failed. The endpoint did not return the challenge.";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "E0000001", what));
        }
        let mut store = locked(&self.inner.management.0);
        let hook =
            store.hooks.iter_mut().find(|hook| find(hook)).ok_or_else(|| missing(id, HookKind::Event))?;
        hook.verified = true;
        Ok(hook.shown(&self.inner.base))
    }

    /// `POST …/{id}/execute`: a hook call with a body of the caller's, and what came of it.
    pub(crate) async fn execute_registered(&self, id: &str, body: &[u8]) -> Result<Value, ApiError> {
        let body: Value = serde_json::from_slice(body).map_err(|_| invalid("body"))?;
        let find = |hook: &Managed| hook.kind == HookKind::Inline && hook.id == id;
        let target = self.registered(find).ok_or_else(|| missing(id, HookKind::Inline))?;
        let result = self.call_hook(&target, &body, &self.settings()).await;
        match result.http_status {
            Some(200) => Ok(result.json()),
            Some(_) => {
                Err(ApiError::new(StatusCode::BAD_REQUEST, "E0000135", "The inline hook returned an error."))
            }
            None if result.body.is_empty() && result.elapsed >= self.settings().hook_timeout => {
                Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, "E0000137", "The inline hook timed out."))
            }
            None => Err(ApiError::new(
                StatusCode::BAD_GATEWAY,
                "E0000134",
                "There was an issue communicating with the inline hook.",
            )),
        }
    }
}

impl Store {
    /// One telephony hook is active at a time, and none beside a native provider.
    fn room_for_a_telephony_hook(&self, but: Option<usize>) -> Result<(), ApiError> {
        let busy =
            |(at, hook): (usize, &Managed)| hook.kind == HookKind::Inline && hook.active && Some(at) != but;
        if self.hooks.iter().enumerate().any(busy) {
            return Err(invalid("There can only be one active inline hook of this type."));
        }
        if self.providers.iter().any(|it| it.active) {
            return Err(invalid("A telephony provider is active."));
        }
        Ok(())
    }
}
