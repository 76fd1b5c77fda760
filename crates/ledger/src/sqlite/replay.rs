use jiff::Timestamp;
use otp::EventId;

use super::{SqliteLedger, fault};
use crate::ApplyError;
use crate::text::{moment, text};

impl SqliteLedger {
    pub(crate) async fn mark_replayed(&self, event: &EventId, at: Timestamp) -> Result<u64, ApplyError> {
        let note = sqlx::query(
            "UPDATE dead_letters SET replayed_at = ?3 WHERE org = ?1 AND event_uuid = ?2 AND replayed_at IS NULL",
        )
        .bind(event.org.as_str().to_owned())
        .bind(text(&event.uuid).into_owned())
        .bind(moment(at));
        let noted = self
            .writing(move |connection| {
                Box::pin(async move { note.execute(connection).await.map_err(fault::of) })
            })
            .await??;
        Ok(noted.rows_affected())
    }
}
