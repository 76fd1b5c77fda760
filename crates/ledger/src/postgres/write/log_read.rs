use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::LogRead;
use sqlx::postgres::PgConnection;

use super::column::{column, moment};
use crate::text::instant;

/// How far a batch says that logs were read: the furthest counts.
#[derive(Default)]
pub(super) struct LogCursors<'f>(BTreeMap<&'f str, Timestamp>);

impl<'f> LogCursors<'f> {
    pub(super) fn read(&mut self, read: &'f LogRead) {
        let until = instant(read.until);
        let furthest = self.0.entry(read.org.as_str()).or_insert(until);
        *furthest = until.max(*furthest);
    }

    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO okta_log_cursors AS c (org, read_until)
            SELECT * FROM unnest($1::text[], $2::timestamptz[])
            ON CONFLICT (org) DO UPDATE SET read_until = excluded.read_until WHERE excluded.read_until > c.read_until",
            column(&rows, |(org, _)| *org) as _,
            column(&rows, |(_, until)| moment(*until)) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
