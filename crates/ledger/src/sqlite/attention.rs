use jiff::Timestamp;

use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::{Attention, Pile, RecentCalls};
use crate::text::moment;

const ATTENTION: &str = "
    SELECT 'dead_letters' AS what, '' AS provider, count(*) AS n, 0 AS misconfigured, 0 AS unsure, min(dead_at) AS oldest
    FROM (SELECT dead_at FROM dead_letters WHERE replayed_at IS NULL ORDER BY dead_at DESC LIMIT ?5)
    UNION ALL
    SELECT 'aside', '', count(*), 0, 0, min(received_at)
    FROM (SELECT received_at FROM quarantine WHERE received_at >= ?1 ORDER BY received_at DESC LIMIT ?5)
    UNION ALL
    SELECT 'unresolved', '', count(*), 0, 0, min(started_at) FROM (
        SELECT started_at FROM send_attempts
        WHERE outcome = 'ambiguous' AND started_at >= ?1 AND started_at < ?3
        ORDER BY started_at DESC, transaction_id DESC, n DESC LIMIT ?5
    )
    UNION ALL
    SELECT 'waiting_events', '', count(*), 0, 0, min(received_at) FROM (
        SELECT received_at FROM okta_events WHERE state = 'queued' AND received_at >= ?1 AND received_at < ?4
        ORDER BY received_at DESC LIMIT ?5
    )
    UNION ALL
    SELECT 'calls', provider, count(outcome), count(*) FILTER (WHERE outcome = 'misconfigured'),
        count(*) FILTER (WHERE outcome IN ('not_sent', 'misconfigured', 'ambiguous')), NULL
    FROM (SELECT provider, outcome FROM send_attempts WHERE started_at >= ?2 ORDER BY started_at DESC LIMIT ?6)
    GROUP BY provider
    ORDER BY 1, 2";

impl SqliteLedger {
    pub(crate) async fn attention(&self, now: Timestamp) -> Result<Attention, ReadError> {
        let [day, quarter, two_minutes, minute] = Attention::moments(now).map(moment);
        let rows = self
            .rows(
                sqlx::query(ATTENTION)
                    .bind(day)
                    .bind(quarter)
                    .bind(two_minutes)
                    .bind(minute)
                    .bind(Attention::MOST)
                    .bind(Attention::MOST_CALLS),
            )
            .await?;
        let mut attention = Attention::default();
        for row in &rows {
            let row = Columns(row);
            let what = row.must("what", Columns::text)?;
            let count = row.must("n", Columns::number)?;
            if what == "calls" {
                attention.recent_calls.push(RecentCalls {
                    provider: row.must("provider", Columns::text)?,
                    calls: count,
                    misconfigured: row.must("misconfigured", Columns::number)?,
                    unsure: row.must("unsure", Columns::number)?,
                });
            } else {
                attention.enter(&what, Pile { count, oldest: row.moment("oldest")? });
            }
        }
        Ok(attention)
    }
}
