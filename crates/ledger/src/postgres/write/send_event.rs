use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::SendNoted;
use sqlx::postgres::PgConnection;

use super::column::{column, moment};
use crate::text::{instant, optional, text};

/// What a batch says that Okta said of sends.
#[derive(Default)]
pub(super) struct SendEvents<'f>(BTreeMap<(&'f str, Cow<'f, str>), Said<'f>>);

/// The first of its copies counts; of those that came at one moment, the one that says more. The fields stand in the order in which they
/// are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said<'f> {
    at: Reverse<Timestamp>,
    source: &'static str,
    node: Cow<'f, str>,
    event_type: Cow<'f, str>,
    kind: &'static str,
    channel: Option<&'static str>,
    okta_user_id: Option<Cow<'f, str>>,
    country: Option<&'f str>,
    phone_prefix: Option<Cow<'f, str>>,
    sent_by: Option<&'static str>,
    provider: Option<Cow<'f, str>>,
    provider_ref: Option<Cow<'f, str>>,
    outcome: &'static str,
    reason: Option<Cow<'f, str>>,
    published_at: Timestamp,
}

impl<'f> SendEvents<'f> {
    pub(super) fn noted(&mut self, noted: &'f SendNoted) {
        let event = &noted.event;
        let said = Said {
            at: Reverse(instant(noted.received_at)),
            source: noted.source.as_str(),
            node: text(&noted.node),
            event_type: text(&event.event_type),
            kind: event.kind.as_str(),
            channel: event.channel.map(|channel| channel.as_str()),
            okta_user_id: optional(event.okta_user_id.as_deref()),
            country: event.country.as_ref().map(|country| country.as_str()),
            phone_prefix: optional(event.phone_prefix.as_deref()),
            sent_by: event.sent_by.map(|by| by.as_str()),
            provider: optional(event.provider.as_deref()),
            provider_ref: optional(event.provider_ref.as_deref()),
            outcome: event.outcome.as_str(),
            reason: optional(event.reason.as_deref()),
            published_at: instant(noted.published()),
        };
        let id = (event.id.org.as_str(), text(&event.id.uuid));
        match self.0.get_mut(&id) {
            Some(known) if *known >= said => {}
            Some(known) => *known = said,
            None => _ = self.0.insert(id, said),
        }
    }

    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO okta_send_events AS e (
                org, uuid, received_at, source, node, event_type, kind, channel, okta_user_id, country, phone_prefix, sent_by, provider,
                provider_ref, outcome, reason, published_at
            )
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::timestamptz[]
            )
            ON CONFLICT (org, uuid) DO UPDATE SET
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
                coalesce(e.phone_prefix, ''), coalesce(e.sent_by, ''), coalesce(e.provider, ''), coalesce(e.provider_ref, ''),
                e.outcome, coalesce(e.reason, ''), e.published_at
            ))",
            column(&rows, |((org, _), _)| *org) as _,
            column(&rows, |((_, uuid), _)| uuid.as_ref()) as _,
            column(&rows, |(_, row)| moment(row.at.0)) as _,
            column(&rows, |(_, row)| row.source) as _,
            column(&rows, |(_, row)| row.node.as_ref()) as _,
            column(&rows, |(_, row)| row.event_type.as_ref()) as _,
            column(&rows, |(_, row)| row.kind) as _,
            column(&rows, |(_, row)| row.channel) as _,
            column(&rows, |(_, row)| row.okta_user_id.as_deref()) as _,
            column(&rows, |(_, row)| row.country) as _,
            column(&rows, |(_, row)| row.phone_prefix.as_deref()) as _,
            column(&rows, |(_, row)| row.sent_by) as _,
            column(&rows, |(_, row)| row.provider.as_deref()) as _,
            column(&rows, |(_, row)| row.provider_ref.as_deref()) as _,
            column(&rows, |(_, row)| row.outcome) as _,
            column(&rows, |(_, row)| row.reason.as_deref()) as _,
            column(&rows, |(_, row)| moment(row.published_at)) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
