pub(crate) mod activity;
pub(crate) mod analytics;
mod analytics_equal;
mod both;
pub(crate) mod claims;
pub(crate) mod commit;
pub(crate) mod duplicates;
pub(crate) mod erasure;
pub(crate) mod facts;
mod faults;
pub(crate) mod listing;
pub(crate) mod matching;
pub(crate) mod order;
mod plans;
pub(crate) mod poison;
pub(crate) mod postgres;
pub(crate) mod privacy;
pub(crate) mod receipts;
mod roles;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod send_events;
pub(crate) mod sqlite;
pub(crate) mod unattributed;
pub(crate) mod unresolved;
pub(crate) mod untold;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger::{Ledger, Options};
use otp::Fact;

/// All rows of all tables, as text, sorted.
pub(crate) type Dump = BTreeMap<String, Vec<String>>;

/// A fresh ledger, and a way around it.
pub(crate) struct Bench {
    pub(crate) ledger: Ledger,
    pub(crate) url: String,
    /// Of a ledger nobody has migrated yet.
    pub(crate) other_url: String,
    /// Where its bytes lie, for tests that look for what must not be there.
    pub(crate) files: Option<PathBuf>,
    raw: Raw,
}

/// The test's own way to the rows.
pub(crate) enum Raw {
    Sqlite(sqlite::File),
    Postgres(postgres::Scratch),
}

impl Bench {
    /// Another process, as it were, on the same books.
    pub(crate) async fn another(&self) -> Ledger {
        Ledger::open(&self.url, Options::default()).await.unwrap()
    }

    /// Applies, and nothing may be refused.
    pub(crate) async fn apply(&self, facts: &[Fact]) {
        let applied = self.ledger.apply(facts).await.unwrap();
        assert_eq!(applied.quarantined, [], "nothing is refused");
    }

    pub(crate) async fn dump(&self) -> Dump {
        let dump = match &self.raw {
            Raw::Sqlite(file) => file.dump().await,
            Raw::Postgres(scratch) => scratch.dump().await,
        };
        assert!(dump.len() >= 8, "every table is looked at: {:?}", dump.keys());
        dump
    }

    /// The dump after these facts alone.
    pub(crate) async fn dump_of(&self, facts: &[Fact]) -> Dump {
        self.clear().await;
        self.apply(facts).await;
        self.dump().await
    }

    pub(crate) async fn count(&self, table: &str) -> usize {
        self.dump().await[table].len()
    }

    /// What a question gives in its column `line`.
    pub(crate) async fn lines(&self, sql: &str) -> Vec<String> {
        match &self.raw {
            Raw::Sqlite(file) => file.ask(sql).await,
            Raw::Postgres(scratch) => scratch.ask(sql).await,
        }
    }

    /// All of a view: its columns, and its rows in some order, each value as both databases can be made to show it.
    pub(crate) async fn view(&self, view: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let (columns, mut rows) = match &self.raw {
            Raw::Sqlite(file) => file.view(view).await,
            Raw::Postgres(scratch) => scratch.view(view).await,
        };
        rows.sort_unstable();
        (columns, rows)
    }

    pub(crate) async fn clear(&self) {
        match &self.raw {
            Raw::Sqlite(file) => file.clear().await,
            Raw::Postgres(scratch) => scratch.clear().await,
        }
    }

    /// A statement that no version of ours makes.
    pub(crate) async fn meddle(&self, sql: &'static str) {
        match &self.raw {
            Raw::Sqlite(file) => file.execute(sql).await,
            Raw::Postgres(scratch) => scratch.execute(sql).await,
        }
    }
}
