//! `ringback hooks`: both of Okta's hooks, registered, tried and looked at through Okta's management API.

mod list;
mod plan;
mod register;
mod state;
mod verify;

use std::path::Path;
use std::process::ExitCode;

pub(super) use self::state::{Judged, OrgHooks, Wanted};
use super::{CommandError, load};
use crate::cli::{HooksCommand, org_name};
use crate::config::{Config, OrgConfig};

/// `ringback hooks …`
pub(super) async fn run(file: Option<&Path>, what: HooksCommand) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    match what {
        HooksCommand::List { org, json } => list::run(&config, &chosen(&config, org.as_deref())?, json).await,
        HooksCommand::Register { org, dry_run, replace, resend_secret } => {
            let org = one(&config, org.as_deref())?;
            register::run(&config, org, register::Options { dry_run, replace, resend_secret }).await
        }
        HooksCommand::Verify { org } => verify::run(&config, one(&config, org.as_deref())?).await,
    }
}

/// The org of that name, or all.
fn chosen<'a>(config: &'a Config, name: Option<&str>) -> Result<Vec<&'a OrgConfig>, CommandError> {
    let name = org_name(name).map_err(CommandError::Argument)?;
    let orgs: Vec<_> =
        config.orgs.iter().filter(|org| name.as_ref().is_none_or(|name| org.name == *name)).collect();
    if let (Some(name), true) = (name, orgs.is_empty()) {
        return Err(CommandError::Argument(format!("--org: there is no org {name} in the configuration")));
    }
    Ok(orgs)
}

/// The one org that is meant.
fn one<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a OrgConfig, CommandError> {
    match chosen(config, name)?[..] {
        [org] => Ok(org),
        ref several => {
            let names: Vec<_> = several.iter().map(|org| org.name.as_str()).collect();
            Err(CommandError::Argument(format!("--org: say which one: {}", names.join(", "))))
        }
    }
}
