use jiff::Timestamp;
use otp::ErasureMark;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::write::moment;
use super::{PostgresLedger, fault};
use crate::erasure::further_marks;
use crate::rows::{Erased, Person, QuarantinedBody};
use crate::{ApplyError, ReadError};

/// Transactions, and events beside them, per step.
const STEP: i64 = 500;

impl PostgresLedger {
    pub(crate) async fn erase(
        &self,
        person: &Person,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Erased, ApplyError> {
        if !dry_run {
            let mark = person.mark();
            self.writing(move |connection| {
                Box::pin(async move { note(connection, &mark, now).await.map_err(fault::of) })
            })
            .await??;
        }
        let mut erased = Erased::default();
        loop {
            let person = person.clone();
            let (step, more) = self
                .writing(move |connection| {
                    Box::pin(async move { step(connection, &person, now, dry_run).await.map_err(fault::of) })
                })
                .await??;
            erased.add(step);
            if !more {
                return Ok(erased);
            }
        }
    }

    pub(crate) async fn quarantined(&self, after: Option<Uuid>) -> Result<Vec<QuarantinedBody>, ReadError> {
        self.rows(sqlx::query_as!(
            QuarantinedBody,
            "SELECT id, org, sealed_body FROM quarantine WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT 100",
            after,
        ))
        .await
    }

    pub(crate) async fn forget_quarantined(&self, ids: &[Uuid]) -> Result<u64, ApplyError> {
        let delete = sqlx::query!("DELETE FROM quarantine WHERE id = ANY ($1)", ids);
        let deleted = self
            .writing(move |connection| {
                Box::pin(async move { delete.execute(connection).await.map_err(fault::of) })
            })
            .await??;
        Ok(deleted.rows_affected())
    }
}

/// From the moment this is written no batch brings the person back; batches under way are waited for, so that what they bring is found.
async fn note(connection: &mut PgConnection, mark: &ErasureMark, now: Timestamp) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("LOCK TABLE erasures IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await?;
    remember(&mut transaction, &[mark.as_str().to_owned()], now).await?;
    transaction.commit().await
}

async fn remember(
    connection: &mut PgConnection,
    marks: &[String],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO erasures AS e (mark, erased_at) SELECT mark, $2 FROM unnest($1::text[]) AS marks (mark) ORDER BY mark
        ON CONFLICT (mark) DO UPDATE SET erased_at = greatest(e.erased_at, excluded.erased_at)",
        marks,
        moment(now) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One transaction over all tables; whether there is more. A dry run takes all at once, and takes it back.
async fn step(
    connection: &mut PgConnection,
    person: &Person,
    now: Timestamp,
    dry_run: bool,
) -> Result<(Erased, bool), sqlx::Error> {
    let limit = if dry_run { i64::MAX } else { STEP };
    let mut transaction = connection.begin().await?;
    let found = find(&mut transaction, person, limit).await?;
    let ids: Vec<Uuid> = found.iter().map(|(id, _)| *id).collect();
    let mut hmacs: Vec<String> = found.into_iter().filter_map(|(_, hmac)| hmac).collect();
    hmacs.extend(person.hmac().map(str::to_owned));
    hmacs.sort_unstable();
    hmacs.dedup();
    // Another report of the same event may stand where this one would.
    sqlx::query!(
        "DELETE FROM feedback_reports r WHERE r.phone_hmac = ANY ($1::text[]) AND r.subject = r.phone_hmac AND EXISTS (
            SELECT FROM feedback_reports other
            WHERE other.event_uuid = r.event_uuid AND other.org = r.org AND other.provider = r.provider
            AND (other.subject = '' OR (other.subject > r.subject AND other.subject = ANY ($1::text[])))
        )",
        &hmacs,
    )
    .execute(&mut *transaction)
    .await?;
    let reports = sqlx::query!(
        "UPDATE feedback_reports SET phone_hmac = NULL, subject = CASE subject WHEN phone_hmac THEN '' ELSE subject END
        WHERE phone_hmac = ANY ($1::text[])",
        &hmacs,
    )
    .execute(&mut *transaction)
    .await?;
    let claims = sqlx::query!(
        "DELETE FROM report_claims WHERE split_part(subject, '/', 2) = ANY ($1::text[]) AND subject LIKE '%/%'",
        &hmacs,
    )
    .execute(&mut *transaction)
    .await?;
    let events = sqlx::query!(
        "UPDATE okta_events SET okta_user_id = NULL WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM okta_events
            WHERE okta_user_id = $1 AND ($2::text IS NULL OR org = $2) LIMIT $3 FOR UPDATE
        ))",
        person.okta_user_id(),
        person.org(),
        limit,
    )
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    let sends = sqlx::query!(
        "UPDATE okta_send_events SET okta_user_id = NULL WHERE okta_user_id = $1 AND ($2::text IS NULL OR org = $2)",
        person.okta_user_id(),
        person.org(),
    )
    .execute(&mut *transaction)
    .await?;
    let owners = owners(&mut transaction, person, &ids).await?;
    let (orgs, users): (Vec<String>, Vec<String>) = owners.iter().cloned().unzip();
    let their_sends = sqlx::query!(
        "UPDATE okta_send_events e SET okta_user_id = NULL
        FROM unnest($1::text[], $2::text[]) AS owner (org, okta_user_id)
        WHERE e.org = owner.org AND e.okta_user_id = owner.okta_user_id",
        &orgs,
        &users,
    )
    .execute(&mut *transaction)
    .await?;
    let their_events = sqlx::query!(
        "UPDATE okta_events e SET okta_user_id = NULL
        FROM unnest($1::text[], $2::text[]) AS owner (org, okta_user_id)
        WHERE e.org = owner.org AND e.okta_user_id = owner.okta_user_id",
        &orgs,
        &users,
    )
    .execute(&mut *transaction)
    .await?;
    let linked = sqlx::query!(
        "UPDATE okta_events SET okta_user_id = NULL WHERE transaction_id = ANY ($1) AND transaction_id IS NOT NULL AND okta_user_id IS NOT NULL
        RETURNING org, uuid",
        &ids,
    )
    .fetch_all(&mut *transaction)
    .await?;
    sqlx::query!(
        "UPDATE otp_transactions SET okta_user_id = NULL, phone_hmac = NULL, phone_sealed = NULL WHERE id = ANY ($1)",
        &ids,
    )
    .execute(&mut *transaction)
    .await?;
    let erased = Erased {
        transactions: ids.len() as u64,
        events: events + their_events.rows_affected() + linked.len() as u64,
        sends: sends.rows_affected() + their_sends.rows_affected(),
        reports: reports.rows_affected(),
        claims: claims.rows_affected(),
    };
    if dry_run {
        transaction.rollback().await?;
        return Ok((erased, false));
    }
    let linked = linked.into_iter().map(|row| (row.org, row.uuid));
    remember(&mut transaction, &further_marks(hmacs, &owners, linked), now).await?;
    transaction.commit().await?;
    let full = STEP.unsigned_abs();
    Ok((erased, erased.transactions == full || events == full))
}

