use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use okta::{Hook, HookDraft, HookKind, NativeProvider, OktaClient, OktaError, Scope};
use otp::{Clock, Entropy, SystemClock, SystemEntropy};
use secrecy::SecretString;

use crate::commands::CommandError;
use crate::config::{Config, Mode, OrgConfig};
use crate::parts;

/// What the event hook is to be told of: logins and enrolments, by which feedback goes; what Okta says of hooks that failed and of
/// what it sent by itself. More than these cannot be had in an event hook.
const EVENTS: [&str; 5] = [
    "user.authentication.auth_via_mfa",
    "user.mfa.factor.activate",
    "inline_hook.executed",
    "system.sms.send_phone_verification_message",
    "system.voice.send_phone_verification_call",
];

/// For one question: Okta tries a hook twice, three seconds each, before it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both hooks of an org, as its configuration wants them.
pub(in crate::commands) struct Wanted {
    name: String,
    base: String,
    header: String,
    secret: Option<SecretString>,
    /// Those that are to be there: where Okta sends the codes by itself, no telephony hook.
    pub(super) kinds: &'static [HookKind],
}

/// What an org has.
pub(in crate::commands) struct OrgHooks {
    pub(super) telephony: Vec<Hook>,
    pub(super) events: Vec<Hook>,
    /// `None` where we may not see them.
    pub(super) native: Option<Vec<NativeProvider>>,
}

/// A hook of an org, and what is wrong with it.
pub(in crate::commands) struct Judged<'a> {
    pub(in crate::commands) kind: HookKind,
    /// `None`: there is none.
    pub(in crate::commands) hook: Option<&'a Hook>,
    /// It is the one that the configuration means.
    pub(in crate::commands) ours: bool,
    /// In words.
    pub(in crate::commands) wrong: Vec<String>,
}

impl Wanted {
    /// What an org's configuration wants, or why nobody can say.
    pub(in crate::commands) fn of(config: &Config, org: &OrgConfig) -> Result<Self, String> {
        let Some(url) = &config.server.public_url else {
            return Err("server.public_url: is missing: it is where Okta is to call".to_owned());
        };
        if url.scheme() != "https" {
            return Err("server.public_url: is not https, and Okta calls nothing else".to_owned());
        }
        let base = format!("{}/okta/{}", url.as_str().trim_end_matches('/'), org.name);
        Ok(Self {
            name: format!("Ringback {}", org.name),
            base,
            header: org.hook_header.as_str().to_owned(),
            secret: org.hook_secrets.first().cloned(),
            kinds: match config.feedback.mode {
                Mode::Dispatch => &[HookKind::Telephony, HookKind::Events],
                Mode::FeedbackOnly => &[HookKind::Events],
            },
        })
    }

    /// Whether codes are sent here.
    pub(super) fn sends(&self) -> bool {
        self.kinds.contains(&HookKind::Telephony)
    }

    /// Where Okta is to call.
    pub(super) fn url(&self, kind: HookKind) -> String {
        format!("{}/{}", self.base, kind.as_str())
    }

    /// A hook to be made, or to be put in the place of this one: what that one was told of beside it, it is told of still.
    pub(super) fn draft(&self, kind: HookKind, old: Option<&Hook>) -> anyhow::Result<HookDraft> {
        let mut events: Vec<String> = old.map(|old| old.events.clone()).unwrap_or_default();
        if kind == HookKind::Events {
            events.extend(EVENTS.iter().map(|it| (*it).to_owned()));
            let mut seen = std::collections::HashSet::new();
            events.retain(|it| seen.insert(it.clone()));
        }
        let name = old.map_or_else(|| format!("{} {}", self.name, kind.as_str()), |old| old.name.clone());
        Ok(HookDraft {
            name,
            url: self.url(kind),
            header: self.header.clone(),
            secret: self.secret.clone().context("hook_secrets is empty, and a hook needs one")?,
            events,
        })
    }

