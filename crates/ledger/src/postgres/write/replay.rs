use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use otp::EventReplayed;
use sqlx::postgres::PgConnection;

use super::column::{column, moment};
use crate::text::{instant, text};

/// What a batch puts through the queue again: an org, an event and when.
#[derive(Default)]
pub(super) struct Replays<'f>(BTreeSet<(&'f str, Cow<'f, str>, Timestamp)>);

impl<'f> Replays<'f> {
    pub(super) fn replayed(&mut self, replay: &'f EventReplayed) {
        let event = &replay.received.event.id;
        self.0.insert((event.org.as_str(), text(&event.uuid), instant(replay.replayed_at)));
    }

    /// A dead letter waits until the first replay after it, whichever of the two facts comes first.
    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO event_replays (org, uuid, replayed_at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
            ON CONFLICT (org, uuid, replayed_at) DO NOTHING",
            column(&rows, |(org, ..)| *org) as _,
            column(&rows, |(_, uuid, _)| uuid.as_ref()) as _,
            column(&rows, |(.., at)| moment(*at)) as _,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "UPDATE dead_letters d SET replayed_at = (
                SELECT min(r.replayed_at) FROM event_replays r
                WHERE r.org = d.org AND r.uuid = d.event_uuid AND r.replayed_at >= d.dead_at
            )
            WHERE (d.event_uuid, d.org) IN (SELECT * FROM unnest($2::text[], $1::text[]))",
            column(&rows, |(org, ..)| *org) as _,
            column(&rows, |(_, uuid, _)| uuid.as_ref()) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