/// Of the users of these transactions those who are known by the erased number alone: whose they are there is no doubt.
async fn owners(
    connection: &mut PgConnection,
    person: &Person,
    transactions: &[Uuid],
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let Some(hmac) = person.hmac() else { return Ok(Vec::new()) };
    let found = sqlx::query!(
        r#"SELECT DISTINCT t.org AS "org!", t.okta_user_id AS "okta_user_id!" FROM otp_transactions t
        WHERE t.id = ANY ($2) AND t.okta_user_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM otp_transactions other
            WHERE other.org = t.org AND other.okta_user_id = t.okta_user_id AND other.phone_hmac <> $1
        )"#,
        hmac,
        transactions,
    );
    let found = found.fetch_all(connection).await?;
    Ok(found.into_iter().map(|row| (row.org, row.okta_user_id)).collect())
}

/// Transactions that name the person, with the number's pseudonym.
async fn find(
    connection: &mut PgConnection,
    person: &Person,
    limit: i64,
) -> Result<Vec<(Uuid, Option<String>)>, sqlx::Error> {
    match person {
        Person::User { org, okta_user_id } => {
            let found = sqlx::query!(
                "SELECT id, phone_hmac FROM otp_transactions
                WHERE okta_user_id = $1 AND ($2::text IS NULL OR org = $2)
                LIMIT $3 FOR NO KEY UPDATE",
                okta_user_id,
                org.as_ref().map(|org| org.as_str()),
                limit,
            );
            let found = found.fetch_all(connection).await?;
            Ok(found.into_iter().map(|row| (row.id, row.phone_hmac)).collect())
        }
        Person::Phone(hmac) => {
            let found = sqlx::query!(
                "SELECT id, phone_hmac FROM otp_transactions WHERE phone_hmac = $1 LIMIT $2 FOR NO KEY UPDATE",
                hmac.as_str(),
                limit,
            );
            let found = found.fetch_all(connection).await?;
            Ok(found.into_iter().map(|row| (row.id, row.phone_hmac)).collect())
        }
    }
}
