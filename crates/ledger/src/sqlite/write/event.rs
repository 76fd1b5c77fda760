use std::collections::HashSet;

use otp::{EventReceived, EventSettled, EventState, Factor, Reading};
use sqlx::SqliteConnection;

use super::rows::{Rows, Values};
use super::transaction;
use crate::text::{moment, optional, text};

static KNOWN: Rows = Rows::new(
    "WITH event (org, uuid) AS (VALUES",
    2,
    ") SELECT EXISTS (
        SELECT 1 FROM event CROSS JOIN okta_events e WHERE e.org = event.org AND e.uuid = event.uuid
    ) OR EXISTS (
        SELECT 1 FROM event CROSS JOIN okta_event_deliveries d WHERE d.org = event.org AND d.uuid = event.uuid
    )",
);

static DELIVERED: Rows =
    Rows::new("INSERT INTO okta_event_deliveries (org, uuid, delivery, received_at) VALUES", 4, "");

static RECEIVED: Rows = Rows::new(
    "INSERT INTO okta_events (
        org, uuid, event_type, okta_user_id, factor, channel, reading, result, reason, published_at, received_at,
        first_delivery, node, source, deliveries, state, settled_at
    ) VALUES",
    17,
    "",
);

static SETTLED: Rows = Rows::new(
    "INSERT INTO okta_events AS e (
        org, uuid, settled_rank, settled_at, state, note, attempts, transaction_id
    ) VALUES",
    8,
    "ON CONFLICT (org, uuid) DO UPDATE SET
        settled_rank = excluded.settled_rank, settled_at = excluded.settled_at, state = excluded.state,
        note = excluded.note, attempts = excluded.attempts, transaction_id = excluded.transaction_id
    WHERE e.settled_rank = 0
    OR (
        excluded.settled_at, excluded.state, excluded.attempts, coalesce(excluded.note, ''),
        coalesce(excluded.transaction_id, '')
    ) > (
        e.settled_at, e.state, e.attempts, coalesce(e.note, ''), coalesce(e.transaction_id, '')
    )",
);

/// What the first delivery said is the event; later ones are counted. How the worker settled it is never put back.
pub(super) async fn received(
    connection: &mut SqliteConnection,
    events: &[&EventReceived],
) -> Result<(), sqlx::Error> {
    if are_new(connection, events).await? {
        let delivery = |values: &mut Values, received: &&EventReceived| {
            let id = &received.event.id;
            values
                .add(id.org.as_str())
                .add(text(&id.uuid))
                .add(received.delivery.to_string())
                .add(moment(received.received_at));
        };
        DELIVERED.write(connection, events, delivery).await?;
        return RECEIVED.write(connection, events, |values, received| columns(values, received)).await;
    }
    for received in events {
        received_maybe_again(connection, received).await?;
    }
    Ok(())
}

/// Whether the books know none of these, and none is here twice: as it is unless Okta delivers again.
async fn are_new(connection: &mut SqliteConnection, events: &[&EventReceived]) -> Result<bool, sqlx::Error> {
    let ids = events.iter().map(|received| &received.event.id);
    let ids: Vec<_> = ids.map(|id| (id.org.as_str(), text(&id.uuid))).collect();
    let mut seen = HashSet::new();
    if !ids.iter().all(|id| seen.insert(id)) {
        return Ok(false);
    }
    let known = KNOWN.ask(connection, &ids, |values, (org, uuid)| {
        values.add(*org).add(uuid.as_ref());
    });
    Ok(!known.await?)
}

fn columns(values: &mut Values, received: &EventReceived) {
    let event = &received.event;
    let nothing = event.reading == Reading::Nothing;
    values
        .add(event.id.org.as_str())
        .add(text(&event.id.uuid))
        .add(text(&event.event_type))
        .add(optional(event.okta_user_id.as_deref()))
        .add(if event.factor == Factor::Other { "other" } else { "phone" })
        .add(event.factor.channel().map(|channel| channel.as_str()))
        .add(reading(event.reading))
        .add(optional(event.result.as_deref()))
        .add(optional(event.reason.as_deref()))
        .add(event.published_at.map(moment))
        .add(moment(received.received_at))
        .add(received.delivery.to_string())
        .add(text(&received.node))
        .add(received.source.as_str())
        .add(1)
        .add(if nothing { EventState::Skipped } else { EventState::Queued }.as_str())
        .add(nothing.then(|| moment(received.received_at)));
}

