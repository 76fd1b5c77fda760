//! The configuration files of a deployment.

use std::path::Path;

use crate::body::SECRET;
use crate::cli::{Cli, Profile};
use crate::provider::{ACCOUNT, SERVICE};

/// 32 bytes that protect nothing.
const PRIVACY_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Writes `NAME.toml` for one process; every process has a journal of its own.
pub(crate) fn write(
    dir: &Path,
    name: &str,
    profile: Profile,
    provider: &str,
    backup: Option<&str>,
    books: &str,
    cli: &Cli,
) -> anyhow::Result<()> {
    let queue = match profile {
        Profile::Production => format!("[queue]\nurl = '{}'\nprefix = '{}'\n", cli.amqp, prefix(dir)),
        Profile::Embedded | Profile::Both => String::new(),
    };
    let text = format!(
        "[server]\nlisten = '127.0.0.1:0'\n\
         [admin]\nlisten = '127.0.0.1:0'\n\
         [journal]\ndir = '{name}/journal'\n\
         [ledger]\nurl = '{books}'\n\
         {queue}\
         [privacy]\nkey = '{PRIVACY_KEY}'\n\
         [okta.orgs.main]\nbase_url = '{provider}'\nhook_secrets = ['{SECRET}']\napi_token = 'load'\n\
         {}{}",
        verify("verify", provider),
        backup.map_or_else(String::new, |backup| verify("verify-backup", backup)),
    );
    std::fs::write(dir.join(format!("{name}.toml")), text)?;
    Ok(())
}

fn verify(name: &str, url: &str) -> String {
    format!(
        "[telephony.providers.{name}]\nkind = 'twilio-verify'\naccount_sid = '{ACCOUNT}'\nauth_token = 'load'\n\
         service_sid = '{SERVICE}'\nbase_url = '{url}'\n"
    )
}

/// Names that only this run uses, in the broker and among the databases.
pub(crate) fn prefix(dir: &Path) -> String {
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("load_{}", name.to_ascii_lowercase())
}
