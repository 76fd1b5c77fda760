use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::{Activity, ActivityQuery, Tally};
use crate::text::moment;

// Counted once, by everything that is told apart, and added up from there. Seconds are those of the text: SQLite's own reading of a
// fraction rounds.
const ACTIVITY: &str = "
    WITH newest AS (
        SELECT received_at, country, channel, provider, status, verified_at IS NOT NULL AS used
        FROM otp_transactions
        WHERE received_at >= ?1 AND received_at < ?2 AND duplicate_of IS NULL
        ORDER BY received_at DESC NULLS LAST
        LIMIT ?5
    ), cells AS MATERIALIZED (
        SELECT (unixepoch(substr(received_at, 1, 19)) - ?3) / ?4 AS step, country, channel, provider,
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
        SELECT 'time' AS what, CAST(step AS TEXT) AS word, * FROM cells
        UNION ALL SELECT 'country', country, * FROM cells
        UNION ALL SELECT 'channel', channel, * FROM cells
        UNION ALL SELECT 'provider', provider, * FROM cells
    )
    SELECT what, word, sum(codes) AS codes, sum(used) AS used, sum(unused) AS unused, sum(unknown) AS unknown,
        sum(failed) AS failed, sum(blocked) AS blocked, sum(open) AS open
    FROM told GROUP BY what, word
    UNION ALL
    SELECT 'oldest', CAST(unixepoch(substr(min(oldest), 1, 19)) AS TEXT), coalesce(sum(codes), 0), 0, 0, 0, 0, 0, 0 FROM cells";

impl SqliteLedger {
    pub(crate) async fn activity(&self, query: &ActivityQuery) -> Result<Activity, ReadError> {
        let rows = self
            .rows(
                sqlx::query(ACTIVITY)
                    .bind(moment(query.since))
                    .bind(moment(query.until))
                    .bind(query.first_second())
                    .bind(query.step_seconds())
                    .bind(query.most()),
            )
            .await?;
        let mut activity = Activity::empty(query);
        for row in &rows {
            let row = Columns(row);
            let tally = Tally {
                codes: row.must("codes", Columns::number)?,
                used: row.must("used", Columns::number)?,
                unused: row.must("unused", Columns::number)?,
                unknown: row.must("unknown", Columns::number)?,
                failed: row.must("failed", Columns::number)?,
                blocked: row.must("blocked", Columns::number)?,
                open: row.must("open", Columns::number)?,
            };
            activity.enter(query, &row.must("what", Columns::text)?, row.text("word")?, tally);
        }
        Ok(activity.sorted())
    }
}
