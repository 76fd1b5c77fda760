use sqlx::Row as _;

use super::{SqliteLedger, fault};
use crate::ReadError;
use crate::rows::{Examination, Remark};

impl SqliteLedger {
    /// The whole file is read.
    pub(crate) async fn examine(&self) -> Result<Examination, ReadError> {
        let mut remarks = Vec::new();
        let text = |row: &sqlx::sqlite::SqliteRow| row.try_get::<String, _>(0).map_err(fault::of);
        for row in self.rows(sqlx::query("PRAGMA quick_check(3)")).await? {
            let said = text(&row)?;
            if said != "ok" {
                remarks.push(Remark::grave(
                    format!("the file is damaged: {said}"),
                    "stop the service, keep a copy, and bring back a backup (ops/runbooks/restore.md)",
                ));
            }
        }
        let mode = self.row(sqlx::query("PRAGMA journal_mode")).await?;
        let mode = mode.as_ref().map(text).transpose()?.unwrap_or_default();
        if mode != "wal" {
            remarks.push(Remark::minor(
                format!(
                    "its journal_mode is {mode} instead of wal: readers and the service wait for each other"
                ),
                "put the file on a local file system that has shared memory, and start the service once",
            ));
        }
        let version = self.row(sqlx::query("SELECT sqlite_version()")).await?;
        let version = version.as_ref().map(text).transpose()?.unwrap_or_default();
        Ok(Examination { server: format!("SQLite {version}"), now: None, remarks })
    }
}
