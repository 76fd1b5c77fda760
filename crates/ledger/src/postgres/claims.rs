use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::{PostgresLedger, fault};
use crate::ApplyError;
use crate::error::Fault;
use crate::rows::{ClaimEnd, ReportClaim};
use crate::text::{instant, text};

/// All in the order of their subjects, so that of two holders who write at once only one ever waits for the other.
impl PostgresLedger {
    pub(crate) async fn claim_reports(
        &self,
        subjects: &[String],
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Vec<ReportClaim>, ApplyError> {
        let asked: Vec<String> = subjects.iter().map(|subject| text(subject).into_owned()).collect();
        let holder = text(holder);
        let mut each = asked.clone();
        each.sort_unstable();
        each.dedup();
        // Written in any case, so that what is answered is what stands there, and not what this statement saw when it began.
        let claim = sqlx::query!(
            r#"INSERT INTO report_claims AS c (subject, holder, until, done, doubtful)
            SELECT asked.subject, $2, $4, FALSE, FALSE FROM unnest($1::text[]) AS asked (subject)
            ON CONFLICT (subject) DO UPDATE SET (holder, until, done, doubtful) = (
                SELECT $2, $4, FALSE, NOT c.done AND (c.doubtful OR c.holder <> $2)
                WHERE c.until <= $3 OR (c.holder = $2 AND NOT c.done)
                UNION ALL
                SELECT c.holder, c.until, c.done, c.doubtful
                WHERE NOT (c.until <= $3 OR (c.holder = $2 AND NOT c.done))
            )
            RETURNING c.subject, c.holder = $2 AS "ours!", c.until AS "until: jiff_sqlx::Timestamp", c.done, c.doubtful"#,
            &each,
            holder.as_ref(),
            instant(now).to_sqlx() as _,
            instant(now.saturating_add(ttl).unwrap_or(Timestamp::MAX)).to_sqlx() as _,
        );
        let rows = self
            .writing(move |connection| {
                Box::pin(async move { claim.fetch_all(connection).await.map_err(fault::of) })
            })
            .await??;
        let claims: BTreeMap<String, ReportClaim> = rows
            .into_iter()
            .map(|row| {
                let claim = match (row.done, row.ours) {
                    (true, _) => ReportClaim::Done { until: row.until.to_jiff() },
                    (false, true) => ReportClaim::Granted { doubtful: row.doubtful },
                    (false, false) => ReportClaim::Held,
                };
                (row.subject, claim)
            })
            .collect();
        let answered: Option<_> = asked.iter().map(|subject| claims.get(subject).copied()).collect();
        answered.ok_or_else(|| ApplyError::Failed("a claim was not answered".into()))
    }

    pub(crate) async fn settle_claims(&self, ends: &[ClaimEnd], holder: &str) -> Result<(), ApplyError> {
        let holder = text(holder).into_owned();
        let (mut given_back, mut done) = (Vec::new(), BTreeMap::new());
        for end in ends {
            let subject = text(&end.subject).into_owned();
            match end.done {
                None => given_back.push(subject),
                Some(until) => {
                    let kept = done.entry(subject).or_insert(until);
                    *kept = until.max(*kept);
                }
            }
        }
        given_back.sort_unstable();
        let (subjects, until): (Vec<_>, Vec<_>) =
            done.into_iter().map(|(subject, until)| (subject, instant(until).to_sqlx())).unzip();
        self.writing(move |connection| {
            Box::pin(async move {
                if !given_back.is_empty() {
                    sqlx::query!(
                        "DELETE FROM report_claims WHERE subject = ANY($1::text[]) AND holder = $2 AND NOT done",
                        &given_back,
                        holder,
                    )
                    .execute(&mut *connection)
                    .await
                    .map_err(fault::of)?;
                }
                if !subjects.is_empty() {
                    // It had its effect, whoever holds the claim by now.
                    sqlx::query!(
                        "INSERT INTO report_claims AS c (subject, holder, until, done, doubtful)
                        SELECT ended.subject, $2, ended.until, TRUE, FALSE
                        FROM unnest($1::text[], $3::timestamptz[]) AS ended (subject, until)
                        ON CONFLICT (subject) DO UPDATE SET
                            holder = excluded.holder, until = excluded.until, done = TRUE, doubtful = FALSE",
                        &subjects,
                        holder,
                        &until as _,
                    )
                    .execute(connection)
                    .await
                    .map_err(fault::of)?;
                }
                Ok::<_, Fault>(())
            })
        })
        .await??;
        Ok(())
    }
}
