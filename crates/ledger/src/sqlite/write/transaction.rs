use std::collections::HashSet;

use jiff::Timestamp;
use otp::{HookAnswered, HookReceived, TransactionId, TransactionSettled};
use sqlx::SqliteConnection;

use super::rows::{Rows, Values};
use crate::text::{moment, optional, present, text};

static KNOWN: Rows = Rows::new(
    "WITH hook (org, id) AS (VALUES",
    2,
    ") SELECT EXISTS (
        SELECT 1 FROM hook CROSS JOIN otp_transactions t
        WHERE t.org = hook.org AND t.okta_event_id = hook.id AND t.duplicate_of IS NULL
    )",
);

static RECEIVED: Rows = Rows::new(
    "INSERT INTO otp_transactions (
        id, org, okta_event_id, purpose, channel, okta_user_id, phone_hmac, phone_sealed, country, phone_prefix, locale,
        otp_expires_at, received_at, node
    ) VALUES",
    14,
    "ON CONFLICT (id) DO UPDATE SET
        org = excluded.org, okta_event_id = excluded.okta_event_id, purpose = excluded.purpose,
        channel = excluded.channel, okta_user_id = excluded.okta_user_id, phone_hmac = excluded.phone_hmac,
        phone_sealed = excluded.phone_sealed, country = excluded.country, phone_prefix = excluded.phone_prefix,
        locale = excluded.locale, otp_expires_at = excluded.otp_expires_at, received_at = excluded.received_at,
        node = excluded.node, duplicate_of = excluded.duplicate_of
    WHERE otp_transactions.received_at IS NULL",
);

static ANSWERED: Rows = Rows::new(
    "INSERT INTO otp_transactions AS t (
        id, answer, answered_at, answer_failure_class, answer_provider, answer_provider_ref, answer_attempt_ref
    ) VALUES",
    7,
    "ON CONFLICT (id) DO UPDATE SET
        answer = excluded.answer, answered_at = excluded.answered_at,
        answer_failure_class = excluded.answer_failure_class, answer_provider = excluded.answer_provider,
        answer_provider_ref = excluded.answer_provider_ref, answer_attempt_ref = excluded.answer_attempt_ref
    WHERE t.answered_at IS NULL
    OR (
        excluded.answered_at, excluded.answer, coalesce(excluded.answer_failure_class, ''),
        coalesce(excluded.answer_provider, ''), coalesce(excluded.answer_provider_ref, ''),
        coalesce(excluded.answer_attempt_ref, '')
    ) < (
        t.answered_at, t.answer, coalesce(t.answer_failure_class, ''),
        coalesce(t.answer_provider, ''), coalesce(t.answer_provider_ref, ''),
        coalesce(t.answer_attempt_ref, '')
    )",
);

static SETTLED: Rows = Rows::new(
    "INSERT INTO otp_transactions AS t (
        id, settled_rank, settled_at, status, failure_class, provider, provider_ref
    ) VALUES",
    7,
    "ON CONFLICT (id) DO UPDATE SET
        settled_rank = excluded.settled_rank, settled_at = excluded.settled_at, status = excluded.status,
        failure_class = excluded.failure_class, provider = excluded.provider, provider_ref = excluded.provider_ref
    WHERE t.settled_at IS NULL
    OR (
        excluded.settled_rank, excluded.settled_at, excluded.status, coalesce(excluded.failure_class, ''),
        coalesce(excluded.provider, ''), coalesce(excluded.provider_ref, '')
    ) > (
        t.settled_rank, t.settled_at, t.status, coalesce(t.failure_class, ''),
        coalesce(t.provider, ''), coalesce(t.provider_ref, '')
    )",
);

static VERIFIED: Rows = Rows::new(
    "INSERT INTO otp_transactions AS t (id, verified_at) VALUES",
    2,
    "ON CONFLICT (id) DO UPDATE SET verified_at = excluded.verified_at
    WHERE t.verified_at IS NULL OR excluded.verified_at < t.verified_at",
);

/// A hook is taken in once, by one node: its columns are filled once, and a purged number stays purged when the fact comes again.
pub(super) async fn received(
    connection: &mut SqliteConnection,
    hooks: &[&HookReceived],
) -> Result<(), sqlx::Error> {
    if are_new(connection, hooks).await? {
        return RECEIVED.write(connection, hooks, |values, hook| columns(values, hook)).await;
    }
    for hook in hooks {
        received_maybe_again(connection, hook).await?;
    }
    Ok(())
}

/// Whether the books know no transaction of any of these hooks, and none is here twice: as it is unless Okta called twice.
async fn are_new(connection: &mut SqliteConnection, hooks: &[&HookReceived]) -> Result<bool, sqlx::Error> {
    let named =
        hooks.iter().filter_map(|hook| Some((hook.org.as_str(), optional(hook.okta_event_id.as_deref())?)));
    let named: Vec<_> = named.collect();
    let mut seen = HashSet::new();
    if !named.iter().all(|name| seen.insert(name)) {
        return Ok(false);
    }
    let known = KNOWN.ask(connection, &named, |values, (org, id)| {
        values.add(*org).add(id.as_ref());
    });
    Ok(!known.await?)
}

