use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::{EventId, EventReceived, EventReplayed, EventSettled, EventState, Factor, Reading};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column::{column, key, moment};
use crate::rows::REPLAYED;
use crate::text::{instant, optional, text};

/// What a batch says of events.
#[derive(Default)]
pub(super) struct Events<'f> {
    deliveries: BTreeMap<(Id<'f>, Uuid), &'f EventReceived>,
    settled: BTreeMap<Id<'f>, Settled<'f>>,
}

/// An org and Okta's uuid.
type Id<'f> = (&'f str, Cow<'f, str>);

/// One row.
#[derive(Default)]
struct Event<'f> {
    /// How many deliveries the books did not know.
    deliveries: i64,
    /// The earliest of them.
    first: Option<(Timestamp, Uuid, &'f EventReceived)>,
    settled: Option<Settled<'f>>,
}

/// The last word counts: an event that was given up may have been replayed. The fields stand in the order in which they are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Settled<'f> {
    at: Timestamp,
    state: &'static str,
    attempts: u32,
    note: Option<Cow<'f, str>>,
    transaction: Option<Uuid>,
}

impl<'f> Event<'f> {
    /// What the first delivery said is the event; later ones are counted.
    fn delivered(&mut self, delivery: Uuid, received: &'f EventReceived) {
        self.deliveries += 1;
        let at = instant(received.received_at);
        if self.first.is_none_or(|(earliest, first, _)| (at, delivery) < (earliest, first)) {
            self.first = Some((at, delivery, received));
        }
    }

    fn first(&self) -> Option<&'f EventReceived> {
        self.first.map(|(_, _, received)| received)
    }

    /// A delivery that asks nothing of the worker has settled the event, as long as nobody says otherwise.
    fn state(&self) -> &'static str {
        match (&self.settled, self.first()) {
            (Some(settled), _) => settled.state,
            (None, Some(first)) if first.event.reading == Reading::Nothing => EventState::Skipped.as_str(),
            _ => EventState::Queued.as_str(),
        }
    }

    fn settled_at(&self) -> Option<Timestamp> {
        match (&self.settled, self.first()) {
            (Some(settled), _) => Some(settled.at),
            (None, Some(first)) if first.event.reading == Reading::Nothing => Some(first.received_at),
            _ => None,
        }
    }
}

impl<'f> Events<'f> {
    pub(super) fn received(&mut self, received: &'f EventReceived) {
        let id = &received.event.id;
        let delivery = ((id.org.as_str(), text(&id.uuid)), received.delivery);
        self.deliveries.entry(delivery).or_insert(received);
    }

    /// Queued again: a word like any end, so the later one counts.
    pub(super) fn replayed(&mut self, replay: &'f EventReplayed) {
        let settled = Settled {
            at: instant(replay.replayed_at),
            state: EventState::Queued.as_str(),
            attempts: 0,
            note: Some(REPLAYED.into()),
            transaction: None,
        };
        self.word(&replay.received.event.id, settled);
    }

    pub(super) fn settled(&mut self, end: &'f EventSettled) {
        let settled = Settled {
            at: instant(end.settled_at),
            state: end.state.as_str(),
            attempts: end.attempts,
            note: optional(end.note.as_deref()),
            transaction: end.transaction.map(key),
        };
        self.word(&end.event, settled);
    }

