use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::ask::Ask;
use super::bucket::Bucket;
use super::{OktaClient, OktaError};

/// A telephony inline hook or an event hook, as the org has it. Its secret is never shown.
#[derive(Debug, Clone)]
pub struct Hook {
    /// `cal…` or `who…`.
    pub id: String,
    /// Which of the two.
    pub kind: HookKind,
    /// What it is called in the console.
    pub name: String,
    /// Okta calls it.
    pub active: bool,
    /// Whether the one-time verification was passed; only event hooks have one, and only verified ones get events.
    pub verified: Option<bool>,
    /// Where Okta calls.
    pub url: Option<String>,
    /// The header that its secret comes in, in small letters.
    pub header: Option<String>,
    /// The event types that an event hook is told of.
    pub events: Vec<String>,
    /// Event types of which an event hook is told some only, and which (Okta Expression Language).
    pub filters: Vec<(String, String)>,
    /// What only the org's admins know of: further headers, filters, a description.
    own: Value,
}

/// The two hooks that an org calls us by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookKind {
    /// Asks for a code to be sent.
    Telephony,
    /// Tells what happened.
    Events,
}

/// A hook as it should be.
#[derive(Debug, Clone)]
pub struct HookDraft {
    /// What it is called in the console.
    pub name: String,
    /// Where Okta is to call.
    pub url: String,
    /// In which header the secret comes.
    pub header: String,
    /// The secret.
    pub secret: SecretString,
    /// The event types, of an event hook.
    pub events: Vec<String>,
}

/// A telephony provider that Okta uses by itself (Okta: custom telephony providers, Identity Engine only). None may be active beside a
/// telephony hook.
#[derive(Debug, Clone)]
pub struct NativeProvider {
    /// Okta's id of it.
    pub id: String,
    /// What it is called in the console.
    pub name: String,
    /// It is used.
    pub active: bool,
}

const TELEPHONY: &str = "com.okta.telephony.provider";

impl HookKind {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Telephony => "telephony",
            Self::Events => "events",
        }
    }

    fn bucket(self) -> (Bucket, &'static str) {
        match self {
            Self::Telephony => (Bucket::InlineHooks, "inlineHooks"),
            Self::Events => (Bucket::EventHooks, "eventHooks"),
        }
    }
}

impl OktaClient {
    /// Every telephony inline hook, or every event hook, of the org.
    ///
    /// # Errors
    /// [`OktaError`] says what to do.
    pub async fn hooks(&self, kind: HookKind) -> Result<Vec<Hook>, OktaError> {
        let (bucket, path) = kind.bucket();
        let mut url = self.url(&[path]).ok_or(OktaError::NotFound)?;
        if kind == HookKind::Telephony {
            url.query_pairs_mut().append_pair("type", TELEPHONY);
        }
        let list = self.value(Ask::get(bucket, url)).await?;
        let list = list.as_array().ok_or(OktaError::Malformed { what: "the list of hooks" })?;
        // The filter is Okta's to apply; a hook of another type is none of ours.
        let ours = |it: &&Value| kind == HookKind::Events || it["type"] == TELEPHONY;
        list.iter().filter(ours).map(|it| Hook::read(kind, it)).collect()
    }

    /// Makes a hook. It is active at once; an event hook is not verified yet.
    ///
    /// # Errors
    /// [`OktaError`]; [`OktaError::Rejected`] has Okta's own words.
    pub async fn create_hook(&self, kind: HookKind, draft: &HookDraft) -> Result<Hook, OktaError> {
        let (bucket, path) = kind.bucket();
        let url = self.url(&[path]).ok_or(OktaError::NotFound)?;
        let ask = Ask::new(Method::POST, bucket, url).json(draft.body(kind, &Value::Null));
        Hook::read(kind, &self.value(ask).await?)
    }

    /// Makes a hook what it should be; what admins have added to it stays. Where its channel changes, an event hook has to be verified
    /// again.
    ///
    /// # Errors
    /// [`OktaError`]; [`OktaError::Rejected`] has Okta's own words.
    pub async fn replace_hook(&self, hook: &Hook, draft: &HookDraft) -> Result<Hook, OktaError> {
        let (bucket, path) = hook.kind.bucket();
        let url = self.url(&[path, &hook.id]).ok_or(OktaError::NotFound)?;
        let ask = Ask::new(Method::PUT, bucket, url).json(draft.body(hook.kind, &hook.own));
        Hook::read(hook.kind, &self.value(ask).await?)
    }

    /// Switches a hook on or off. One telephony hook can be on at a time.
    ///
    /// # Errors
    /// [`OktaError`]; [`OktaError::Rejected`] has Okta's own words.
    pub async fn switch_hook(&self, hook: &Hook, on: bool) -> Result<Hook, OktaError> {
        self.lifecycle(hook, if on { "activate" } else { "deactivate" }).await
    }

    /// Has Okta ask an event hook for its one-time verification.
    ///
    /// # Errors
    /// [`OktaError::Rejected`] where the hook did not answer as it should.
    pub async fn verify_hook(&self, hook: &Hook) -> Result<Hook, OktaError> {
        self.lifecycle(hook, "verify").await
    }

