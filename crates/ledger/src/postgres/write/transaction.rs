use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::{HookAnswered, HookReceived, TransactionId, TransactionSettled};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column::{column, key, moment};
use super::hook;
use crate::text::{instant, optional, present, text};

/// What a batch says of transactions.
#[derive(Default)]
pub(super) struct Transactions<'f>(BTreeMap<Uuid, Transaction<'f>>);

/// What a batch says of one transaction.
#[derive(Default)]
pub(super) struct Transaction<'f> {
    pub(super) received: Option<Received<'f>>,
    settled: Option<Settled<'f>>,
    answered: Option<Answered<'f>>,
    verified_at: Option<Timestamp>,
}

/// A hook is taken in once, by one node: whichever of the facts comes first says all.
pub(super) struct Received<'f> {
    hook: &'f HookReceived,
    pub(super) org: &'f str,
    pub(super) okta_event_id: Option<Cow<'f, str>>,
    okta_user_id: Option<Cow<'f, str>>,
    locale: Option<Cow<'f, str>>,
    node: Cow<'f, str>,
    /// The first transaction of the same hook; `None` where that is this one.
    pub(super) duplicate_of: Option<Uuid>,
}

/// Who knows better decides; among equals, who said it last. The fields stand in the order in which they are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Settled<'f> {
    rank: i64,
    at: Timestamp,
    status: &'static str,
    failure_class: Option<&'static str>,
    provider: Option<Cow<'f, str>>,
    provider_ref: Option<Cow<'f, str>>,
}

/// The earliest answer is the one that Okta had. The fields stand in the order in which they are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Answered<'f> {
    at: Timestamp,
    answer: &'static str,
    failure_class: Option<&'static str>,
    provider: Option<Cow<'f, str>>,
    provider_ref: Option<Cow<'f, str>>,
    attempt_ref: Option<Cow<'f, str>>,
}

