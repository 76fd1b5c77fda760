use otp::LogRead;
use sqlx::SqliteConnection;

use crate::text::moment;

/// The furthest counts.
pub(super) async fn read(connection: &mut SqliteConnection, read: &LogRead) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO okta_log_cursors AS c (org, read_until) VALUES (?1, ?2)
        ON CONFLICT (org) DO UPDATE SET read_until = excluded.read_until WHERE excluded.read_until > c.read_until",
    )
    .bind(read.org.as_str())
    .bind(moment(read.until))
    .execute(connection)
    .await?;
    Ok(())
}
