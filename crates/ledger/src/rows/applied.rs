use serde::Serialize;

/// The end of one [`crate::Ledger::apply`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The facts the database refused for their content: position in the slice, and why. All others are in the books.
    pub quarantined: Vec<(usize, String)>,
}

/// The end of one [`crate::Ledger::migrate`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// The migrations that ran now, by name.
    pub ran: Vec<String>,
    /// The schema's version now. Above what this binary knows only where the newer schema says that this binary may work on it.
    pub version: i64,
}