    fn word(&mut self, event: &'f EventId, settled: Settled<'f>) {
        let id = (event.org.as_str(), text(&event.uuid));
        match self.settled.get_mut(&id) {
            Some(known) if *known >= settled => {}
            Some(known) => *known = settled,
            None => _ = self.settled.insert(id, settled),
        }
    }

    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut events = BTreeMap::<Id<'f>, Event<'f>>::new();
        for ((id, delivery), received) in self.count(connection).await? {
            events.entry(id).or_default().delivered(delivery, received);
        }
        for (id, settled) in self.settled {
            events.entry(id).or_default().settled = Some(settled);
        }
        upsert(connection, &events.into_iter().collect::<Vec<_>>()).await
    }

    /// Notes the deliveries; which of them the books did not know.
    async fn count(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<((Id<'f>, Uuid), &'f EventReceived)>, sqlx::Error> {
        if self.deliveries.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<_> = self.deliveries.iter().collect();
        let counted = sqlx::query!(
            "INSERT INTO okta_event_deliveries (org, uuid, delivery, received_at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[])
            ON CONFLICT (org, uuid, delivery) DO NOTHING
            RETURNING org, uuid, delivery",
            column(&rows, |(((org, _), _), _)| *org) as _,
            column(&rows, |(((_, uuid), _), _)| uuid.as_ref()) as _,
            column(&rows, |((_, delivery), _)| *delivery) as _,
            column(&rows, |(_, received)| moment(received.received_at)) as _,
        )
        .fetch_all(connection)
        .await?;
        let new: std::collections::BTreeSet<(&str, &str, Uuid)> =
            counted.iter().map(|row| (row.org.as_str(), row.uuid.as_str(), row.delivery)).collect();
        Ok(rows
            .into_iter()
            .filter(|(((org, uuid), delivery), _)| new.contains(&(*org, uuid.as_ref(), *delivery)))
            .map(|(known, received)| (known.clone(), *received))
            .collect())
    }
}

async fn upsert(connection: &mut PgConnection, rows: &[(Id<'_>, Event<'_>)]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO okta_events AS e (
            org, uuid, event_type, okta_user_id, factor, channel, reading, result, reason, published_at, received_at,
            first_delivery, node, source, deliveries, settled_rank, settled_at, state, note, attempts, transaction_id
        )
        SELECT * FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::text[], $14::text[], $15::bigint[], $16::integer[],
            $17::timestamptz[], $18::text[], $19::text[], $20::bigint[], $21::uuid[]
        )
        ON CONFLICT (org, uuid) DO UPDATE SET
            deliveries = e.deliveries + excluded.deliveries,
            -- What the first delivery said is the event.
            (event_type, okta_user_id, factor, channel, reading, result, reason, published_at, received_at, first_delivery,
                node, source) = (
                SELECT v.event_type, v.okta_user_id, v.factor, v.channel, v.reading, v.result, v.reason, v.published_at,
                    v.received_at, v.first_delivery, v.node, v.source
                FROM (VALUES
                    (e.event_type, e.okta_user_id, e.factor, e.channel, e.reading, e.result, e.reason, e.published_at,
                        e.received_at, e.first_delivery, e.node, e.source),
                    (excluded.event_type, excluded.okta_user_id, excluded.factor, excluded.channel, excluded.reading,
                        excluded.result, excluded.reason, excluded.published_at, excluded.received_at,
                        excluded.first_delivery, excluded.node, excluded.source)
                ) AS v (event_type, okta_user_id, factor, channel, reading, result, reason, published_at, received_at,
                    first_delivery, node, source)
                ORDER BY v.received_at, v.first_delivery
                LIMIT 1
            ),
            -- How the worker settled it, and the last time it did; until then, what the first delivery asked for.
            (settled_rank, settled_at, state, note, attempts, transaction_id) = (
                SELECT v.settled_rank, v.settled_at, v.state, v.note, v.attempts, v.transaction_id
                FROM (VALUES
                    (e.settled_rank, e.settled_at, e.state, e.note, e.attempts, e.transaction_id, e.received_at,
                        e.first_delivery),
                    (excluded.settled_rank, excluded.settled_at, excluded.state, excluded.note, excluded.attempts,
                        excluded.transaction_id, excluded.received_at, excluded.first_delivery)
                ) AS v (settled_rank, settled_at, state, note, attempts, transaction_id, received_at, first_delivery)
                ORDER BY v.settled_rank DESC,
                    CASE v.settled_rank WHEN 0 THEN v.received_at END, CASE v.settled_rank WHEN 0 THEN v.first_delivery END,
                    v.settled_at DESC, v.state DESC, v.attempts DESC, v.note DESC NULLS LAST,
                    v.transaction_id DESC NULLS LAST
                LIMIT 1
            )
        -- A delivery is only counted when it is new; an end that the row says already costs no new version of it.
        WHERE excluded.deliveries > 0
        OR (
            excluded.settled_rank, excluded.settled_at, excluded.state, excluded.note, excluded.attempts,
            excluded.transaction_id
        ) IS DISTINCT FROM (e.settled_rank, e.settled_at, e.state, e.note, e.attempts, e.transaction_id)",
        column(rows, |((org, _), _)| *org) as _,
        column(rows, |((_, uuid), _)| uuid.as_ref()) as _,
        column(rows, |(_, row)| row.first().map(|it| text(&it.event.event_type).into_owned())) as _,
        column(rows, |(_, row)| owned(row.first().and_then(|it| it.event.okta_user_id.as_deref()))) as _,
        column(rows, |(_, row)| row.first().map(|it| factor(it.event.factor))) as _,
        column(rows, |(_, row)| row.first().and_then(|it| Some(it.event.factor.channel()?.as_str()))) as _,
        column(rows, |(_, row)| row.first().map(|it| reading(it.event.reading))) as _,
        column(rows, |(_, row)| owned(row.first().and_then(|it| it.event.result.as_deref()))) as _,
        column(rows, |(_, row)| owned(row.first().and_then(|it| it.event.reason.as_deref()))) as _,
        column(rows, |(_, row)| row.first().and_then(|it| it.event.published_at.map(moment))) as _,
        column(rows, |(_, row)| row.first().map(|it| moment(it.received_at))) as _,
        column(rows, |(_, row)| row.first().map(|it| it.delivery)) as _,
        column(rows, |(_, row)| row.first().map(|it| text(&it.node).into_owned())) as _,
        column(rows, |(_, row)| row.first().map(|it| it.source.as_str())) as _,
        column(rows, |(_, row)| row.deliveries) as _,
        column(rows, |(_, row)| i32::from(row.settled.is_some())) as _,
        column(rows, |(_, row)| row.settled_at().map(moment)) as _,
        column(rows, |(_, row)| row.state()) as _,
        column(rows, |(_, row)| row.settled.as_ref().and_then(|it| it.note.as_deref())) as _,
        column(rows, |(_, row)| row.settled.as_ref().map_or(0, |it| i64::from(it.attempts))) as _,
        column(rows, |(_, row)| row.settled.as_ref().and_then(|it| it.transaction)) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn owned(raw: Option<&str>) -> Option<String> {
    optional(raw).map(Cow::into_owned)
}

fn factor(factor: Factor) -> &'static str {
    if factor == Factor::Other { "other" } else { "phone" }
}

fn reading(reading: Reading) -> &'static str {
    match reading {
        Reading::CodeAccepted => "code_accepted",
        Reading::PhoneEnrolled => "phone_enrolled",
        Reading::Nothing => "nothing",
    }
}
