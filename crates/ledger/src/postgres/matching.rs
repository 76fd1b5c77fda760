//! What the worker asks while an event waits.

use jiff_sqlx::ToSqlx as _;
use otp::{EventId, EventState, TransactionId};

use super::PostgresLedger;
use super::records::FeedbackRecord;
use super::word::{maybe, must, word};
use crate::ReadError;
use crate::rows::{FeedbackRow, SendQuery, SendRecord};
use crate::text::{instant, text};

impl PostgresLedger {
    pub(crate) async fn find_send(&self, query: &SendQuery) -> Result<Option<SendRecord>, ReadError> {
        let user = text(&query.okta_user_id);
        let rows = self
            .ask(sqlx::query!(
                r#"SELECT t.id, t.channel, t.purpose, t.status, t.provider, t.provider_ref, t.phone_sealed, t.phone_hmac,
                    t.received_at AS "received_at: jiff_sqlx::Timestamp", t.verified_at AS "verified_at: jiff_sqlx::Timestamp",
                    r.verdict AS "verdict?", r.result AS "result?",
                    EXISTS (
                        SELECT FROM otp_transactions newer
                        WHERE newer.org = $1 AND newer.okta_user_id = $2
                        AND newer.received_at > t.received_at AND newer.received_at <= $4
                        AND newer.status = 'received'
                        AND ($5::text IS NULL OR newer.channel = $5) AND ($6::text IS NULL OR newer.purpose = $6)
                    ) AS "newer_in_flight!"
                FROM otp_transactions t
                LEFT JOIN LATERAL (
                    SELECT f.verdict, f.result FROM feedback_reports f
                    WHERE f.transaction_id = t.id
                    ORDER BY f.result_rank DESC, f.reported_at, f.event_uuid
                    LIMIT 1
                ) r ON TRUE
                WHERE t.org = $1 AND t.okta_user_id = $2 AND t.received_at > $3 AND t.received_at <= $4
                AND t.status IN ('accepted', 'ambiguous')
                AND ($5::text IS NULL OR t.channel = $5) AND ($6::text IS NULL OR t.purpose = $6)
                ORDER BY t.received_at DESC NULLS LAST, t.id DESC
                LIMIT 1"#,
                query.org.as_str(),
                user.as_ref(),
                instant(query.after).to_sqlx() as _,
                instant(query.before).to_sqlx() as _,
                query.channel.map(|channel| channel.as_str()),
                query.purpose.map(|purpose| purpose.as_str()),
            ))
            .await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let verdict = maybe("verdict", row.verdict.as_deref())?;
        Ok(Some(SendRecord {
            transaction: row.id.into(),
            channel: maybe("channel", row.channel.as_deref())?,
            purpose: word("purpose", &must("purpose", row.purpose)?)?,
            status: word("status", &row.status)?,
            provider: row.provider,
            provider_ref: row.provider_ref,
            phone_sealed: row.phone_sealed,
            phone_hmac: maybe("phone_hmac", row.phone_hmac.as_deref())?,
            received_at: must("received_at", row.received_at)?.to_jiff(),
            verified_at: row.verified_at.map(|at| at.to_jiff()),
            feedback: verdict.zip(maybe("result", row.result.as_deref())?),
            newer_in_flight: row.newer_in_flight,
        }))
    }

    pub(crate) async fn event_state(&self, event: &EventId) -> Result<Option<EventState>, ReadError> {
        let uuid = text(&event.uuid);
        let rows = self
            .ask(sqlx::query!(
                "SELECT state FROM okta_events WHERE org = $1 AND uuid = $2",
                event.org.as_str(),
                uuid.as_ref(),
            ))
            .await?;
        maybe("state", rows.first().map(|row| row.state.as_str()))
    }

    pub(crate) async fn feedback_for(
        &self,
        transaction: TransactionId,
    ) -> Result<Option<FeedbackRow>, ReadError> {
        let report = self
            .row(sqlx::query_as!(
                FeedbackRecord,
                r#"SELECT org, event_uuid, transaction_id, provider, provider_ref, verdict, result, matched_by,
                    reported_at AS "reported_at: _"
                FROM feedback_reports WHERE transaction_id = $1
                ORDER BY result_rank DESC, reported_at, event_uuid
                LIMIT 1"#,
                super::write::key(transaction),
            ))
            .await?;
        report.map(FeedbackRow::try_from).transpose()
    }
}