    /// The hook that is meant, among those of an org: by its address, or by the name that we give.
    pub(super) fn ours<'a>(&self, kind: HookKind, hooks: &'a [Hook]) -> Option<&'a Hook> {
        let name = format!("{} {}", self.name, kind.as_str());
        let by_url = hooks.iter().find(|hook| hook.url.as_deref() == Some(&self.url(kind)));
        by_url.or_else(|| hooks.iter().find(|hook| hook.name == name))
    }

    /// What of a hook's channel and events is not as it should be. The secret cannot be seen.
    pub(super) fn differences(&self, hook: &Hook) -> Vec<String> {
        let mut wrong = Vec::new();
        let url = self.url(hook.kind);
        if hook.url.as_deref() != Some(&url) {
            wrong.push(format!("its URL is not {url}"));
        }
        if hook.header.as_deref() != Some(&self.header) {
            wrong.push(format!("its secret does not come in the header {}", self.header));
        }
        if hook.kind == HookKind::Events {
            let lacks: Vec<_> =
                EVENTS.iter().filter(|it| !hook.events.iter().any(|has| has == *it)).collect();
            wrong.extend(lacks.iter().map(|event| format!("it is not told of {event}")));
        }
        wrong
    }
}

impl OrgHooks {
    /// Asks an org for everything it has.
    pub(in crate::commands) async fn ask(org: &OrgConfig) -> Result<Self, CommandError> {
        let client = client(org, &[Scope::InlineHooksRead, Scope::EventHooksRead])?;
        let told = |err: OktaError| anyhow::Error::from(err).context(format!("okta {}", org.name));
        let telephony = client.hooks(HookKind::Telephony).await.map_err(told)?;
        let events = client.hooks(HookKind::Events).await.map_err(told)?;
        // Not everybody's app or admin may see them, and an org on Classic has none.
        let native = client_for_native(org)?.native_providers().await.ok();
        Ok(Self { telephony, events, native })
    }

    /// The native providers that are in use.
    pub(super) fn native_in_use(&self) -> impl Iterator<Item = &NativeProvider> {
        self.native.iter().flatten().filter(|it| it.active)
    }

    /// Every hook and what is wrong with it; what is missing too. Without knowing what is wanted, nothing is wrong.
    pub(in crate::commands) fn judge(&self, wanted: Option<&Wanted>) -> Vec<Judged<'_>> {
        let mut all = Vec::new();
        for (kind, hooks) in [(HookKind::Telephony, &self.telephony), (HookKind::Events, &self.events)] {
            let wanted = wanted.filter(|wanted| wanted.kinds.contains(&kind));
            let ours = wanted.and_then(|wanted| wanted.ours(kind, hooks));
            if let (Some(wanted), None) = (wanted, ours) {
                let wrong = vec![format!("there is none for {}", wanted.url(kind))];
                all.push(Judged { kind, hook: None, ours: true, wrong });
            }
            for hook in hooks {
                let ours = ours.is_some_and(|ours| ours.id == hook.id);
                let mut wrong = match wanted {
                    Some(wanted) if ours => wanted.differences(hook),
                    _ => Vec::new(),
                };
                if ours && !hook.active {
                    wrong.push("it is not active".to_owned());
                }
                if ours && hook.verified == Some(false) {
                    wrong.push("it is not verified, so it gets no events".to_owned());
                }
                if wanted.is_some() && !ours && kind == HookKind::Telephony && hook.active {
                    wrong.push("it is in use, and only one telephony hook can be".to_owned());
                }
                all.push(Judged { kind, hook: Some(hook), ours, wrong });
            }
        }
        all
    }
}

/// A client that may do no more than this.
pub(super) fn client(org: &OrgConfig, scopes: &[Scope]) -> Result<OktaClient, CommandError> {
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy));
    parts::okta_client(org, scopes, PATIENCE, &clock, &entropy)?.ok_or_else(|| {
        CommandError::Argument(format!(
            "okta.orgs.{}: there is nothing to ask Okta with: set base_url, and api_token or client_id and private_key",
            org.name
        ))
    })
}

fn client_for_native(org: &OrgConfig) -> Result<OktaClient, CommandError> {
    client(org, &[Scope::TelephonyProvidersRead])
}