fn columns(values: &mut Values, hook: &HookReceived) {
    let phone = hook.phone.as_ref();
    values
        .add(hook.transaction.to_string())
        .add(hook.org.as_str())
        .add(optional(hook.okta_event_id.as_deref()))
        .add(hook.purpose.as_str())
        .add(hook.channel.map(|channel| channel.as_str()))
        .add(optional(hook.okta_user_id.as_deref()))
        .add(phone.and_then(|phone| present(phone.hmac.as_str())))
        .add(phone.and_then(|phone| present(&phone.sealed)))
        .add(phone.map(|phone| phone.country.as_str()))
        .add(phone.map(|phone| phone.prefix.as_str()))
        .add(optional(hook.locale.as_deref()))
        .add(hook.otp_expires_at.map(moment))
        .add(moment(hook.received_at))
        .add(text(&hook.node));
}

/// The same for one hook of which there may be another transaction.
async fn received_maybe_again(
    connection: &mut SqliteConnection,
    hook: &HookReceived,
) -> Result<(), sqlx::Error> {
    let id = hook.transaction.to_string();
    let hook_id = optional(hook.okta_event_id.as_deref());
    if let Some(hook_id) = &hook_id {
        step_back(connection, &id, hook.org.as_str(), hook_id).await?;
    }
    let phone = hook.phone.as_ref();
    sqlx::query(
        "INSERT INTO otp_transactions (
            id, org, okta_event_id, purpose, channel, okta_user_id, phone_hmac, phone_sealed, country, phone_prefix, locale,
            otp_expires_at, received_at, node, duplicate_of
        ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, (
            SELECT first.id FROM otp_transactions first
            WHERE first.org = ?2 AND first.okta_event_id = ?3 AND first.duplicate_of IS NULL AND first.id < ?1
        ))
        ON CONFLICT (id) DO UPDATE SET
            org = excluded.org, okta_event_id = excluded.okta_event_id, purpose = excluded.purpose,
            channel = excluded.channel, okta_user_id = excluded.okta_user_id, phone_hmac = excluded.phone_hmac,
            phone_sealed = excluded.phone_sealed, country = excluded.country, phone_prefix = excluded.phone_prefix,
            locale = excluded.locale, otp_expires_at = excluded.otp_expires_at, received_at = excluded.received_at,
            node = excluded.node, duplicate_of = excluded.duplicate_of
        WHERE otp_transactions.received_at IS NULL",
    )
    .bind(id)
    .bind(hook.org.as_str())
    .bind(hook_id)
    .bind(hook.purpose.as_str())
    .bind(hook.channel.map(|channel| channel.as_str()))
    .bind(optional(hook.okta_user_id.as_deref()))
    .bind(phone.and_then(|phone| present(phone.hmac.as_str())))
    .bind(phone.and_then(|phone| present(&phone.sealed)))
    .bind(phone.map(|phone| phone.country.as_str()))
    .bind(phone.map(|phone| phone.prefix.as_str()))
    .bind(optional(hook.locale.as_deref()))
    .bind(hook.otp_expires_at.map(moment))
    .bind(moment(hook.received_at))
    .bind(text(&hook.node))
    .execute(connection)
    .await?;
    Ok(())
}

/// Of the transactions of one hook the smallest id is the first, and all others point to it. One that comes late with a smaller
/// id makes the former first one, and all that pointed there, point to it.
async fn step_back(
    connection: &mut SqliteConnection,
    id: &str,
    org: &str,
    hook_id: &str,
) -> Result<(), sqlx::Error> {
    let former: Option<String> = sqlx::query_scalar(
        "UPDATE otp_transactions SET duplicate_of = ?1
        WHERE org = ?2 AND okta_event_id = ?3 AND duplicate_of IS NULL AND id > ?1
        RETURNING id",
    )
    .bind(id)
    .bind(org)
    .bind(hook_id)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(former) = former {
        sqlx::query("UPDATE otp_transactions SET duplicate_of = ?1 WHERE duplicate_of = ?2")
            .bind(id)
            .bind(former)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// The earliest answer is the one that Okta had.
pub(super) async fn answered(
    connection: &mut SqliteConnection,
    answers: &[&HookAnswered],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, answer: &&HookAnswered| {
        values
            .add(answer.transaction.to_string())
            .add(answer.answer.as_str())
            .add(moment(answer.answered_at))
            .add(answer.failure_class.map(|class| class.as_str()))
            .add(optional(answer.provider.as_deref()))
            .add(optional(answer.provider_ref.as_deref()))
            .add(optional(answer.attempt_ref.as_deref()));
    };
    ANSWERED.write(connection, answers, bind).await
}

/// Who knows better decides; among equals, who said it last.
pub(super) async fn settled(
    connection: &mut SqliteConnection,
    ends: &[&TransactionSettled],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, end: &&TransactionSettled| {
        values
            .add(end.transaction.to_string())
            .add(end.rank())
            .add(moment(end.settled_at))
            .add(end.status.as_str())
            .add(end.failure_class.map(|class| class.as_str()))
            .add(optional(end.provider.as_deref()))
            .add(optional(end.provider_ref.as_deref()));
    };
    SETTLED.write(connection, ends, bind).await
}

/// A code is entered when it is entered first.
pub(super) async fn verified(
    connection: &mut SqliteConnection,
    codes: &[(TransactionId, Timestamp)],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, (id, at): &(TransactionId, Timestamp)| {
        values.add(id.to_string()).add(moment(*at));
    };
    VERIFIED.write(connection, codes, bind).await
}
