//! What the worker asks while an event waits.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use otp::{EventId, TransactionId};

use super::PostgresLedger;
use super::records::FeedbackRecord;
use super::word::{maybe, must, number, word};
use crate::ReadError;
use crate::rows::{EventMatch, EventQuery, FeedbackRow, SendQuery, SendRecord};
use crate::text::{instant, text};

impl PostgresLedger {
    pub(crate) async fn find_send(&self, query: &SendQuery) -> Result<Option<SendRecord>, ReadError> {
        // No event has an empty uuid.
        let event = EventId { org: query.org.clone(), uuid: String::new() };
        let found = self.match_events(&[EventQuery { event, send: Some(query.clone()) }]).await?;
        Ok(found.into_iter().next().transpose()?.and_then(|found| found.send))
    }

    pub(crate) async fn match_events(
        &self,
        queries: &[EventQuery],
    ) -> Result<Vec<Result<EventMatch, ReadError>>, ReadError> {
        let mut found: Vec<_> = queries.iter().map(|_| Ok(EventMatch::default())).collect();
        if queries.is_empty() {
            return Ok(found);
        }
        let words = |word: fn(&SendQuery) -> Option<String>| -> Vec<Option<String>> {
            queries.iter().map(|query| query.send.as_ref().and_then(word)).collect()
        };
        let moments = |moment: fn(&SendQuery) -> Timestamp| -> Vec<Option<jiff_sqlx::Timestamp>> {
            queries
                .iter()
                .map(|query| query.send.as_ref().map(|send| instant(moment(send)).to_sqlx()))
                .collect()
        };
        let orgs: Vec<&str> = queries.iter().map(|query| query.event.org.as_str()).collect();
        let uuids: Vec<String> = queries.iter().map(|query| text(&query.event.uuid).into_owned()).collect();
        let users = words(|send| Some(text(&send.okta_user_id).into_owned()));
        let (after, before) = (moments(|send| send.after), moments(|send| send.before));
        let channels = words(|send| Some(send.channel?.as_str().to_owned()));
        let purposes = words(|send| Some(send.purpose?.as_str().to_owned()));
        // One after the other through the indexes, however many are asked: the limits leave no other way.
        let rows = self
            .ask(sqlx::query!(
                r#"SELECT asked.place AS "place!", e.state AS "state?", e.settled_at AS "settled_at?: jiff_sqlx::Timestamp", s.id AS "id?", s.channel, s.purpose, s.status AS "status?",
                    s.provider, s.provider_ref, s.phone_sealed, s.phone_hmac,
                    s.received_at AS "received_at: jiff_sqlx::Timestamp", s.otp_expires_at AS "otp_expires_at: jiff_sqlx::Timestamp", s.verified_at AS "verified_at: jiff_sqlx::Timestamp",
                    s.verdict AS "verdict?", s.result AS "result?", s.newer_in_flight AS "newer_in_flight?"
                FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[])
                    WITH ORDINALITY AS asked (org, uuid, okta_user_id, after, before, channel, purpose, place)
                LEFT JOIN LATERAL (
                    SELECT known.state, known.settled_at FROM okta_events known
                    WHERE known.org = asked.org AND known.uuid = asked.uuid
                    LIMIT 1
                ) e ON TRUE
                LEFT JOIN LATERAL (
                    SELECT t.*, r.verdict, r.result, EXISTS (
                        SELECT FROM otp_transactions newer
                        WHERE newer.org = asked.org AND newer.okta_user_id = asked.okta_user_id
                        AND newer.received_at > t.received_at AND newer.received_at <= asked.before
                        AND newer.status = 'received'
                        AND (asked.channel IS NULL OR newer.channel = asked.channel)
                        AND (asked.purpose IS NULL OR newer.purpose = asked.purpose)
                    ) AS newer_in_flight
                    FROM otp_transactions t
                    LEFT JOIN LATERAL (
                        SELECT f.verdict, f.result FROM feedback_reports f
                        WHERE f.transaction_id = t.id
                        ORDER BY f.result_rank DESC, f.reported_at, f.event_uuid
                        LIMIT 1
                    ) r ON TRUE
                    WHERE t.org = asked.org AND t.okta_user_id = asked.okta_user_id
                    AND t.received_at > asked.after AND t.received_at <= asked.before
                    AND t.status IN ('accepted', 'ambiguous')
                    AND (asked.channel IS NULL OR t.channel = asked.channel)
                    AND (asked.purpose IS NULL OR t.purpose = asked.purpose)
                    ORDER BY t.received_at DESC NULLS LAST, t.id DESC
                    LIMIT 1
                ) s ON TRUE"#,
                &orgs as _,
                &uuids,
                &users as _,
                &after as _,
                &before as _,
                &channels as _,
                &purposes as _,
            ))
            .await?;
        for row in rows {
            let place: usize = number("place", row.place - 1)?;
            let read = || {
                let state = maybe("state", row.state.as_deref())?;
                let settled_at = row.settled_at.map(|at| at.to_jiff());
                let Some(id) = row.id else { return Ok(EventMatch { state, settled_at, send: None }) };
                let verdict = maybe("verdict", row.verdict.as_deref())?;
                let send = SendRecord {
                    transaction: id.into(),
                    channel: maybe("channel", row.channel.as_deref())?,
                    purpose: word("purpose", &must("purpose", row.purpose)?)?,
                    status: word("status", &must("status", row.status)?)?,
                    provider: row.provider,
                    provider_ref: row.provider_ref,
                    phone_sealed: row.phone_sealed,
                    phone_hmac: maybe("phone_hmac", row.phone_hmac.as_deref())?,
                    received_at: must("received_at", row.received_at)?.to_jiff(),
                    otp_expires_at: row.otp_expires_at.map(|at| at.to_jiff()),
                    verified_at: row.verified_at.map(|at| at.to_jiff()),
                    feedback: verdict.zip(maybe("result", row.result.as_deref())?),
                    newer_in_flight: row.newer_in_flight.unwrap_or_default(),
                };
                Ok(EventMatch { state, settled_at, send: Some(send) })
            };
            if let Some(found) = found.get_mut(place) {
                *found = read();
            }
        }
        Ok(found)
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
