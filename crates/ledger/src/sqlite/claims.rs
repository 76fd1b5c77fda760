use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row as _;

use super::{SqliteLedger, fault};
use crate::ApplyError;
use crate::rows::{ClaimEnd, ReportClaim};
use crate::text::{moment, text};

impl SqliteLedger {
    pub(crate) async fn claim_reports(
        &self,
        subjects: &[String],
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Vec<ReportClaim>, ApplyError> {
        let mut claims = Vec::with_capacity(subjects.len());
        for subject in subjects {
            claims.push(self.claim_report(subject, holder, now, ttl).await?);
        }
        Ok(claims)
    }

    async fn claim_report(
        &self,
        subject: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<ReportClaim, ApplyError> {
        let claim = sqlx::query(
            "INSERT INTO report_claims AS c (subject, holder, until, done, doubtful) VALUES (?1, ?2, ?4, FALSE, FALSE)
            ON CONFLICT (subject) DO UPDATE SET (holder, until, done, doubtful) = (
                SELECT ?2, ?4, FALSE, NOT c.done AND (c.doubtful OR c.holder <> ?2)
                WHERE c.until <= ?3 OR (c.holder = ?2 AND NOT c.done)
                UNION ALL
                SELECT c.holder, c.until, c.done, c.doubtful
                WHERE NOT (c.until <= ?3 OR (c.holder = ?2 AND NOT c.done))
            )
            RETURNING holder = ?2 AS ours, done, doubtful, until",
        )
        .bind(text(subject).into_owned())
        .bind(text(holder).into_owned())
        .bind(moment(now))
        .bind(moment(now.saturating_add(ttl).unwrap_or(Timestamp::MAX)));
        let (ours, done, doubtful, until) = self
            .writing(move |connection| {
                Box::pin(async move {
                    let row = claim.fetch_one(connection).await.map_err(fault::of)?;
                    let read = |column: &str| row.try_get::<bool, _>(column).map_err(fault::of);
                    let until: String = row.try_get("until").map_err(fault::of)?;
                    Ok::<_, crate::error::Fault>((read("ours")?, read("done")?, read("doubtful")?, until))
                })
            })
            .await??;
        Ok(match (done, ours) {
            (true, _) => {
                let until =
                    until.parse().map_err(|_| ApplyError::Failed("a claim without a moment".into()))?;
                ReportClaim::Done { until }
            }
            (false, true) => ReportClaim::Granted { doubtful },
            (false, false) => ReportClaim::Held,
        })
    }

    pub(crate) async fn settle_claims(&self, ends: &[ClaimEnd], holder: &str) -> Result<(), ApplyError> {
        for end in ends {
            self.settle_claim(&end.subject, holder, end.done).await?;
        }
        Ok(())
    }

    async fn settle_claim(
        &self,
        subject: &str,
        holder: &str,
        done: Option<Timestamp>,
    ) -> Result<(), ApplyError> {
        let settle = match done {
            None => sqlx::query("DELETE FROM report_claims WHERE subject = ?1 AND holder = ?2 AND NOT done"),
            // It had its effect, whoever holds the claim by now.
            Some(_) => sqlx::query(
                "INSERT INTO report_claims (subject, holder, until, done, doubtful) VALUES (?1, ?2, ?3, TRUE, FALSE)
                ON CONFLICT (subject) DO UPDATE SET
                    holder = excluded.holder, until = excluded.until, done = TRUE, doubtful = FALSE",
            ),
        };
        let settle = settle.bind(text(subject).into_owned()).bind(text(holder).into_owned());
        let settle = match done {
            None => settle,
            Some(until) => settle.bind(moment(until)),
        };
        self.writing(move |connection| {
            Box::pin(async move { settle.execute(connection).await.map(drop).map_err(fault::of) })
        })
        .await??;
        Ok(())
    }
}
