use jiff_sqlx::{Timestamp, ToSqlx as _};

use super::PostgresLedger;
use super::word::{maybe, must, number, word};
use super::write::key;
use crate::ReadError;
use crate::rows::{MOST_ROWS, UnresolvedQuery, UnresolvedSend};
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn unresolved_sends(
        &self,
        query: &UnresolvedQuery,
    ) -> Result<Vec<UnresolvedSend>, ReadError> {
        let (started_at, transaction, n) = query.place();
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT a.transaction_id, a.n, a.provider, a.started_at AS "started_at: Timestamp",
                    a.ended_at AS "ended_at: Timestamp", a.http_status, a.provider_code, t.org, t.channel, t.phone_sealed,
                    t.phone_hmac, coalesce(t.status, 'received') AS "status!", t.otp_expires_at AS "otp_expires_at: Timestamp",
                    t.received_at AS "received_at: Timestamp", d.id IS NOT NULL AS "receipt!",
                    d.provider_ref AS receipt_provider_ref, d.attempt_ref AS receipt_attempt_ref
                FROM send_attempts a
                LEFT JOIN LATERAL (
                    SELECT * FROM otp_transactions known WHERE known.id = a.transaction_id LIMIT 1
                ) t ON TRUE
                LEFT JOIN LATERAL (
                    SELECT r.id, r.provider_ref, r.attempt_ref FROM delivery_receipts r
                    WHERE r.transaction_id = a.transaction_id AND r.provider = a.provider
                    ORDER BY r.received_at DESC, r.id DESC
                    LIMIT 1
                ) d ON TRUE
                WHERE a.outcome = 'ambiguous' AND (a.started_at, a.transaction_id, a.n) > ($1, $2, $3) AND a.started_at <= $4
                ORDER BY a.started_at, a.transaction_id, a.n
                LIMIT $5"#,
                instant(started_at).to_sqlx() as _,
                key(transaction),
                i32::from(n),
                instant(query.started_before).to_sqlx() as _,
                i64::from(query.limit.min(MOST_ROWS)),
            ))
            .await?;
        let sends = rows.into_iter().map(|row| {
            Ok(UnresolvedSend {
                transaction: row.transaction_id.into(),
                n: number("n", row.n)?,
                provider: row.provider,
                started_at: row.started_at.to_jiff(),
                ended_at: must("ended_at", row.ended_at)?.to_jiff(),
                http_status: row.http_status.map(|status| number("http_status", status)).transpose()?,
                provider_code: row.provider_code,
                org: maybe("org", row.org.as_deref())?,
                channel: maybe("channel", row.channel.as_deref())?,
                phone_sealed: row.phone_sealed,
                phone_hmac: maybe("phone_hmac", row.phone_hmac.as_deref())?,
                status: word("status", &row.status)?,
                otp_expires_at: row.otp_expires_at.map(Timestamp::to_jiff),
                received_at: row.received_at.map(Timestamp::to_jiff),
                receipt: row.receipt.then_some((row.receipt_provider_ref, row.receipt_attempt_ref)),
            })
        });
        sends.collect()
    }

    pub(crate) async fn attributed(
        &self,
        send: &UnresolvedSend,
        provider_ref: &str,
    ) -> Result<Vec<String>, ReadError> {
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT coalesce(attempt_ref, provider_ref) AS "reference!" FROM send_attempts
                WHERE provider_ref = $1 AND outcome = 'accepted' AND (transaction_id, n) <> ($2, $3)"#,
                provider_ref,
                key(send.transaction),
                i32::from(send.n),
            ))
            .await?;
        Ok(rows.into_iter().map(|row| row.reference).collect())
    }

    pub(crate) async fn next_send(
        &self,
        send: &UnresolvedSend,
    ) -> Result<Option<jiff::Timestamp>, ReadError> {
        let (first, last) = send.soon_after();
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT min(a.started_at) AS "next: Timestamp"
                FROM send_attempts a JOIN otp_transactions t ON t.id = a.transaction_id
                WHERE a.started_at > $1 AND a.started_at <= $2 AND a.provider = $3 AND a.transaction_id <> $4
                    AND t.phone_hmac = $5 AND coalesce(a.outcome, 'ambiguous') IN ('accepted', 'ambiguous')
                    AND coalesce(a.attempt_ref, a.provider_ref) IS NULL"#,
                instant(first).to_sqlx() as _,
                instant(last).to_sqlx() as _,
                send.provider,
                key(send.transaction),
                send.phone_hmac.as_ref().map(otp::PhoneHmac::as_str),
            ))
            .await?;
        Ok(rows.into_iter().find_map(|row| row.next).map(Timestamp::to_jiff))
    }
}
