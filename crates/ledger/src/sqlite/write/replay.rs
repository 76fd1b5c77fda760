use otp::{EventReplayed, EventSettled, EventState};
use sqlx::SqliteConnection;

use super::event;
use crate::rows::REPLAYED;
use crate::text::{moment, text};

/// Queued again: a word like any end, so the later one counts. A dead letter waits until the first replay after it, whichever of the two
/// facts comes first.
pub(super) async fn replayed(
    connection: &mut SqliteConnection,
    replays: &[&EventReplayed],
) -> Result<(), sqlx::Error> {
    // Rare: no use in gathering them.
    for replay in replays {
        let queued = EventSettled {
            event: replay.received.event.id.clone(),
            state: EventState::Queued,
            note: Some(REPLAYED.to_owned()),
            attempts: 0,
            transaction: None,
            verified_at: None,
            settled_at: replay.replayed_at,
            replayed_at: None,
        };
        event::settled(connection, &[&queued]).await?;
        let (org, uuid) = (queued.event.org.as_str(), text(&queued.event.uuid));
        sqlx::query(
            "INSERT INTO event_replays (org, uuid, replayed_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (org, uuid, replayed_at) DO NOTHING",
        )
        .bind(org)
        .bind(uuid.as_ref())
        .bind(moment(replay.replayed_at))
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "UPDATE dead_letters SET replayed_at = (
                SELECT min(r.replayed_at) FROM event_replays r
                WHERE r.org = dead_letters.org AND r.uuid = dead_letters.event_uuid AND r.replayed_at >= dead_letters.dead_at
            )
            WHERE org = ?1 AND event_uuid = ?2",
        )
        .bind(org)
        .bind(uuid.as_ref())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
