use std::time::Duration;

/// What the database said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a ledger was not opened. Never carries the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A database this binary does not speak.
    #[error("a ledger in {0} is not supported by this version; use sqlite:PATH or postgres://…")]
    Unsupported(&'static str),
    /// Not a URL of a ledger.
    #[error("the ledger's URL {0}; it reads sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    Url(&'static str),
    /// The file or its folder could not be made.
    #[error("the ledger's file could not be made: {0}")]
    File(#[source] std::io::Error),
    /// The database could not be opened.
    #[error("the ledger could not be opened: {0}")]
    Database(#[source] Cause),
}

/// Why a schema was not brought up.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer binary has changed the schema in a way this one does not understand.
    #[error(
        "the ledger's schema is version {found}, made by a newer ringback; this one knows version {known}: update it"
    )]
    TooNew {
        /// The schema's version.
        found: i64,
        /// The newest this binary knows.
        known: i64,
    },
    /// A migration that ran is not the one of the same number in this binary.
    #[error(
        "migration {0} of the ledger is not the one this binary holds: was it built from a changed file?"
    )]
    Changed(i64),
    /// The database may forget what it took, and the journal does not keep it: a crash would lose facts for good.
    #[error(
        "Postgres runs with {setting}={value}, so a crash may lose what it took: turn {setting} on, or accept it with \
        `ledger.require_durable = false`"
    )]
    NotDurable {
        /// The setting of Postgres.
        setting: &'static str,
        /// What it is set to.
        value: String,
    },
    /// The database is busy or away: try again.
    #[error("the ledger cannot be reached now: {0}")]
    Unavailable(#[source] Cause),
    /// A migration failed; nothing of it remains.
    #[error("the ledger could not be migrated: {0}")]
    Failed(#[source] Cause),
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// No end within the time allowed. It may still take effect: applying again is harmless.
    #[error("the ledger did not finish within {0:?}")]
    Timeout(Duration),
    /// The database is busy, full or away.
    #[error("the ledger cannot be written now: {0}")]
    Unavailable(#[source] Cause),
    /// The schema is not the one this binary writes.
    #[error("the ledger's schema is missing or of another version, run `ringback migrate`: {0}")]
    Schema(#[source] Cause),
    /// Anything else: a damaged file, or a mistake of ours.
    #[error("the ledger failed: {0}")]
    Failed(#[source] Cause),
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No answer within the time allowed.
    #[error("the ledger did not answer within {0:?}")]
    Timeout(Duration),
    /// The database is busy or away.
    #[error("the ledger cannot be read now: {0}")]
    Unavailable(#[source] Cause),
    /// The schema is not the one this binary reads.
    #[error("the ledger's schema is missing or of another version, run `ringback migrate`: {0}")]
    Schema(#[source] Cause),
    /// A value nobody of this version wrote.
    #[error("the ledger holds a {column} this version cannot read")]
    Damaged {
        /// Where it stands. What stands there is not said: it may be anything.
        column: &'static str,
    },
    /// Anything else: a damaged file, or a mistake of ours.
    #[error("the ledger failed: {0}")]
    Failed(#[source] Cause),
}

impl ApplyError {
    /// True when the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Unavailable(_))
    }
}

impl ReadError {
    /// True when the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Unavailable(_))
    }
}

/// What a database error means, whichever the database.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The value is refused; another value would do.
    Content(String),
    Timeout(Duration),
    Unavailable(Cause),
    Schema(Cause),
    Failed(Cause),
}

impl From<Fault> for ApplyError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Content(reason) => Self::Failed(reason.into()),
            Fault::Timeout(limit) => Self::Timeout(limit),
            Fault::Unavailable(cause) => Self::Unavailable(cause),
            Fault::Schema(cause) => Self::Schema(cause),
            Fault::Failed(cause) => Self::Failed(cause),
        }
    }
}

impl From<Fault> for MigrateError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Timeout(limit) => Self::Unavailable(format!("no answer within {limit:?}").into()),
            Fault::Unavailable(cause) => Self::Unavailable(cause),
            Fault::Schema(cause) | Fault::Failed(cause) => Self::Failed(cause),
            Fault::Content(reason) => Self::Failed(reason.into()),
        }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Content(reason) => Self::Failed(reason.into()),
            Fault::Timeout(limit) => Self::Timeout(limit),
            Fault::Unavailable(cause) => Self::Unavailable(cause),
            Fault::Schema(cause) => Self::Schema(cause),
            Fault::Failed(cause) => Self::Failed(cause),
        }
    }
}
