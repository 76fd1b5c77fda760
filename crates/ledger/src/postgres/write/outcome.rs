use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::{DeadLettered, FeedbackReported, Quarantined};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column::{column, key, moment as bound};
use crate::rows::standing;
use crate::text::{instant, moment, number, optional, text};

/// What a batch says that providers were told.
#[derive(Default)]
pub(super) struct Reports<'f>(BTreeMap<About<'f>, Report<'f>>);

/// An event's org and uuid, a provider, and what the provider was told about.
type About<'f> = (&'f str, Cow<'f, str>, Cow<'f, str>, Cow<'f, str>);

/// The result with the most effect counts; among equals, the earliest report is the one that had it. The fields stand in the order in
/// which they are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Report<'f> {
    rank: Reverse<i64>,
    at: Timestamp,
    verdict: &'static str,
    matched_by: &'static str,
    transaction: Option<Uuid>,
    phone_hmac: Option<Cow<'f, str>>,
    provider_ref: Option<Cow<'f, str>>,
    /// Follows from its rank.
    result: &'static str,
}

impl<'f> Reports<'f> {
    pub(super) fn reported(&mut self, report: &'f FeedbackReported) {
        let provider_ref = optional(report.provider_ref.as_deref());
        let phone_hmac = optional(report.phone_hmac.as_ref().map(|hmac| hmac.as_str()));
        let subject = provider_ref.clone().or_else(|| phone_hmac.clone()).unwrap_or_default();
        let about = (report.event.org.as_str(), text(&report.event.uuid), text(&report.provider), subject);
        let reported = Report {
            rank: Reverse(standing(report.result)),
            at: instant(report.reported_at),
            verdict: report.verdict.as_str(),
            matched_by: report.matched_by.as_str(),
            transaction: report.transaction.map(key),
            phone_hmac,
            provider_ref,
            result: report.result.as_str(),
        };
        match self.0.get_mut(&about) {
            Some(known) if *known <= reported => {}
            Some(known) => *known = reported,
            None => _ = self.0.insert(about, reported),
        }
    }

    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO feedback_reports AS r (
                org, event_uuid, provider, subject, transaction_id, phone_hmac, provider_ref, verdict, result, result_rank,
                matched_by, reported_at
            )
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::bigint[], $11::text[], $12::timestamptz[]
            )
            ON CONFLICT (org, event_uuid, provider, subject) DO UPDATE SET
                transaction_id = excluded.transaction_id, phone_hmac = excluded.phone_hmac,
                provider_ref = excluded.provider_ref, verdict = excluded.verdict, result = excluded.result,
                result_rank = excluded.result_rank, matched_by = excluded.matched_by, reported_at = excluded.reported_at
            WHERE (
                -excluded.result_rank, excluded.reported_at, excluded.verdict, excluded.matched_by,
                coalesce(excluded.transaction_id::text, ''), coalesce(excluded.phone_hmac, ''),
                coalesce(excluded.provider_ref, '')
            ) < (
                -r.result_rank, r.reported_at, r.verdict, r.matched_by,
                coalesce(r.transaction_id::text, ''), coalesce(r.phone_hmac, ''), coalesce(r.provider_ref, '')
            )",
            column(&rows, |((org, ..), _)| *org) as _,
            column(&rows, |((_, uuid, ..), _)| uuid.as_ref()) as _,
            column(&rows, |((_, _, provider, _), _)| provider.as_ref()) as _,
            column(&rows, |((.., subject), _)| subject.as_ref()) as _,
            column(&rows, |(_, row)| row.transaction) as _,
            column(&rows, |(_, row)| row.phone_hmac.as_deref()) as _,
            column(&rows, |(_, row)| row.provider_ref.as_deref()) as _,
            column(&rows, |(_, row)| row.verdict) as _,
            column(&rows, |(_, row)| row.result) as _,
            column(&rows, |(_, row)| row.rank.0) as _,
            column(&rows, |(_, row)| row.matched_by) as _,
            column(&rows, |(_, row)| bound(row.at)) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// What a batch gives up.
#[derive(Default)]
pub(super) struct DeadLetters<'f>(BTreeMap<String, (u32, Cow<'f, str>, &'f DeadLettered)>);

impl<'f> DeadLetters<'f> {
    pub(super) fn dead(&mut self, letter: &'f DeadLettered) {
        let (org, uuid) = (letter.event.org.as_str(), text(&letter.event.uuid));
        let id = format!("{org}/{uuid}/{}", moment(letter.dead_at));
        let said = (letter.attempts, text(&letter.reason));
        match self.0.get_mut(&id) {
            Some((attempts, reason, _)) if (*attempts, &*reason) >= (said.0, &said.1) => {}
            Some(known) => *known = (said.0, said.1, letter),
            None => _ = self.0.insert(id, (said.0, said.1, letter)),
        }
    }

    /// A dead letter is written once; that it was replayed is not forgotten when the fact comes again.
    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO dead_letters AS d (id, org, event_uuid, reason, attempts, dead_at, replayed_at)
            SELECT letter.*, (
                SELECT min(r.replayed_at) FROM event_replays r
                WHERE r.org = letter.org AND r.uuid = letter.uuid AND r.replayed_at >= letter.dead_at
            )
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[])
                AS letter (id, org, uuid, reason, attempts, dead_at)
            ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts
            WHERE (excluded.attempts, excluded.reason) > (d.attempts, d.reason)",
            column(&rows, |(id, _)| id.as_str()) as _,
            column(&rows, |(_, (.., letter))| letter.event.org.as_str()) as _,
            column(&rows, |(_, (.., letter))| text(&letter.event.uuid).into_owned()) as _,
            column(&rows, |(_, (_, reason, _))| reason.as_ref()) as _,
            column(&rows, |(_, (attempts, ..))| i64::from(*attempts)) as _,
            column(&rows, |(_, (.., letter))| bound(letter.dead_at)) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// What a batch puts aside.
#[derive(Default)]
pub(super) struct Quarantine<'f>(BTreeMap<Uuid, &'f Quarantined>);

impl<'f> Quarantine<'f> {
    pub(super) fn put_aside(&mut self, body: &'f Quarantined) {
        self.0.entry(body.id).or_insert(body);
    }

    /// A body is put aside once, under its own id.
    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_values().collect();
        sqlx::query!(
            "INSERT INTO quarantine (id, org, reason, bytes, sealed_body, received_at, node)
            SELECT * FROM unnest(
                $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[]
            )
            ON CONFLICT (id) DO NOTHING",
            column(&rows, |row| row.id) as _,
            column(&rows, |row| row.org.as_str()) as _,
            column(&rows, |row| text(&row.reason).into_owned()) as _,
            column(&rows, |row| number(row.bytes)) as _,
            column(&rows, |row| text(&row.sealed_body).into_owned()) as _,
            column(&rows, |row| bound(row.received_at)) as _,
            column(&rows, |row| text(&row.node).into_owned()) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
