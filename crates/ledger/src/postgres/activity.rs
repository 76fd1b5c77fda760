use jiff_sqlx::ToSqlx as _;

use super::PostgresLedger;
use super::word::number;
use crate::ReadError;
use crate::rows::{Activity, ActivityQuery, Tally};
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn activity(&self, query: &ActivityQuery) -> Result<Activity, ReadError> {
        // Counted once, by everything that is told apart, and added up from there.
        let rows = self
            .rows(sqlx::query!(
                r#"WITH newest AS (
                    SELECT received_at, country, channel, provider, status, verified_at IS NOT NULL AS used
                    FROM otp_transactions
                    WHERE received_at >= $1 AND received_at < $2 AND duplicate_of IS NULL
                    ORDER BY received_at DESC NULLS LAST
                    LIMIT $5
                ), cells AS MATERIALIZED (
                    SELECT (floor(extract(epoch FROM received_at))::bigint - $3::bigint) / $4::bigint AS step, country, channel, provider,
                        min(received_at) AS oldest,
                        count(*) AS codes,
                        count(*) FILTER (WHERE used) AS used,
                        count(*) FILTER (WHERE NOT used AND status = 'accepted') AS unused,
                        count(*) FILTER (WHERE NOT used AND status = 'ambiguous') AS unknown,
                        count(*) FILTER (WHERE NOT used AND status IN ('failed', 'rejected')) AS failed,
                        count(*) FILTER (WHERE NOT used AND status = 'blocked') AS blocked,
                        count(*) FILTER (WHERE NOT used AND status = 'received') AS open
                    FROM newest GROUP BY 1, 2, 3, 4
                ), told AS (
                    SELECT 'time' AS what, step::text COLLATE "C" AS word, * FROM cells
                    UNION ALL SELECT 'country', country, * FROM cells
                    UNION ALL SELECT 'channel', channel, * FROM cells
                    UNION ALL SELECT 'provider', provider, * FROM cells
                )
                SELECT what AS "what!", word, sum(codes)::bigint AS "codes!", sum(used)::bigint AS "used!",
                    sum(unused)::bigint AS "unused!", sum(unknown)::bigint AS "unknown!", sum(failed)::bigint AS "failed!",
                    sum(blocked)::bigint AS "blocked!", sum(open)::bigint AS "open!"
                FROM told GROUP BY what, word
                UNION ALL
                SELECT 'oldest', floor(extract(epoch FROM min(oldest)))::bigint::text, coalesce(sum(codes), 0)::bigint, 0, 0, 0, 0, 0, 0
                FROM cells"#,
                instant(query.since).to_sqlx() as _,
                instant(query.until).to_sqlx() as _,
                query.first_second(),
                query.step_seconds(),
                query.most(),
            ))
            .await?;
        let mut activity = Activity::empty(query);
        for row in rows {
            let tally = Tally {
                codes: number("codes", row.codes)?,
                used: number("used", row.used)?,
                unused: number("unused", row.unused)?,
                unknown: number("unknown", row.unknown)?,
                failed: number("failed", row.failed)?,
                blocked: number("blocked", row.blocked)?,
                open: number("open", row.open)?,
            };
            activity.enter(query, &row.what, row.word, tally);
        }
        Ok(activity.sorted())
    }
}
