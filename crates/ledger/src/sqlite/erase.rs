use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};
use uuid::Uuid;

use super::columns::Columns;
use super::{SqliteLedger, fault};
use crate::erasure::further_marks;
use crate::rows::{Erased, Person, QuarantinedBody};
use crate::text::moment;
use crate::{ApplyError, ReadError};

/// Transactions, and events beside them, per step.
const STEP: i64 = 500;

impl SqliteLedger {
    /// What is gone from the rows is gone from the file too, where nobody reads it just now.
    pub(crate) async fn erase(
        &self,
        person: &Person,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Erased, ApplyError> {
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
                break;
            }
        }
        if !dry_run {
            self.writing(|connection| Box::pin(async move { rewrite(connection).await.map_err(fault::of) }))
                .await??;
        }
        Ok(erased)
    }

    pub(crate) async fn quarantined(&self, after: Option<Uuid>) -> Result<Vec<QuarantinedBody>, ReadError> {
        let rows = self
            .rows(
                sqlx::query(
                    "SELECT id, org, sealed_body FROM quarantine WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT 100",
                )
                .bind(after.map(|id| id.to_string())),
            )
            .await?;
        let read = |row| {
            let row = Columns(row);
            let id = row.must("id", Columns::text)?;
            Ok(QuarantinedBody {
                id: id.parse().map_err(|_| ReadError::Damaged { column: "id" })?,
                org: row.must("org", Columns::text)?,
                sealed_body: row.must("sealed_body", Columns::text)?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(crate) async fn forget_quarantined(&self, ids: &[Uuid]) -> Result<u64, ApplyError> {
        let delete = sqlx::query("DELETE FROM quarantine WHERE id IN (SELECT value FROM json_each(?1))")
            .bind(list(&ids.iter().map(Uuid::to_string).collect::<Vec<_>>()));
        let deleted = self
            .writing(move |connection| {
                Box::pin(async move { delete.execute(connection).await.map_err(fault::of) })
            })
            .await??;
        Ok(deleted.rows_affected())
    }
}

/// Pages keep what was moved about in them, and the log keeps pages: both are written anew.
async fn rewrite(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("VACUUM").execute(&mut *connection).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await?;
    Ok(())
}

fn list<T: Serialize>(items: &[T]) -> String {
    serde_json::json!(items).to_string()
}

/// Of the users of these transactions those who are known by the erased number alone: whose they are there is no doubt.
async fn owners(
    connection: &mut SqliteConnection,
    person: &Person,
    transactions: &str,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT DISTINCT t.org, t.okta_user_id FROM otp_transactions t
        WHERE ?1 IS NOT NULL AND t.id IN (SELECT value FROM json_each(?2)) AND t.okta_user_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM otp_transactions other
            WHERE other.org = t.org AND other.okta_user_id = t.okta_user_id AND other.phone_hmac <> ?1
        )",
    )
    .bind(person.hmac())
    .bind(transactions)
    .fetch_all(connection)
    .await
}

/// One transaction over all tables; whether there is more. A dry run takes all at once, and takes it back.
async fn step(
    connection: &mut SqliteConnection,
    person: &Person,
    now: Timestamp,
    dry_run: bool,
) -> Result<(Erased, bool), sqlx::Error> {
    let limit = if dry_run { i64::MAX } else { STEP };
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found = sqlx::query(
        "SELECT id, phone_hmac FROM otp_transactions
        WHERE (okta_user_id = ?1 AND (?2 IS NULL OR org = ?2)) OR phone_hmac = ?3
        LIMIT ?4",
    )
    .bind(person.okta_user_id())
    .bind(person.org())
    .bind(person.hmac())
    .bind(limit)
    .fetch_all(&mut *transaction)
    .await?;
    let (mut ids, mut hmacs) = (Vec::new(), Vec::new());
    for row in &found {
        ids.push(row.try_get::<String, _>("id")?);
        hmacs.extend(row.try_get::<Option<String>, _>("phone_hmac")?);
    }
    hmacs.extend(person.hmac().map(str::to_owned));
    hmacs.sort_unstable();
    hmacs.dedup();
    let (these, numbers) = (list(&ids), list(&hmacs));
    // Another report of the same event may stand where this one would.
    sqlx::query(
        "DELETE FROM feedback_reports AS r
        WHERE r.phone_hmac IN (SELECT value FROM json_each(?1)) AND r.subject = r.phone_hmac AND EXISTS (
            SELECT 1 FROM feedback_reports other
            WHERE other.event_uuid = r.event_uuid AND other.org = r.org AND other.provider = r.provider
            AND (other.subject = '' OR (
                other.subject > r.subject AND other.subject IN (SELECT value FROM json_each(?1))
            ))
        )",
    )
    .bind(&numbers)
    .execute(&mut *transaction)
    .await?;
    let reports = sqlx::query(
        "UPDATE feedback_reports SET phone_hmac = NULL, subject = CASE subject WHEN phone_hmac THEN '' ELSE subject END
        WHERE phone_hmac IN (SELECT value FROM json_each(?1))",
    )
    .bind(&numbers)
    .execute(&mut *transaction)
    .await?;
    let sends = sqlx::query(
        "UPDATE okta_send_events SET okta_user_id = NULL WHERE okta_user_id = ?1 AND (?2 IS NULL OR org = ?2)",
    )
    .bind(person.okta_user_id())
    .bind(person.org())
    .execute(&mut *transaction)
    .await?;
    let claims = sqlx::query(
        "DELETE FROM report_claims
        WHERE instr(subject, '/') > 0
        AND substr(subject, instr(subject, '/') + 1) IN (SELECT value FROM json_each(?1))",
    )
    .bind(&numbers)
    .execute(&mut *transaction)
    .await?;
    let owners = owners(&mut transaction, person, &these).await?;
    let users = list(&owners);
    let their_sends = sqlx::query(
        "UPDATE okta_send_events SET okta_user_id = NULL
        WHERE (org, okta_user_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
    )
    .bind(&users)
    .execute(&mut *transaction)
    .await?;
    let their_events = sqlx::query(
        "UPDATE okta_events SET okta_user_id = NULL
        WHERE (org, okta_user_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
    )
    .bind(&users)
    .execute(&mut *transaction)
    .await?;
    let events = sqlx::query(
        "UPDATE okta_events SET okta_user_id = NULL WHERE rowid IN (
            SELECT rowid FROM okta_events WHERE okta_user_id = ?1 AND (?2 IS NULL OR org = ?2) LIMIT ?3
        )",
    )
    .bind(person.okta_user_id())
    .bind(person.org())
    .bind(limit)
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    let linked = sqlx::query(
        "UPDATE okta_events SET okta_user_id = NULL
        WHERE transaction_id IN (SELECT value FROM json_each(?1)) AND okta_user_id IS NOT NULL
        RETURNING org, uuid",
    )
    .bind(&these)
    .fetch_all(&mut *transaction)
    .await?;
    sqlx::query(
        "UPDATE otp_transactions SET okta_user_id = NULL, phone_hmac = NULL, phone_sealed = NULL
        WHERE id IN (SELECT value FROM json_each(?1))",
    )
    .bind(&these)
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
    let mut linked_events = Vec::with_capacity(linked.len());
    for row in &linked {
        linked_events.push((row.try_get("org")?, row.try_get("uuid")?));
    }
    let mut marks = further_marks(hmacs, &owners, linked_events.into_iter());
    marks.push(person.mark().as_str().to_owned());
    sqlx::query(
        "INSERT INTO erasures AS e (mark, erased_at) SELECT value, ?2 FROM json_each(?1) WHERE TRUE
        ON CONFLICT (mark) DO UPDATE SET erased_at = max(e.erased_at, excluded.erased_at)",
    )
    .bind(list(&marks))
    .bind(moment(now))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let full = STEP.unsigned_abs();
    Ok((erased, erased.transactions == full || events == full))
}
