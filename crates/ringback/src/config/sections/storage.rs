use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

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
}

/// `[ledger]`
#[derive(Debug)]
pub(crate) struct LedgerConfig {
    /// `sqlite:PATH`; may hold a password for other engines, so it is a secret.
    pub(crate) url: SecretString,
}

/// `[queue]`
#[derive(Debug)]
pub(crate) struct QueueConfig {
    /// `memory:`
    pub(crate) url: SecretString,
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
        let dir: PathBuf = reader.parsed("dir", "data/journal", "a path").unwrap_or_default();
        let max_bytes = reader.size("max_bytes", "2GiB");
        if max_bytes < 1 << 20 {
            reader.problem("max_bytes", "is less than 1MiB");
        }
        let retain = reader.duration("retain", "24h");
        reader.finish();
        Self { dir, max_bytes, retain }
    }
}

impl LedgerConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let url = reader.secret_or("url", "sqlite:data/ledger.db");
        let text = url.expose_secret();
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            reader.problem("url", "Postgres is not supported by this version; use sqlite:PATH");
        } else if !text.starts_with("sqlite:") {
            reader.problem("url", "is not sqlite:PATH");
        }
        reader.finish();
        Self { url }
    }
}

impl QueueConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let url = reader.secret_or("url", "memory:");
        if url.expose_secret() != "memory:" {
            reader.problem("url", "only memory: is supported by this version");
        }
        // Checked, for the broker that will use it.
        let _: Option<String> = reader.parsed("prefix", "ringback", "a name");
        reader.finish();
        Self { url }
    }
}

impl PrivacyConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let key = reader.secret("key");
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
