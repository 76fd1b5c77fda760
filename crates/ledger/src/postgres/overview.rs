use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::PostgresLedger;
use super::word::number;
use crate::ReadError;
use crate::rows::Overview;
use crate::text::instant;

impl PostgresLedger {
    pub(crate) async fn overview(&self, since: Option<Timestamp>) -> Result<Overview, ReadError> {
        let rows = self
            .rows(sqlx::query!(
                r#"SELECT 'transactions' AS "what!", status AS "word!", count(*) AS "n!" FROM otp_transactions
                WHERE duplicate_of IS NULL AND ($1::timestamptz IS NULL OR received_at >= $1) GROUP BY status
                UNION ALL
                SELECT 'answers', answer, count(*) FROM otp_transactions
                WHERE duplicate_of IS NULL AND answer IS NOT NULL AND ($1 IS NULL OR received_at >= $1) GROUP BY answer
                UNION ALL
                SELECT 'verified', '', count(*) FROM otp_transactions
                WHERE duplicate_of IS NULL AND verified_at IS NOT NULL AND ($1 IS NULL OR received_at >= $1)
                UNION ALL
                SELECT 'duplicates', '', count(*) FROM otp_transactions
                WHERE duplicate_of IS NOT NULL AND ($1 IS NULL OR received_at >= $1)
                UNION ALL
                SELECT 'attempts', coalesce(outcome, 'open'), count(*) FROM send_attempts
                WHERE $1 IS NULL OR started_at >= $1 GROUP BY outcome
                UNION ALL
                SELECT 'events', state, count(*) FROM okta_events
                WHERE $1 IS NULL OR received_at >= $1 GROUP BY state
                UNION ALL
                SELECT 'reports', result, count(*) FROM feedback_reports
                WHERE $1 IS NULL OR reported_at >= $1 GROUP BY result
                UNION ALL
                SELECT 'dead_letters', '', count(*) FROM dead_letters
                WHERE replayed_at IS NULL AND ($1 IS NULL OR dead_at >= $1)
                UNION ALL
                SELECT 'quarantined', '', count(*) FROM quarantine WHERE $1 IS NULL OR received_at >= $1"#,
                since.map(|at| instant(at).to_sqlx()) as _,
            ))
            .await?;
        let mut overview = Overview::default();
        for row in rows {
            let n: u64 = number("n", row.n)?;
            match row.what.as_str() {
                "transactions" => _ = overview.transactions.insert(row.word, n),
                "answers" => _ = overview.answers.insert(row.word, n),
                "attempts" => _ = overview.attempts.insert(row.word, n),
                "events" => _ = overview.events.insert(row.word, n),
                "reports" => _ = overview.reports.insert(row.word, n),
                "verified" => overview.verified = n,
                "duplicates" => overview.duplicates = n,
                "dead_letters" => overview.dead_letters = n,
                "quarantined" => overview.quarantined = n,
                _ => {}
            }
        }
        Ok(overview)
    }
}
