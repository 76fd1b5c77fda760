use jiff_sqlx::ToSqlx as _;
use otp::{EventId, EventSettled};

use super::PostgresLedger;
use super::word::{maybe, must, number, word};
use crate::ReadError;
use crate::rows::{MOST_ROWS, Unattributed, UnattributedQuery};
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn unattributed(
        &self,
        query: &UnattributedQuery,
    ) -> Result<Vec<Unattributed>, ReadError> {
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT e.org, e.uuid, e.okta_user_id, e.channel, e.reading, e.state, e.note, e.attempts,
                    e.received_at AS "received_at: jiff_sqlx::Timestamp", e.settled_at AS "settled_at: jiff_sqlx::Timestamp",
                    coalesce(e.published_at, e.received_at) AS "published_at: jiff_sqlx::Timestamp",
                    (
                        SELECT r.provider_ref FROM feedback_reports r
                        WHERE r.org = e.org AND r.event_uuid = e.uuid AND r.verdict = 'approved' AND r.provider_ref IS NOT NULL
                        ORDER BY r.result_rank DESC, r.reported_at
                        LIMIT 1
                    ) AS "reported_ref?"
                FROM okta_events e
                WHERE e.received_at > $1 AND e.transaction_id IS NULL AND e.reading <> 'nothing'
                    AND e.state IN ('done', 'no_match', 'expired', 'skipped')
                    AND EXISTS (
                        SELECT FROM otp_transactions t
                        WHERE t.org = e.org AND t.okta_user_id = e.okta_user_id
                            AND t.received_at > coalesce(e.published_at, e.received_at) - make_interval(secs => $2)
                            AND t.received_at <= coalesce(e.published_at, e.received_at)
                            AND t.status IN ('accepted', 'ambiguous') AND t.verified_at IS NULL
                            AND CASE e.reading
                                WHEN 'phone_enrolled' THEN t.purpose IN ('pre-enrollment', 'unknown')
                                ELSE e.channel IS NULL OR t.channel = e.channel
                            END
                    )
                ORDER BY e.received_at, e.org, e.uuid
                LIMIT $3"#,
                instant(query.received_after).to_sqlx() as _,
                query.life.as_secs_f64(),
                i64::from(query.limit.min(MOST_ROWS)),
            ))
            .await?;
        let events = rows.into_iter().map(|row| {
            Ok(Unattributed {
                end: EventSettled {
                    event: EventId { org: word("org", &row.org)?, uuid: row.uuid },
                    state: word("state", &row.state)?,
                    note: row.note,
                    attempts: number("attempts", row.attempts)?,
                    transaction: None,
                    verified_at: None,
                    settled_at: must("settled_at", row.settled_at)?.to_jiff(),
                    replayed_at: None,
                },
                okta_user_id: must("okta_user_id", row.okta_user_id)?,
                channel: maybe("channel", row.channel.as_deref())?,
                reading: word("reading", &must("reading", row.reading)?)?,
                reported_ref: row.reported_ref,
                published_at: must("published_at", row.published_at)?.to_jiff(),
                received_at: must("received_at", row.received_at)?.to_jiff(),
            })
        });
        events.collect()
    }
}
