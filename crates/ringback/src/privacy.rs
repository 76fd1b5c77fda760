//! The key that phone numbers are kept under.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use otp::{SystemEntropy, Vault};
use secrecy::ExposeSecret as _;
use tracing::info;

use crate::config::Config;

/// The vault under the configured key; the embedded profile, which alone may go without, makes one beside the journal on first start.
pub(crate) fn vault(config: &Config) -> anyhow::Result<Vault> {
    if let Some(key) = &config.privacy.key {
        return Ok(Vault::from_base64(key.expose_secret())?);
    }
    let file = key_file(config);
    let key = match fs::read_to_string(&file) {
        Ok(key) => key,
        Err(err) if err.kind() == ErrorKind::NotFound => make_key(&file)?,
        Err(err) => return Err(err).context(format!("{} cannot be read", file.display())),
    };
    Vault::from_base64(&key).context(format!("{} holds no key", file.display()))
}

/// Where the embedded profile keeps its key.
pub(crate) fn key_file(config: &Config) -> PathBuf {
    config.journal.dir.parent().unwrap_or(Path::new("")).join("privacy.key")
}

fn make_key(file: &Path) -> anyhow::Result<String> {
    if let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).context(format!("{} cannot be made", dir.display()))?;
    }
    let key = Vault::new_key(&SystemEntropy);
    // Under another name first: a crash leaves either no key or a whole one.
    let partial = file.with_extension("new");
    let _ = fs::remove_file(&partial);
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    out.write_all(key.as_bytes())?;
    out.sync_all()?;
    fs::rename(&partial, file)?;
    info!(file = %file.display(), "made a privacy key; keep it, the books cannot be joined without it");
    Ok(key)
}
