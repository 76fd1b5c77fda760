use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::PostgresLedger;
use super::word::number;
use crate::ReadError;
use crate::rows::{Attention, Pile, RecentCalls};
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn attention(&self, now: Timestamp) -> Result<Attention, ReadError> {
        let [day, quarter, two_minutes, minute] = Attention::moments(now).map(instant);
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT 'dead_letters' AS "what!", '' AS "provider!", count(*) AS "n!", 0::bigint AS "misconfigured!", 0::bigint AS "unsure!",
                    min(dead_at) AS "oldest: jiff_sqlx::Timestamp"
                FROM (SELECT dead_at FROM dead_letters WHERE replayed_at IS NULL ORDER BY dead_at DESC, id LIMIT $5) letters
                UNION ALL
                SELECT 'aside', '', count(*), 0, 0, min(received_at)
                FROM (SELECT received_at FROM quarantine WHERE received_at >= $1 ORDER BY received_at DESC LIMIT $5) bodies
                UNION ALL
                SELECT 'unresolved', '', count(*), 0, 0, min(started_at) FROM (
                    SELECT started_at FROM send_attempts
                    WHERE outcome = 'ambiguous' AND started_at >= $1 AND started_at < $3
                    ORDER BY started_at DESC, transaction_id DESC, n DESC LIMIT $5
                ) calls
                UNION ALL
                SELECT 'waiting_events', '', count(*), 0, 0, min(received_at) FROM (
                    SELECT received_at FROM okta_events WHERE state = 'queued' AND received_at >= $1 AND received_at < $4
                    ORDER BY received_at DESC NULLS LAST LIMIT $5
                ) events
                UNION ALL
                SELECT 'calls', provider, count(outcome), count(*) FILTER (WHERE outcome = 'misconfigured'),
                    count(*) FILTER (WHERE outcome IN ('not_sent', 'misconfigured', 'ambiguous')), NULL
                FROM (
                    SELECT provider, outcome FROM send_attempts WHERE started_at >= $2 ORDER BY started_at DESC LIMIT $6
                ) recent GROUP BY provider
                ORDER BY 1, 2"#,
                day.to_sqlx() as _,
                quarter.to_sqlx() as _,
                two_minutes.to_sqlx() as _,
                minute.to_sqlx() as _,
                Attention::MOST,
                Attention::MOST_CALLS,
            ))
            .await?;
        let mut attention = Attention::default();
        for row in rows {
            let count = number("n", row.n)?;
            if row.what == "calls" {
                attention.recent_calls.push(RecentCalls {
                    provider: row.provider,
                    calls: count,
                    misconfigured: number("misconfigured", row.misconfigured)?,
                    unsure: number("unsure", row.unsure)?,
                });
            } else {
                let oldest = row.oldest.map(jiff_sqlx::Timestamp::to_jiff);
                attention.enter(&row.what, Pile { count, oldest });
            }
        }
        Ok(attention)
    }
}
