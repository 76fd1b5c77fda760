use jiff::Timestamp;

use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::Overview;
use crate::text::moment;

impl SqliteLedger {
    pub(crate) async fn overview(&self, since: Option<Timestamp>) -> Result<Overview, ReadError> {
        let rows = self
            .rows(
                sqlx::query(
                    "SELECT 'transactions' AS what, status AS word, count(*) AS n FROM otp_transactions
                    WHERE duplicate_of IS NULL AND (?1 IS NULL OR received_at >= ?1) GROUP BY status
                    UNION ALL
                    SELECT 'answers', answer, count(*) FROM otp_transactions
                    WHERE duplicate_of IS NULL AND answer IS NOT NULL AND (?1 IS NULL OR received_at >= ?1) GROUP BY answer
                    UNION ALL
                    SELECT 'verified', '', count(*) FROM otp_transactions
                    WHERE duplicate_of IS NULL AND verified_at IS NOT NULL AND (?1 IS NULL OR received_at >= ?1)
                    UNION ALL
                    SELECT 'duplicates', '', count(*) FROM otp_transactions
                    WHERE duplicate_of IS NOT NULL AND (?1 IS NULL OR received_at >= ?1)
                    UNION ALL
                    SELECT 'attempts', coalesce(outcome, 'open'), count(*) FROM send_attempts
                    WHERE ?1 IS NULL OR started_at >= ?1 GROUP BY outcome
                    UNION ALL
                    SELECT 'events', state, count(*) FROM okta_events
                    WHERE ?1 IS NULL OR received_at >= ?1 GROUP BY state
                    UNION ALL
                    SELECT 'reports', result, count(*) FROM feedback_reports
                    WHERE ?1 IS NULL OR reported_at >= ?1 GROUP BY result
                    UNION ALL
                    SELECT 'dead_letters', '', count(*) FROM dead_letters
                    WHERE replayed_at IS NULL AND (?1 IS NULL OR dead_at >= ?1)
                    UNION ALL
                    SELECT 'quarantined', '', count(*) FROM quarantine WHERE ?1 IS NULL OR received_at >= ?1",
                )
                .bind(since.map(moment)),
            )
            .await?;
        let mut overview = Overview::default();
        for row in &rows {
            let row = Columns(row);
            let word = row.must("word", Columns::text)?;
            let n: u64 = row.must("n", Columns::number)?;
            match row.must("what", Columns::text)?.as_str() {
                "transactions" => _ = overview.transactions.insert(word, n),
                "answers" => _ = overview.answers.insert(word, n),
                "attempts" => _ = overview.attempts.insert(word, n),
                "events" => _ = overview.events.insert(word, n),
                "reports" => _ = overview.reports.insert(word, n),
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
