use serde::Serialize;

/// How the ledger is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Which database: `sqlite` or `postgres`.
    pub backend: &'static str,
    /// The schema's version; 0 before the first migration.
    pub schema_version: i64,
    /// The newest schema this binary knows.
    pub known_version: i64,
    /// What it takes on disk, where that is known.
    pub bytes: Option<u64>,
}

impl Health {
    /// True when a migration of this binary has not run yet.
    pub fn needs_migration(&self) -> bool {
        self.schema_version < self.known_version
    }
}