impl<'f> Transactions<'f> {
    fn of(&mut self, id: TransactionId) -> &mut Transaction<'f> {
        self.0.entry(key(id)).or_default()
    }

    pub(super) fn received(&mut self, hook: &'f HookReceived) {
        self.of(hook.transaction).received.get_or_insert_with(|| Received {
            hook,
            org: hook.org.as_str(),
            okta_event_id: optional(hook.okta_event_id.as_deref()),
            okta_user_id: optional(hook.okta_user_id.as_deref()),
            locale: optional(hook.locale.as_deref()),
            node: text(&hook.node),
            duplicate_of: None,
        });
    }

    pub(super) fn settled(&mut self, end: &'f TransactionSettled) {
        let settled = Settled {
            rank: end.rank(),
            at: instant(end.settled_at),
            status: end.status.as_str(),
            failure_class: end.failure_class.map(|class| class.as_str()),
            provider: optional(end.provider.as_deref()),
            provider_ref: optional(end.provider_ref.as_deref()),
        };
        let known = &mut self.of(end.transaction).settled;
        *known = known.take().max(Some(settled));
    }

    pub(super) fn answered(&mut self, answer: &'f HookAnswered) {
        let answered = Answered {
            at: instant(answer.answered_at),
            answer: answer.answer.as_str(),
            failure_class: answer.failure_class.map(|class| class.as_str()),
            provider: optional(answer.provider.as_deref()),
            provider_ref: optional(answer.provider_ref.as_deref()),
            attempt_ref: optional(answer.attempt_ref.as_deref()),
        };
        let known = &mut self.of(answer.transaction).answered;
        *known = known.take().into_iter().chain([answered]).min();
    }

    /// A code is entered when it is entered first.
    pub(super) fn verified(&mut self, id: TransactionId, at: Timestamp) {
        let known = &mut self.of(id).verified_at;
        *known = known.take().into_iter().chain([at]).min();
    }

    pub(super) async fn enter(mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        hook::place(connection, &mut self.0).await?;
        let ids: Vec<Uuid> = self.0.keys().copied().collect();
        let rows: Vec<Transaction<'_>> = self.0.into_values().collect();
        let received = |row: &'_ Transaction<'f>| row.received.as_ref().map(|received| received.hook);
        sqlx::query!(
            r#"INSERT INTO otp_transactions AS t (
                id, org, okta_event_id, purpose, channel, okta_user_id, phone_hmac, phone_sealed, country, phone_prefix,
                locale, otp_expires_at, received_at, node, duplicate_of,
                settled_rank, settled_at, status, failure_class, provider, provider_ref,
                answered_at, answer, answer_failure_class, answer_provider, answer_provider_ref, answer_attempt_ref,
                verified_at
            )
            SELECT
                n.id, n.org, n.okta_event_id, n.purpose, n.channel, n.okta_user_id, n.phone_hmac, n.phone_sealed, n.country,
                n.phone_prefix, n.locale, n.otp_expires_at, n.received_at, n.node, n.duplicate_of,
                coalesce(n.settled_rank, 0), n.settled_at, coalesce(n.status, 'received'), n.failure_class, n.provider,
                n.provider_ref, n.answered_at, n.answer, n.answer_failure_class, n.answer_provider, n.answer_provider_ref,
                n.answer_attempt_ref, n.verified_at
            FROM unnest(
                $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::uuid[],
                $16::bigint[], $17::timestamptz[], $18::text[], $19::text[], $20::text[], $21::text[],
                $22::timestamptz[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::timestamptz[]
            ) AS n (
                id, org, okta_event_id, purpose, channel, okta_user_id, phone_hmac, phone_sealed, country, phone_prefix,
                locale, otp_expires_at, received_at, node, duplicate_of,
                settled_rank, settled_at, status, failure_class, provider, provider_ref,
                answered_at, answer, answer_failure_class, answer_provider, answer_provider_ref, answer_attempt_ref,
                verified_at
            )
            ON CONFLICT (id) DO UPDATE SET
                -- The hook: filled once, so that a purged number stays purged when the fact comes again.
                org = CASE WHEN t.received_at IS NULL THEN excluded.org ELSE t.org END,
                okta_event_id = CASE WHEN t.received_at IS NULL THEN excluded.okta_event_id ELSE t.okta_event_id END,
                purpose = CASE WHEN t.received_at IS NULL THEN excluded.purpose ELSE t.purpose END,
                channel = CASE WHEN t.received_at IS NULL THEN excluded.channel ELSE t.channel END,
                okta_user_id = CASE WHEN t.received_at IS NULL THEN excluded.okta_user_id ELSE t.okta_user_id END,
                phone_hmac = CASE WHEN t.received_at IS NULL THEN excluded.phone_hmac ELSE t.phone_hmac END,
                phone_sealed = CASE WHEN t.received_at IS NULL THEN excluded.phone_sealed ELSE t.phone_sealed END,
                country = CASE WHEN t.received_at IS NULL THEN excluded.country ELSE t.country END,
                phone_prefix = CASE WHEN t.received_at IS NULL THEN excluded.phone_prefix ELSE t.phone_prefix END,
                locale = CASE WHEN t.received_at IS NULL THEN excluded.locale ELSE t.locale END,
                otp_expires_at = CASE WHEN t.received_at IS NULL THEN excluded.otp_expires_at ELSE t.otp_expires_at END,
                received_at = CASE WHEN t.received_at IS NULL THEN excluded.received_at ELSE t.received_at END,
                node = CASE WHEN t.received_at IS NULL THEN excluded.node ELSE t.node END,
                duplicate_of = CASE WHEN t.received_at IS NULL THEN excluded.duplicate_of ELSE t.duplicate_of END,
                -- How it stands: who knows better, then who said it last.
                (settled_rank, settled_at, status, failure_class, provider, provider_ref) = (
                    SELECT v.settled_rank, v.settled_at, v.status, v.failure_class, v.provider, v.provider_ref
                    FROM (VALUES
                        (t.settled_rank, t.settled_at, t.status, t.failure_class, t.provider, t.provider_ref),
                        (excluded.settled_rank, excluded.settled_at, excluded.status, excluded.failure_class,
                            excluded.provider, excluded.provider_ref)
                    ) AS v (settled_rank, settled_at, status, failure_class, provider, provider_ref)
                    ORDER BY v.settled_at IS NULL, v.settled_rank DESC, v.settled_at DESC, v.status DESC,
                        v.failure_class DESC NULLS LAST, v.provider DESC NULLS LAST, v.provider_ref DESC NULLS LAST
                    LIMIT 1
                ),
                -- What Okta was told: the earliest answer.
                (answered_at, answer, answer_failure_class, answer_provider, answer_provider_ref, answer_attempt_ref) = (
                    SELECT v.answered_at, v.answer, v.failure_class, v.provider, v.provider_ref, v.attempt_ref
                    FROM (VALUES
                        (t.answered_at, t.answer, t.answer_failure_class, t.answer_provider, t.answer_provider_ref,
                            t.answer_attempt_ref),
                        (excluded.answered_at, excluded.answer, excluded.answer_failure_class, excluded.answer_provider,
                            excluded.answer_provider_ref, excluded.answer_attempt_ref)
                    ) AS v (answered_at, answer, failure_class, provider, provider_ref, attempt_ref)
                    ORDER BY v.answered_at, v.answer, v.failure_class NULLS FIRST, v.provider NULLS FIRST,
                        v.provider_ref NULLS FIRST, v.attempt_ref NULLS FIRST
                    LIMIT 1
                ),
                verified_at = least(t.verified_at, excluded.verified_at)
            -- What the row says already costs no new version of it: a journal may be drained again.
            WHERE (excluded.received_at IS NOT NULL AND t.received_at IS NULL)
            OR (excluded.settled_at IS NOT NULL AND (
                excluded.settled_rank, excluded.settled_at, excluded.status, excluded.failure_class, excluded.provider,
                excluded.provider_ref
            ) IS DISTINCT FROM (
                t.settled_rank, t.settled_at, t.status, t.failure_class, t.provider, t.provider_ref
            ))
            OR (excluded.answered_at IS NOT NULL AND (
                excluded.answered_at, excluded.answer, excluded.answer_failure_class, excluded.answer_provider,
                excluded.answer_provider_ref, excluded.answer_attempt_ref
            ) IS DISTINCT FROM (
                t.answered_at, t.answer, t.answer_failure_class, t.answer_provider, t.answer_provider_ref,
                t.answer_attempt_ref
            ))
            OR excluded.verified_at < t.verified_at
            OR (excluded.verified_at IS NOT NULL AND t.verified_at IS NULL)"#,
            ids as _,
            column(&rows, |row| row.received.as_ref().map(|it| it.org)) as _,
            column(&rows, |row| row.received.as_ref().and_then(|it| it.okta_event_id.as_deref())) as _,
            column(&rows, |row| received(row).map(|hook| hook.purpose.as_str())) as _,
            column(&rows, |row| received(row).and_then(|hook| Some(hook.channel?.as_str()))) as _,
            column(&rows, |row| row.received.as_ref().and_then(|it| it.okta_user_id.as_deref())) as _,
            column(&rows, |row| received(row).and_then(|hook| present(hook.phone.as_ref()?.hmac.as_str()))) as _,
            column(&rows, |row| received(row).and_then(|hook| present(&hook.phone.as_ref()?.sealed))) as _,
            column(&rows, |row| received(row).and_then(|hook| Some(hook.phone.as_ref()?.country.as_str()))) as _,
            column(&rows, |row| received(row).and_then(|hook| Some(hook.phone.as_ref()?.prefix.as_str()))) as _,
            column(&rows, |row| row.received.as_ref().and_then(|it| it.locale.as_deref())) as _,
            column(&rows, |row| received(row).and_then(|hook| hook.otp_expires_at.map(moment))) as _,
            column(&rows, |row| received(row).map(|hook| moment(hook.received_at))) as _,
            column(&rows, |row| row.received.as_ref().map(|it| it.node.as_ref())) as _,
            column(&rows, |row| row.received.as_ref().and_then(|it| it.duplicate_of)) as _,
            column(&rows, |row| row.settled.as_ref().map(|it| it.rank)) as _,
            column(&rows, |row| row.settled.as_ref().map(|it| moment(it.at))) as _,
            column(&rows, |row| row.settled.as_ref().map(|it| it.status)) as _,
            column(&rows, |row| row.settled.as_ref().and_then(|it| it.failure_class)) as _,
            column(&rows, |row| row.settled.as_ref().and_then(|it| it.provider.as_deref())) as _,
            column(&rows, |row| row.settled.as_ref().and_then(|it| it.provider_ref.as_deref())) as _,
            column(&rows, |row| row.answered.as_ref().map(|it| moment(it.at))) as _,
            column(&rows, |row| row.answered.as_ref().map(|it| it.answer)) as _,
            column(&rows, |row| row.answered.as_ref().and_then(|it| it.failure_class)) as _,
            column(&rows, |row| row.answered.as_ref().and_then(|it| it.provider.as_deref())) as _,
            column(&rows, |row| row.answered.as_ref().and_then(|it| it.provider_ref.as_deref())) as _,
            column(&rows, |row| row.answered.as_ref().and_then(|it| it.attempt_ref.as_deref())) as _,
            column(&rows, |row| row.verified_at.map(moment)) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
