use std::time::Duration;

/// How patient a ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long SQLite waits for another process that writes to the same file.
    pub busy_timeout: Duration,
    /// The most any one statement, or batch of facts, may take. Shorter where wanted: [`crate::Ledger::within`].
    pub timeout: Duration,
    /// Connections for reading. Writing has one of its own.
    pub readers: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(3), timeout: Duration::from_secs(5), readers: 3 }
    }
}
