use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::reader::Reader;

/// `[journal]`
#[derive(Debug)]
pub(crate) struct JournalConfig {
    /// This process's own directory; its parent is the volume that is searched for left-behind journals.
    pub(crate) dir: PathBuf,
    /// Bound of what waits, in bytes.
    pub(crate) max_bytes: u64,
    /// For how long facts are kept after they were drained.
    pub(crate) retain: Duration,
    /// For what a hook begins with to be on disk; after that nothing is sent.
    pub(crate) append_timeout: Duration,
}

/// `[ledger]`
#[derive(Debug)]
pub(crate) struct LedgerConfig {
    /// `sqlite:PATH` or `postgres://…`; may hold a password, so it is a secret.
    pub(crate) url: SecretString,
    /// Refuse a Postgres that forgets what it has confirmed.
    pub(crate) require_durable: bool,
}

/// `[queue]`
#[derive(Debug)]
pub(crate) struct QueueConfig {
    /// `memory:` or `amqp[s]://…`; may hold a password, so it is a secret.
    pub(crate) url: SecretString,
    /// What every name at the broker begins with.
    pub(crate) prefix: String,
}

/// `[privacy]`
#[derive(Debug)]
pub(crate) struct PrivacyConfig {
    /// 32 bytes, base64; the embedded profile makes one.
    pub(crate) key: Option<SecretString>,
    /// For how long a sealed number is kept.
    pub(crate) phone_retention: Duration,
    /// For how long a transaction is kept.
    pub(crate) transaction_retention: Duration,
}

impl JournalConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let dir: String = reader.parsed("dir", "data/journal", "a path").unwrap_or_default();
        let dir = own_dir(&dir).unwrap_or_else(|err| {
            reader.problem("dir", format!("names {HOSTNAME}, which cannot be read: {err}"));
            PathBuf::new()
        });
        let max_bytes = reader.size("max_bytes", "2GiB");
        if max_bytes < 1 << 20 {
            reader.problem("max_bytes", "is less than 1MiB");
        }
        let retain = reader.duration("retain", "24h");
        let append_timeout = reader.duration("append_timeout", "750ms");
        if !APPEND_TIMEOUTS.contains(&append_timeout) {
            reader.problem(
                "append_timeout",
                "is not from 50ms to 1500ms: the provider needs the rest of the 3 seconds",
            );
        }
        reader.finish();
        Self { dir, max_bytes, retain, append_timeout }
    }
}

/// What `journal.append_timeout` may be.
const APPEND_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_millis(1500);

/// In `journal.dir`: this machine's (or container's) name, so that processes with one configuration do not share a directory.
const HOSTNAME: &str = "{hostname}";

fn own_dir(dir: &str) -> std::io::Result<PathBuf> {
    if !dir.contains(HOSTNAME) {
        return Ok(dir.into());
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    Ok(dir.replace(HOSTNAME, name.trim()).into())
}

impl LedgerConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let url = reader.secret_or("url", "sqlite:data/ledger.db");
        if !has_scheme(&url, &["sqlite:", "postgres://", "postgresql://"]) {
            reader.problem("url", "is neither sqlite:PATH nor postgres://USER@HOST/DATABASE");
        }
        let require_durable = reader.parsed("require_durable", "true", "true or false").unwrap_or(true);
        reader.finish();
        Self { url, require_durable }
    }
}

impl QueueConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let url = reader.secret_or("url", "memory:");
        if url.expose_secret() != "memory:" && !has_scheme(&url, &["amqp://", "amqps://"]) {
            reader.problem("url", "is neither memory: nor amqp[s]://USER:PASSWORD@HOST/VHOST");
        }
        let prefix: String = reader.parsed("prefix", "ringback", "a name").unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        // AMQP names end at 255 bytes, and the longest of ours adds 24.
        if prefix.is_empty() || prefix.len() > 200 || !prefix.chars().all(plain) {
            reader.problem("prefix", "is not 1 to 200 letters, digits, dots, dashes and underscores");
        }
        reader.finish();
        Self { url, prefix }
    }

    /// Messages go to a broker, which other processes use too.
    pub(crate) fn is_broker(&self) -> bool {
        self.url.expose_secret() != "memory:"
    }
}

/// Begins so, and is a URL where it is more than a path.
fn has_scheme(url: &SecretString, schemes: &[&str]) -> bool {
    let url = url.expose_secret();
    schemes
        .iter()
        .any(|scheme| url.starts_with(scheme) && (!scheme.ends_with("//") || url.parse::<Url>().is_ok()))
}

impl PrivacyConfig {
    pub(super) fn read(mut reader: Reader<'_>, embedded: bool) -> Self {
        let key = reader.secret("key");
        if key.is_none() && !embedded {
            reader
                .problem("key", "is missing: several processes need the same one (openssl rand -base64 32)");
        }
        if let Some(key) = &key
            && let Err(err) = otp::Vault::from_base64(key.expose_secret())
        {
            reader.problem("key", err);
        }
        let phone_retention = reader.duration("phone_retention", "24h");
        let transaction_retention = reader.duration("transaction_retention", "395d");
        reader.finish();
        Self { key, phone_retention, transaction_retention }
    }
}
