//! Queries that must find nothing: `tests/invariants/*.sql`, one promise each.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnection;

use crate::books::{Row, rows_of};

/// A query that must find nothing.
#[derive(Debug, Clone)]
pub struct Invariant {
    /// The file's name without its ending.
    pub name: String,
    /// The query.
    pub sql: String,
}

/// Rows that should not be there.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Of which invariant.
    pub invariant: String,
    /// The first of them.
    pub rows: Vec<Row>,
}

/// All invariants, by name.
pub fn all() -> Vec<Invariant> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../invariants");
    let files = std::fs::read_dir(&dir).unwrap_or_else(|err| panic!("{}: {err}", dir.display()));
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "sql")).collect();
    files.sort();
    let read = |path: PathBuf| Invariant {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        sql: std::fs::read_to_string(&path).unwrap().trim_end().trim_end_matches(';').to_owned(),
    };
    files.into_iter().map(read).collect()
}

/// Asks all of them; gives those that found something.
pub async fn check(session: &mut PgConnection) -> Vec<Violation> {
    let mut violations = Vec::new();
    for Invariant { name, sql } in all() {
        let found = rows_of(session, &format!("{sql}\nLIMIT 20")).await;
        let rows = found.unwrap_or_else(|err| panic!("{name}: {err}"));
        if !rows.is_empty() {
            violations.push(Violation { invariant: name, rows });
        }
    }
    violations
}
