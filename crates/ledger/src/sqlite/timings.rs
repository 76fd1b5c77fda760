use std::time::Duration;

use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::{ActivityQuery, CallTimes, Percentiles, Timings};
use crate::text::moment;

// Microseconds are those of the text: SQLite's own moments have milliseconds.
const TIMINGS: &str = "
    WITH timed AS (
        SELECT 'answer' AS what, '' AS provider, 'accepted' AS outcome, begun, ended FROM (
            SELECT received_at AS begun, answered_at AS ended FROM otp_transactions
            WHERE received_at >= ?1 AND received_at < ?2 AND answered_at IS NOT NULL AND duplicate_of IS NULL
            ORDER BY received_at DESC NULLS LAST LIMIT ?3
        )
        UNION ALL
        SELECT 'call', provider, outcome, begun, ended FROM (
            SELECT provider, outcome, started_at AS begun, ended_at AS ended FROM send_attempts
            WHERE started_at >= ?1 AND started_at < ?2
            ORDER BY started_at DESC LIMIT ?3
        )
        UNION ALL
        SELECT 'report', '', 'accepted', begun, ended FROM (
            SELECT e.received_at AS begun, r.reported_at AS ended
            FROM (
                SELECT org, event_uuid, reported_at FROM feedback_reports
                WHERE reported_at >= ?1 AND reported_at < ?2 AND result = 'reported'
                ORDER BY reported_at DESC LIMIT ?3
            ) r JOIN okta_events e ON e.org = r.org AND e.uuid = r.event_uuid AND e.received_at IS NOT NULL
        )
    ), measured AS (
        SELECT what, provider, outcome,
            max((unixepoch(substr(ended, 1, 19)) - unixepoch(substr(begun, 1, 19))) * 1000000
                + CAST(substr(ended, 21, 6) AS INTEGER) - CAST(substr(begun, 21, 6) AS INTEGER), 0) AS us
        FROM timed
    ), ranked AS (
        SELECT what, provider, outcome, us,
            row_number() OVER (PARTITION BY what, provider ORDER BY us NULLS LAST) AS place,
            count(us) OVER (PARTITION BY what, provider) AS n
        FROM measured
    )
    SELECT what, provider, count(*) AS calls, max(n) AS n,
        count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
        count(*) FILTER (WHERE outcome = 'ambiguous') AS ambiguous,
        count(*) FILTER (WHERE outcome LIKE 'rejected%') AS refused,
        count(*) FILTER (WHERE outcome IN ('not_sent', 'misconfigured')) AS failed,
        min(us) FILTER (WHERE place * 100 >= n * 50) AS p50,
        min(us) FILTER (WHERE place * 100 >= n * 95) AS p95,
        min(us) FILTER (WHERE place * 100 >= n * 99) AS p99
    FROM ranked GROUP BY what, provider ORDER BY what, provider";

impl SqliteLedger {
    pub(crate) async fn timings(&self, query: &ActivityQuery) -> Result<Timings, ReadError> {
        let rows = self
            .rows(
                sqlx::query(TIMINGS)
                    .bind(moment(query.since))
                    .bind(moment(query.until))
                    .bind(query.most_timed()),
            )
            .await?;
        let mut timings = Timings::default();
        for row in &rows {
            let row = Columns(row);
            let span = |column| row.number(column).map(|us| us.map(Duration::from_micros));
            let took = Percentiles {
                count: row.must("n", Columns::number)?,
                p50: span("p50")?,
                p95: span("p95")?,
                p99: span("p99")?,
            };
            match row.must("what", Columns::text)?.as_str() {
                "answer" => timings.answers = took,
                "report" => timings.reports = took,
                _ => timings.calls.push(CallTimes {
                    provider: row.must("provider", Columns::text)?,
                    calls: row.must("calls", Columns::number)?,
                    accepted: row.must("accepted", Columns::number)?,
                    ambiguous: row.must("ambiguous", Columns::number)?,
                    refused: row.must("refused", Columns::number)?,
                    failed: row.must("failed", Columns::number)?,
                    took,
                }),
            }
        }
        Ok(timings)
    }
}
