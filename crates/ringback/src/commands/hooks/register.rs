use std::process::ExitCode;

use okta::{Hook, HookKind, OktaClient, OktaError, Scope};

use super::plan::{Step, plan};
use super::state::{self, OrgHooks, Wanted};
use crate::commands::CommandError;
use crate::commands::output::line;
use crate::config::{Config, OrgConfig};

/// What it may do.
pub(super) struct Options {
    pub(super) dry_run: bool,
    pub(super) replace: bool,
    pub(super) resend_secret: bool,
}

/// `ringback hooks register`
pub(super) async fn run(
    config: &Config,
    org: &OrgConfig,
    options: Options,
) -> Result<ExitCode, CommandError> {
    let wanted = Wanted::of(config, org).map_err(CommandError::Argument)?;
    // Before anything is changed: is there a secret to give?
    wanted.draft(HookKind::Telephony, None)?;
    let client = state::client(
        org,
        &[Scope::InlineHooksRead, Scope::InlineHooksManage, Scope::EventHooksRead, Scope::EventHooksManage],
    )?;
    let hooks = OrgHooks::ask(org).await?;
    if hooks.native.is_none() {
        line(
            "note: Okta's own telephony providers cannot be seen with this credential; if one is active, Okta refuses the hook",
        );
    }
    let steps = match plan(&hooks, &wanted, &options) {
        Ok(steps) => steps,
        Err(obstacles) => {
            for obstacle in obstacles {
                line(format_args!("{}: {obstacle}", org.name));
            }
            line("nothing was changed");
            return Ok(ExitCode::from(1));
        }
    };
    if steps.is_empty() {
        line(format_args!("{}: both hooks are as they should be", org.name));
        return Ok(ExitCode::SUCCESS);
    }
    if options.dry_run {
        for step in steps {
            line(format_args!("{}: would {step}", org.name));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let native = state::client(org, &[Scope::TelephonyProvidersManage])?;
    let mut work = Work {
        client: &client,
        native: &native,
        wanted: &wanted,
        telephony: wanted.ours(HookKind::Telephony, &hooks.telephony).cloned(),
        events: wanted.ours(HookKind::Events, &hooks.events).cloned(),
        stopped: Vec::new(),
    };
    for step in steps {
        match work.take(&step).await {
            Ok(()) => line(format_args!("{}: done: {step}", org.name)),
            Err(err) => {
                line(format_args!("{}: failed: {step}: {err:#}", org.name));
                work.undo(org).await;
                if matches!(step, Step::Verify) {
                    line(
                        "Okta has to reach the running service at server.public_url; then run `ringback hooks verify`",
                    );
                }
                return Ok(ExitCode::from(1));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Work<'a> {
    client: &'a OktaClient,
    native: &'a OktaClient,
    wanted: &'a Wanted,
    telephony: Option<Hook>,
    events: Option<Hook>,
    /// What was switched off, while ours is not on yet.
    stopped: Vec<Hook>,
}

impl Work<'_> {
    async fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        let hook = match step {
            Step::StopNative(provider) => return Ok(self.native.stop_native_provider(provider).await?),
            Step::Stop(hook) => {
                self.client.switch_hook(hook, false).await?;
                self.stopped.push(hook.clone());
                return Ok(());
            }
            Step::Create(kind) => self.client.create_hook(*kind, &self.wanted.draft(*kind, None)?).await?,
            Step::Replace(hook, _) => {
                self.client.replace_hook(hook, &self.wanted.draft(hook.kind, Some(hook))?).await?
            }
            Step::Start(kind) => {
                self.client.switch_hook(self.of(*kind).ok_or(OktaError::NotFound)?, true).await?
            }
            Step::Verify => {
                let hook = self.of(HookKind::Events).ok_or(OktaError::NotFound)?;
                self.client.verify_hook(hook).await?
            }
        };
        if hook.kind == HookKind::Telephony && hook.active {
            self.stopped.clear();
        }
        match hook.kind {
            HookKind::Telephony => self.telephony = Some(hook),
            HookKind::Events => self.events = Some(hook),
        }
        Ok(())
    }

    fn of(&self, kind: HookKind) -> Option<&Hook> {
        match kind {
            HookKind::Telephony => self.telephony.as_ref(),
            HookKind::Events => self.events.as_ref(),
        }
    }

    /// An org without any telephony hook sends no codes: what was switched off for ours is switched on again.
    async fn undo(&mut self, org: &OrgConfig) {
        for hook in std::mem::take(&mut self.stopped) {
            match self.client.switch_hook(&hook, true).await {
                Ok(_) => line(format_args!("{}: undone: {} is active again", org.name, hook.name)),
                Err(err) => line(format_args!(
                    "{}: the telephony hook {} ({}) was deactivated and cannot be activated again: {err}",
                    org.name, hook.name, hook.id
                )),
            }
        }
    }
}
