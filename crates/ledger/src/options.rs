use std::time::Duration;

/// How patient a ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long SQLite waits for another process that writes to the same file.
    pub busy_timeout: Duration,
    /// The most any one statement, or batch of facts, may take. Shorter where wanted: [`crate::Ledger::within`].
    pub timeout: Duration,
    /// Connections for reading. Writing has its own.
    pub readers: u32,
    /// Refuse a Postgres that may forget what it took (`fsync` or `synchronous_commit` off). SQLite is always asked to sync.
    pub require_durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(5),
            readers: 3,
            require_durable: true,
        }
    }
}
