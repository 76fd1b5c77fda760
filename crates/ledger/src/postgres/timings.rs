use std::time::Duration;

use jiff_sqlx::ToSqlx as _;

use super::PostgresLedger;
use super::word::number;
use crate::ReadError;
use crate::rows::{ActivityQuery, CallTimes, Percentiles, Timings};
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn timings(&self, query: &ActivityQuery) -> Result<Timings, ReadError> {
        let rows = self
            .rows(sqlx::query!(
                r#"WITH timed AS (
                    SELECT 'answer' AS what, '' AS provider, 'accepted' AS outcome, begun, ended FROM (
                        SELECT received_at AS begun, answered_at AS ended FROM otp_transactions
                        WHERE received_at >= $1 AND received_at < $2 AND answered_at IS NOT NULL AND duplicate_of IS NULL
                        ORDER BY received_at DESC NULLS LAST LIMIT $3
                    ) answers
                    UNION ALL
                    SELECT 'call', provider, outcome, begun, ended FROM (
                        SELECT provider, outcome, started_at AS begun, ended_at AS ended FROM send_attempts
                        WHERE started_at >= $1 AND started_at < $2
                        ORDER BY started_at DESC LIMIT $3
                    ) calls
                    UNION ALL
                    SELECT 'report', '', 'accepted', begun, ended FROM (
                        SELECT e.received_at AS begun, r.reported_at AS ended
                        FROM (
                            SELECT org, event_uuid, reported_at FROM feedback_reports
                            WHERE reported_at >= $1 AND reported_at < $2 AND result = 'reported'
                            ORDER BY reported_at DESC LIMIT $3
                        ) r
                        JOIN LATERAL (
                            SELECT received_at FROM okta_events
                            WHERE okta_events.uuid = r.event_uuid AND okta_events.org = r.org AND received_at IS NOT NULL
                            LIMIT 1
                        ) e ON TRUE
                    ) reports
                ), measured AS (
                    SELECT what, provider, outcome,
                        CASE WHEN ended < begun THEN 0 ELSE (extract(epoch FROM ended - begun) * 1000000)::bigint END AS us
                    FROM timed
                ), ranked AS (
                    SELECT what, provider, outcome, us,
                        row_number() OVER (PARTITION BY what, provider ORDER BY us NULLS LAST) AS place,
                        count(us) OVER (PARTITION BY what, provider) AS n
                    FROM measured
                )
                SELECT what AS "what!", provider AS "provider!", count(*) AS "calls!", max(n) AS "n!",
                    count(*) FILTER (WHERE outcome = 'accepted') AS "accepted!",
                    count(*) FILTER (WHERE outcome = 'ambiguous') AS "ambiguous!",
                    count(*) FILTER (WHERE outcome LIKE 'rejected%') AS "refused!",
                    count(*) FILTER (WHERE outcome IN ('not_sent', 'misconfigured')) AS "failed!",
                    min(us) FILTER (WHERE place * 100 >= n * 50) AS p50,
                    min(us) FILTER (WHERE place * 100 >= n * 95) AS p95,
                    min(us) FILTER (WHERE place * 100 >= n * 99) AS p99
                FROM ranked GROUP BY what, provider ORDER BY what, provider"#,
                instant(query.since).to_sqlx() as _,
                instant(query.until).to_sqlx() as _,
                query.most_timed(),
            ))
            .await?;
        let mut timings = Timings::default();
        let span = |column, us: Option<i64>| -> Result<Option<Duration>, ReadError> {
            us.map(|us| number(column, us).map(Duration::from_micros)).transpose()
        };
        for row in rows {
            let took = Percentiles {
                count: number("n", row.n)?,
                p50: span("p50", row.p50)?,
                p95: span("p95", row.p95)?,
                p99: span("p99", row.p99)?,
            };
            match row.what.as_str() {
                "answer" => timings.answers = took,
                "report" => timings.reports = took,
                _ => timings.calls.push(CallTimes {
                    provider: row.provider,
                    calls: number("calls", row.calls)?,
                    accepted: number("accepted", row.accepted)?,
                    ambiguous: number("ambiguous", row.ambiguous)?,
                    refused: number("refused", row.refused)?,
                    failed: number("failed", row.failed)?,
                    took,
                }),
            }
        }
        Ok(timings)
    }
}
