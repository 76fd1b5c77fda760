//! What the worker asks while an event waits.

use jiff::Timestamp;
use otp::{EventId, EventState, OrgName, TransactionId};

use super::SqliteLedger;
use super::columns::Columns;
use super::decode::feedback;
use crate::ReadError;
use crate::rows::{EarlierHook, EventMatch, EventQuery, FeedbackRow, SendQuery, SendRecord, StoredAnswer};
use crate::text::{moment, text};

impl SqliteLedger {
    pub(crate) async fn find_send(&self, query: &SendQuery) -> Result<Option<SendRecord>, ReadError> {
        let row = self
            .row(
                sqlx::query(
                    "SELECT t.id, t.channel, t.purpose, t.status, t.provider, t.provider_ref, t.phone_sealed, t.phone_hmac,
                        t.received_at, t.otp_expires_at, t.verified_at, r.verdict, r.result,
                        EXISTS (
                            SELECT 1 FROM otp_transactions newer
                            WHERE newer.org = ?1 AND newer.okta_user_id = ?2
                            AND newer.received_at > t.received_at AND newer.received_at <= ?4
                            AND newer.status = 'received'
                            AND (?5 IS NULL OR newer.channel = ?5) AND (?6 IS NULL OR newer.purpose = ?6)
                        ) AS newer_in_flight
                    FROM otp_transactions t LEFT JOIN feedback_reports r ON r.transaction_id = t.id
                    WHERE t.org = ?1 AND t.okta_user_id = ?2 AND t.received_at > ?3 AND t.received_at <= ?4
                    AND t.status IN ('accepted', 'ambiguous')
                    AND (?5 IS NULL OR t.channel = ?5) AND (?6 IS NULL OR t.purpose = ?6)
                    ORDER BY t.received_at DESC, t.id DESC, r.result_rank DESC, r.reported_at, r.event_uuid
                    LIMIT 1",
                )
                .bind(query.org.as_str().to_owned())
                .bind(text(&query.okta_user_id).into_owned())
                .bind(moment(query.after))
                .bind(moment(query.before))
                .bind(query.channel.map(|channel| channel.as_str()))
                .bind(query.purpose.map(|purpose| purpose.as_str())),
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Columns(&row);
        Ok(Some(SendRecord {
            transaction: row.must("id", Columns::id)?,
            channel: row.word("channel")?,
            purpose: row.must("purpose", Columns::word)?,
            status: row.must("status", Columns::word)?,
            provider: row.text("provider")?,
            provider_ref: row.text("provider_ref")?,
            phone_sealed: row.text("phone_sealed")?,
            phone_hmac: row.word("phone_hmac")?,
            received_at: row.must("received_at", Columns::moment)?,
            otp_expires_at: row.moment("otp_expires_at")?,
            verified_at: row.moment("verified_at")?,
            feedback: row.word("verdict")?.zip(row.word("result")?),
            newer_in_flight: row.must("newer_in_flight", Columns::number::<i64>)? != 0,
        }))
    }

    /// A file has no round trips to save: one after the other, the event first.
    pub(crate) async fn match_events(
        &self,
        queries: &[EventQuery],
    ) -> Result<Vec<Result<EventMatch, ReadError>>, ReadError> {
        let mut found = Vec::with_capacity(queries.len());
        for query in queries {
            found.push(match self.match_event(query).await {
                Err(err) if !matches!(err, ReadError::Damaged { .. }) => return Err(err),
                told => told,
            });
        }
        Ok(found)
    }

    async fn match_event(&self, query: &EventQuery) -> Result<EventMatch, ReadError> {
        let (state, settled_at) = self.event_state(&query.event).await?.unzip();
        let send = match &query.send {
            Some(send) => self.find_send(send).await?,
            None => None,
        };
        Ok(EventMatch { state, settled_at: settled_at.flatten(), send })
    }

    async fn event_state(
        &self,
        event: &EventId,
    ) -> Result<Option<(EventState, Option<Timestamp>)>, ReadError> {
        let row = self
            .row(
                sqlx::query("SELECT state, settled_at FROM okta_events WHERE org = ?1 AND uuid = ?2")
                    .bind(event.org.as_str().to_owned())
                    .bind(text(&event.uuid).into_owned()),
            )
            .await?;
        row.map(|row| {
            let row = Columns(&row);
            Ok((row.must("state", Columns::word)?, row.moment("settled_at")?))
        })
        .transpose()
    }

    pub(crate) async fn feedback_for(
        &self,
        transaction: TransactionId,
    ) -> Result<Option<FeedbackRow>, ReadError> {
        let row = self
            .row(
                sqlx::query(
                    "SELECT org, event_uuid, transaction_id, provider, provider_ref, verdict, result, matched_by, reported_at
                    FROM feedback_reports WHERE transaction_id = ?1
                    ORDER BY result_rank DESC, reported_at, event_uuid
                    LIMIT 1",
                )
                .bind(transaction.to_string()),
            )
            .await?;
        row.map(|row| feedback(&Columns(&row))).transpose()
    }

    /// A file has no round trips to save: one after the other.
    pub(crate) async fn earlier_hooks(
        &self,
        hooks: &[(OrgName, String)],
    ) -> Result<Vec<Option<EarlierHook>>, ReadError> {
        let mut answers = Vec::with_capacity(hooks.len());
        if hooks.is_empty() {
            // Asked even when it is about none: then it says whether the books can be asked.
            self.row(sqlx::query("SELECT 1 FROM otp_transactions LIMIT 1")).await?;
        }
        for (org, okta_event_id) in hooks {
            answers.push(self.earlier_hook(org, okta_event_id).await?);
        }
        Ok(answers)
    }

    async fn earlier_hook(
        &self,
        org: &OrgName,
        okta_event_id: &str,
    ) -> Result<Option<EarlierHook>, ReadError> {
        let row = self
            .row(
                sqlx::query(
                    "WITH first AS (
                        SELECT id FROM otp_transactions
                        WHERE org = ?1 AND okta_event_id = ?2 AND duplicate_of IS NULL
                    )
                    SELECT id, answer, answer_failure_class, answer_provider, answer_provider_ref, answer_attempt_ref, answered_at
                    FROM otp_transactions
                    WHERE (id = (SELECT id FROM first) OR duplicate_of = (SELECT id FROM first))
                    AND (answered_at IS NOT NULL OR failure_class IS NOT 'not_sent')
                    ORDER BY answered_at NULLS LAST, id
                    LIMIT 1",
                )
                .bind(org.as_str().to_owned())
                .bind(text(okta_event_id).into_owned()),
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Columns(&row);
        let transaction = row.must("id", Columns::id)?;
        let Some(answered_at) = row.moment("answered_at")? else {
            return Ok(Some(EarlierHook::Unanswered(transaction)));
        };
        Ok(Some(EarlierHook::Answered(StoredAnswer {
            transaction,
            answer: row.must("answer", Columns::word)?,
            failure_class: row.word("answer_failure_class")?,
            provider: row.text("answer_provider")?,
            provider_ref: row.text("answer_provider_ref")?,
            attempt_ref: row.text("answer_attempt_ref")?,
            answered_at,
        })))
    }
}