/// The same for one event that the books may know.
async fn received_maybe_again(
    connection: &mut SqliteConnection,
    received: &EventReceived,
) -> Result<(), sqlx::Error> {
    let (event, delivery) = (&received.event, received.delivery.to_string());
    let counted = sqlx::query(
        "INSERT INTO okta_event_deliveries (org, uuid, delivery, received_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (org, uuid, delivery) DO NOTHING",
    )
    .bind(event.id.org.as_str())
    .bind(text(&event.id.uuid))
    .bind(delivery.as_str())
    .bind(moment(received.received_at))
    .execute(&mut *connection)
    .await?;
    if counted.rows_affected() == 0 {
        return Ok(());
    }
    let nothing = event.reading == Reading::Nothing;
    let first = sqlx::query(
        "INSERT INTO okta_events AS e (
            org, uuid, event_type, okta_user_id, factor, channel, reading, result, reason, published_at, received_at,
            first_delivery, node, deliveries, state, settled_at, source
        ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, ?14, ?15, ?16)
        ON CONFLICT (org, uuid) DO UPDATE SET
            event_type = excluded.event_type, okta_user_id = excluded.okta_user_id, factor = excluded.factor,
            channel = excluded.channel, reading = excluded.reading, result = excluded.result, reason = excluded.reason,
            published_at = excluded.published_at, received_at = excluded.received_at,
            first_delivery = excluded.first_delivery, node = excluded.node, source = excluded.source,
            deliveries = e.deliveries + 1,
            state = CASE e.settled_rank WHEN 0 THEN excluded.state ELSE e.state END,
            settled_at = CASE e.settled_rank WHEN 0 THEN excluded.settled_at ELSE e.settled_at END
        WHERE e.received_at IS NULL
        OR (excluded.received_at, excluded.first_delivery) < (e.received_at, e.first_delivery)",
    )
    .bind(event.id.org.as_str())
    .bind(text(&event.id.uuid))
    .bind(text(&event.event_type))
    .bind(optional(event.okta_user_id.as_deref()))
    .bind(if event.factor == Factor::Other { "other" } else { "phone" })
    .bind(event.factor.channel().map(|channel| channel.as_str()))
    .bind(reading(event.reading))
    .bind(optional(event.result.as_deref()))
    .bind(optional(event.reason.as_deref()))
    .bind(event.published_at.map(moment))
    .bind(moment(received.received_at))
    .bind(delivery)
    .bind(text(&received.node))
    .bind(if nothing { EventState::Skipped } else { EventState::Queued }.as_str())
    .bind(nothing.then(|| moment(received.received_at)))
    .bind(received.source.as_str())
    .execute(&mut *connection)
    .await?;
    if first.rows_affected() == 0 {
        sqlx::query("UPDATE okta_events SET deliveries = deliveries + 1 WHERE org = ?1 AND uuid = ?2")
            .bind(event.id.org.as_str())
            .bind(text(&event.id.uuid))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// The last word counts: an event that was given up may have been replayed.
pub(super) async fn settled(
    connection: &mut SqliteConnection,
    ends: &[&EventSettled],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, end: &&EventSettled| {
        values
            .add(end.event.org.as_str())
            .add(text(&end.event.uuid))
            .add(1)
            .add(moment(end.settled_at))
            .add(end.state.as_str())
            .add(optional(end.note.as_deref()))
            .add(end.attempts)
            .add(end.transaction.map(|id| id.to_string()));
    };
    SETTLED.write(connection, ends, bind).await?;
    let verified: Vec<_> = ends.iter().filter_map(|end| end.transaction.zip(end.verified_at)).collect();
    transaction::verified(connection, &verified).await
}

fn reading(reading: Reading) -> &'static str {
    match reading {
        Reading::CodeAccepted => "code_accepted",
        Reading::PhoneEnrolled => "phone_enrolled",
        Reading::Nothing => "nothing",
    }
}