    async fn lifecycle(&self, hook: &Hook, what: &str) -> Result<Hook, OktaError> {
        let (bucket, path) = hook.kind.bucket();
        let url = self.url(&[path, &hook.id, "lifecycle", what]).ok_or(OktaError::NotFound)?;
        Hook::read(hook.kind, &self.value(Ask::new(Method::POST, bucket, url)).await?)
    }

    /// Has Okta call a telephony hook with this body; what the hook answered. Okta sends no code by itself then.
    ///
    /// # Errors
    /// [`OktaError::Rejected`] where Okta could not reach the hook, or could not read its answer.
    pub async fn execute_hook(&self, hook: &Hook, body: Value) -> Result<Value, OktaError> {
        let (bucket, path) = hook.kind.bucket();
        let url = self.url(&[path, &hook.id, "execute"]).ok_or(OktaError::NotFound)?;
        self.value(Ask::new(Method::POST, bucket, url).json(body)).await
    }

    /// The native telephony providers; an org on Classic has none.
    ///
    /// # Errors
    /// [`OktaError`] says what to do.
    pub async fn native_providers(&self) -> Result<Vec<NativeProvider>, OktaError> {
        let url = self.url(&["telephony-providers"]).ok_or(OktaError::NotFound)?;
        let list = match self.value(Ask::get(Bucket::TelephonyProviders, url)).await {
            Err(OktaError::NotFound) => return Ok(Vec::new()),
            other => other?,
        };
        let list = list.as_array().ok_or(OktaError::Malformed { what: "the list of telephony providers" })?;
        Ok(list
            .iter()
            .filter_map(|it| {
                Some(NativeProvider {
                    id: it["id"].as_str()?.to_owned(),
                    name: plain(it["name"].as_str().unwrap_or("without a name")),
                    active: it["status"] == "ACTIVE",
                })
            })
            .collect())
    }

    /// Switches a native provider off.
    ///
    /// # Errors
    /// [`OktaError`] says what to do.
    pub async fn stop_native_provider(&self, provider: &NativeProvider) -> Result<(), OktaError> {
        let path = ["telephony-providers", &provider.id, "lifecycle", "deactivate"];
        let url = self.url(&path).ok_or(OktaError::NotFound)?;
        self.ask(Ask::new(Method::POST, Bucket::TelephonyProviders, url)).await.map(drop)
    }

    async fn value(&self, ask: Ask) -> Result<Value, OktaError> {
        let answer = self.ask(ask).await?;
        serde_json::from_slice(&answer.body).map_err(|_| OktaError::Malformed { what: "the JSON" })
    }
}

impl HookDraft {
    /// As Okta wants it, with what admins have added to the hook that it replaces.
    fn body(&self, kind: HookKind, old: &Value) -> Value {
        let headers = old["channel"]["config"].get("headers").cloned().unwrap_or_else(|| json!([]));
        let config = json!({
            "uri": self.url,
            "method": "POST",
            "headers": headers,
            "authScheme": { "type": "HEADER", "key": self.header, "value": self.secret.expose_secret() },
        });
        let channel = json!({ "type": "HTTP", "version": "1.0.0", "config": config });
        match kind {
            HookKind::Telephony => {
                json!({ "name": self.name, "version": "1.0.0", "type": TELEPHONY, "channel": channel })
            }
            HookKind::Events => {
                let mut events = json!({ "type": "EVENT_TYPE", "items": self.events });
                let mut body = json!({ "name": self.name, "channel": channel });
                if let Some(filter) = old["events"].get("filter").filter(|filter| !filter.is_null()) {
                    events["filter"] = filter.clone();
                }
                if let Some(words) = old.get("description").filter(|words| words.is_string()) {
                    body["description"] = words.clone();
                }
                body["events"] = events;
                body
            }
        }
    }
}

impl Hook {
    fn read(kind: HookKind, it: &Value) -> Result<Self, OktaError> {
        let id = it["id"].as_str().filter(|id| !id.is_empty() && id.chars().all(char::is_alphanumeric));
        let id = id.ok_or(OktaError::Malformed { what: "the hook" })?.to_owned();
        let config = &it["channel"]["config"];
        let text = |value: &Value| value.as_str().map(plain);
        let events = it["events"]["items"].as_array().into_iter().flatten();
        let filters = it["events"]["filter"]["eventFilterMap"].as_array().into_iter().flatten();
        let filter = |it: &Value| Some((text(&it["event"])?, text(&it["condition"]["expression"])?));
        Ok(Self {
            id,
            kind,
            name: text(&it["name"]).unwrap_or_default(),
            active: it["status"] == "ACTIVE",
            verified: (kind == HookKind::Events).then(|| it["verificationStatus"] == "VERIFIED"),
            url: text(&config["uri"]),
            header: text(&config["authScheme"]["key"]).map(|key| key.to_lowercase()),
            events: events.filter_map(text).collect(),
            filters: filters.filter_map(filter).collect(),
            own: it.clone(),
        })
    }
}

/// Somebody else's text, as it may stand on a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(1024).collect()
}
