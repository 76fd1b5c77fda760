use otp::SendNoted;
use sqlx::SqliteConnection;

use super::rows::{Rows, Values};
use crate::text::{moment, optional, text};

static NOTED: Rows = Rows::new(
    "INSERT INTO okta_send_events AS e (
        org, uuid, received_at, source, node, event_type, kind, channel, okta_user_id, country, phone_prefix, sent_by, provider,
        provider_ref, outcome, reason, published_at
    ) VALUES",
    17,
    "ON CONFLICT (org, uuid) DO UPDATE SET
        received_at = excluded.received_at, source = excluded.source, node = excluded.node, event_type = excluded.event_type,
        kind = excluded.kind, channel = excluded.channel, okta_user_id = excluded.okta_user_id, country = excluded.country,
        phone_prefix = excluded.phone_prefix, sent_by = excluded.sent_by, provider = excluded.provider,
        provider_ref = excluded.provider_ref, outcome = excluded.outcome, reason = excluded.reason,
        published_at = excluded.published_at
    WHERE excluded.received_at < e.received_at
    OR (excluded.received_at = e.received_at AND (
        excluded.source, excluded.node, excluded.event_type, excluded.kind, coalesce(excluded.channel, ''),
        coalesce(excluded.okta_user_id, ''), coalesce(excluded.country, ''), coalesce(excluded.phone_prefix, ''),
        coalesce(excluded.sent_by, ''), coalesce(excluded.provider, ''), coalesce(excluded.provider_ref, ''), excluded.outcome,
        coalesce(excluded.reason, ''), excluded.published_at
    ) > (
        e.source, e.node, e.event_type, e.kind, coalesce(e.channel, ''), coalesce(e.okta_user_id, ''), coalesce(e.country, ''),
        coalesce(e.phone_prefix, ''), coalesce(e.sent_by, ''), coalesce(e.provider, ''), coalesce(e.provider_ref, ''), e.outcome,
        coalesce(e.reason, ''), e.published_at
    ))",
);

/// The first of its copies counts; of those that came at one moment, the one that says more.
pub(super) async fn noted(
    connection: &mut SqliteConnection,
    events: &[&SendNoted],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, noted: &&SendNoted| {
        let event = &noted.event;
        values
            .add(event.id.org.as_str())
            .add(text(&event.id.uuid))
            .add(moment(noted.received_at))
            .add(noted.source.as_str())
            .add(text(&noted.node))
            .add(text(&event.event_type))
            .add(event.kind.as_str())
            .add(event.channel.map(|channel| channel.as_str()))
            .add(optional(event.okta_user_id.as_deref()))
            .add(event.country.as_ref().map(|country| country.as_str()))
            .add(optional(event.phone_prefix.as_deref()))
            .add(event.sent_by.map(|by| by.as_str()))
            .add(optional(event.provider.as_deref()))
            .add(optional(event.provider_ref.as_deref()))
            .add(event.outcome.as_str())
            .add(optional(event.reason.as_deref()))
            .add(moment(noted.published()));
    };
    NOTED.write(connection, events, bind).await
}
