use otp::{EventId, EventSettled};

use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::{MOST_ROWS, Unattributed, UnattributedQuery};
use crate::text::moment;

// Moments are text that sorts by time; the second before which a send is too old sorts so as well.
const UNATTRIBUTED: &str = "
    SELECT e.org, e.uuid, e.okta_user_id, e.channel, e.reading, e.state, e.note, e.attempts, e.received_at, e.settled_at,
        coalesce(e.published_at, e.received_at) AS published_at,
        (
            SELECT r.provider_ref FROM feedback_reports r
            WHERE r.org = e.org AND r.event_uuid = e.uuid AND r.verdict = 'approved' AND r.provider_ref IS NOT NULL
            ORDER BY r.result_rank DESC, r.reported_at
            LIMIT 1
        ) AS reported_ref
    FROM okta_events e
    WHERE e.received_at > ?1 AND e.transaction_id IS NULL AND e.reading <> 'nothing'
        AND e.state IN ('done', 'no_match', 'expired', 'skipped')
        AND EXISTS (
            SELECT 1 FROM otp_transactions t
            WHERE t.org = e.org AND t.okta_user_id = e.okta_user_id
                AND t.received_at > strftime(
                    '%Y-%m-%dT%H:%M:%S', substr(coalesce(e.published_at, e.received_at), 1, 19), '-' || ?2 || ' seconds'
                )
                AND t.received_at <= coalesce(e.published_at, e.received_at)
                AND t.status IN ('accepted', 'ambiguous') AND t.verified_at IS NULL
                AND CASE e.reading
                    WHEN 'phone_enrolled' THEN t.purpose IN ('pre-enrollment', 'unknown')
                    ELSE e.channel IS NULL OR t.channel = e.channel
                END
        )
    ORDER BY e.received_at, e.org, e.uuid
    LIMIT ?3";

impl SqliteLedger {
    pub(crate) async fn unattributed(
        &self,
        query: &UnattributedQuery,
    ) -> Result<Vec<Unattributed>, ReadError> {
        let query = sqlx::query(UNATTRIBUTED)
            .bind(moment(query.received_after))
            .bind(i64::try_from(query.life.as_secs()).unwrap_or(i64::MAX))
            .bind(query.limit.min(MOST_ROWS));
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                let row = Columns(row);
                Ok(Unattributed {
                    end: EventSettled {
                        event: EventId {
                            org: row.must("org", Columns::word)?,
                            uuid: row.must("uuid", Columns::text)?,
                        },
                        state: row.must("state", Columns::word)?,
                        note: row.text("note")?,
                        attempts: row.must("attempts", Columns::number)?,
                        transaction: None,
                        verified_at: None,
                        settled_at: row.must("settled_at", Columns::moment)?,
                        replayed_at: None,
                    },
                    okta_user_id: row.must("okta_user_id", Columns::text)?,
                    channel: row.word("channel")?,
                    reading: row.must("reading", Columns::word)?,
                    reported_ref: row.text("reported_ref")?,
                    published_at: row.must("published_at", Columns::moment)?,
                    received_at: row.must("received_at", Columns::moment)?,
                })
            })
            .collect()
    }
}
