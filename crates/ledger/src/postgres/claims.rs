use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::{PostgresLedger, fault};
use crate::ApplyError;
use crate::rows::ReportClaim;
use crate::text::{instant, text};

impl PostgresLedger {
    pub(crate) async fn claim_report(
        &self,
        subject: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<ReportClaim, ApplyError> {
        let (subject, holder) = (text(subject), text(holder));
        // Written in any case, so that what is answered is what stands there, and not what this statement saw when it began.
        let claim = sqlx::query!(
            r#"INSERT INTO report_claims AS c (subject, holder, until, done, doubtful)
            VALUES ($1, $2, $4, FALSE, FALSE)
            ON CONFLICT (subject) DO UPDATE SET (holder, until, done, doubtful) = (
                SELECT $2, $4, FALSE, NOT c.done AND (c.doubtful OR c.holder <> $2)
                WHERE c.until <= $3 OR (c.holder = $2 AND NOT c.done)
                UNION ALL
                SELECT c.holder, c.until, c.done, c.doubtful
                WHERE NOT (c.until <= $3 OR (c.holder = $2 AND NOT c.done))
            )
            RETURNING c.holder = $2 AS "ours!", c.until AS "until: jiff_sqlx::Timestamp", c.done, c.doubtful"#,
            subject.as_ref(),
            holder.as_ref(),
            instant(now).to_sqlx() as _,
            instant(now.saturating_add(ttl).unwrap_or(Timestamp::MAX)).to_sqlx() as _,
        );
        let row = self
            .writing(move |connection| {
                Box::pin(async move { claim.fetch_one(connection).await.map_err(fault::of) })
            })
            .await??;
        Ok(match (row.done, row.ours) {
            (true, _) => ReportClaim::Done { until: row.until.to_jiff() },
            (false, true) => ReportClaim::Granted { doubtful: row.doubtful },
            (false, false) => ReportClaim::Held,
        })
    }

    pub(crate) async fn settle_claim(
        &self,
        subject: &str,
        holder: &str,
        done: Option<Timestamp>,
    ) -> Result<(), ApplyError> {
        let (subject, holder) = (text(subject).into_owned(), text(holder).into_owned());
        self.writing(move |connection| {
            Box::pin(async move {
                let settled = match done {
                    None => {
                        sqlx::query!(
                            "DELETE FROM report_claims WHERE subject = $1 AND holder = $2 AND NOT done",
                            subject,
                            holder,
                        )
                        .execute(connection)
                        .await
                    }
                    // It had its effect, whoever holds the claim by now.
                    Some(until) => {
                        sqlx::query!(
                            "INSERT INTO report_claims AS c (subject, holder, until, done, doubtful)
                            VALUES ($1, $2, $3, TRUE, FALSE)
                            ON CONFLICT (subject) DO UPDATE SET
                                holder = excluded.holder, until = excluded.until, done = TRUE, doubtful = FALSE",
                            subject,
                            holder,
                            instant(until).to_sqlx() as _,
                        )
                        .execute(connection)
                        .await
                    }
                };
                settled.map(drop).map_err(fault::of)
            })
        })
        .await??;
        Ok(())
    }
}
