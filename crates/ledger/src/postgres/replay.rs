use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use otp::EventId;

use super::{PostgresLedger, fault};
use crate::ApplyError;
use crate::text::{instant, text};

impl PostgresLedger {
    pub(crate) async fn mark_replayed(&self, event: &EventId, at: Timestamp) -> Result<u64, ApplyError> {
        let uuid = text(&event.uuid);
        let note = sqlx::query!(
            "UPDATE dead_letters SET replayed_at = $3 WHERE org = $1 AND event_uuid = $2 AND replayed_at IS NULL",
            event.org.as_str(),
            uuid.as_ref(),
            instant(at).to_sqlx() as _,
        );
        let noted = self
            .writing(move |connection| {
                Box::pin(async move { note.execute(connection).await.map_err(fault::of) })
            })
            .await??;
        Ok(noted.rows_affected())
    }
}
