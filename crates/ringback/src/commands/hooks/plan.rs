//! What has to be done so that an org's hooks are as they should be. Nothing is done here.

use std::fmt;

use okta::{Hook, HookKind, NativeProvider};

use super::register::Options;
use super::state::{OrgHooks, Wanted};

/// One call to Okta.
#[derive(Debug)]
pub(super) enum Step {
    /// Okta's own provider, which stands in the way.
    StopNative(NativeProvider),
    /// Another telephony hook, which stands in the way.
    Stop(Hook),
    /// A new hook.
    Create(HookKind),
    /// Ours, as it should be.
    Replace(Hook, Vec<String>),
    /// Ours, switched on.
    Start(HookKind),
    /// The event hook's one-time verification.
    Verify,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopNative(provider) => {
                write!(f, "deactivate Okta's own telephony provider {}", provider.name)
            }
            Self::Stop(hook) => write!(f, "deactivate the telephony hook {} ({})", hook.name, hook.id),
            Self::Create(kind) => write!(f, "create the {} hook", kind.as_str()),
            Self::Replace(hook, why) => {
                write!(
                    f,
                    "update the {} hook {} ({}): {}",
                    hook.kind.as_str(),
                    hook.name,
                    hook.id,
                    why.join("; ")
                )
            }
            Self::Start(kind) => write!(f, "activate the {} hook", kind.as_str()),
            Self::Verify => f.write_str("have Okta verify the events hook"),
        }
    }
}

/// The steps, in order.
///
/// # Errors
/// What stands in the way, and what to do about it; one sentence each.
pub(super) fn plan(hooks: &OrgHooks, wanted: &Wanted, options: &Options) -> Result<Vec<Step>, Vec<String>> {
    let mut steps = Vec::new();
    let sends = wanted.sends();
    let ours = wanted.ours(HookKind::Telephony, &hooks.telephony);
    let others = || {
        let is_ours = move |hook: &&Hook| ours.is_some_and(|ours| ours.id == hook.id);
        hooks.telephony.iter().filter(move |hook| hook.active && !is_ours(hook))
    };
    if sends && !options.replace {
        let mut obstacles = Vec::new();
        obstacles.extend(others().map(|hook| {
            format!(
                "the telephony hook {} ({}) is active, and only one can be: deactivate it in the Admin Console (Workflow > Inline Hooks), or run this with --replace",
                hook.name, hook.id
            )
        }));
        obstacles.extend(hooks.native_in_use().map(|native| {
            format!(
                "Okta's own telephony provider {} is active, and no telephony hook can be beside it: deactivate it in the Admin Console, or run this with --replace",
                native.name
            )
        }));
        if !obstacles.is_empty() {
            return Err(obstacles);
        }
    }
    if sends {
        steps.extend(hooks.native_in_use().cloned().map(Step::StopNative));
        steps.extend(others().cloned().map(Step::Stop));
    }
    for &kind in wanted.kinds {
        let all = match kind {
            HookKind::Telephony => &hooks.telephony,
            HookKind::Events => &hooks.events,
        };
        let Some(hook) = wanted.ours(kind, all) else {
            steps.push(Step::Create(kind));
            if kind == HookKind::Events {
                steps.push(Step::Verify);
            }
            continue;
        };
        let mut why = wanted.differences(hook);
        if options.resend_secret {
            why.push("its secret is sent again".to_owned());
        }
        let changes = !why.is_empty();
        if changes {
            steps.push(Step::Replace(hook.clone(), why));
        }
        if !hook.active {
            steps.push(Step::Start(kind));
        }
        // A changed channel has to be verified again.
        if kind == HookKind::Events && (changes || hook.verified != Some(true)) {
            steps.push(Step::Verify);
        }
    }
    Ok(steps)
}
