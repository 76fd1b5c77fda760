use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;
use crate::rows::{MOST_ROWS, UnresolvedQuery, UnresolvedSend};
use crate::text::moment;

const UNRESOLVED: &str = "
    SELECT a.transaction_id, a.n, a.provider, a.started_at, a.ended_at, a.http_status, a.provider_code, t.org, t.channel,
        t.phone_sealed, t.phone_hmac, coalesce(t.status, 'received') AS status, t.otp_expires_at, t.received_at,
        d.id IS NOT NULL AS receipt, d.provider_ref, d.attempt_ref
    FROM send_attempts a
    LEFT JOIN otp_transactions t ON t.id = a.transaction_id
    LEFT JOIN delivery_receipts d ON d.id = (
        SELECT r.id FROM delivery_receipts r
        WHERE r.transaction_id = a.transaction_id AND r.provider = a.provider
        ORDER BY r.received_at DESC, r.id DESC
        LIMIT 1
    )
    WHERE a.outcome = 'ambiguous' AND (a.started_at, a.transaction_id, a.n) > (?1, ?2, ?3) AND a.started_at <= ?4
    ORDER BY a.started_at, a.transaction_id, a.n
    LIMIT ?5";

const ATTRIBUTED: &str = "
    SELECT coalesce(attempt_ref, provider_ref) AS reference FROM send_attempts
    WHERE provider_ref = ?1 AND outcome = 'accepted' AND (transaction_id, n) <> (?2, ?3)";

const NEXT: &str = "
    SELECT min(a.started_at) AS next FROM send_attempts a JOIN otp_transactions t ON t.id = a.transaction_id
    WHERE a.started_at > ?1 AND a.started_at <= ?2 AND a.provider = ?3 AND a.transaction_id <> ?4 AND t.phone_hmac = ?5
        AND coalesce(a.outcome, 'ambiguous') IN ('accepted', 'ambiguous')
        AND coalesce(a.attempt_ref, a.provider_ref) IS NULL";

impl SqliteLedger {
    pub(crate) async fn unresolved_sends(
        &self,
        query: &UnresolvedQuery,
    ) -> Result<Vec<UnresolvedSend>, ReadError> {
        let (started_at, transaction, n) = query.place();
        let rows = self
            .rows(
                sqlx::query(UNRESOLVED)
                    .bind(moment(started_at))
                    .bind(transaction.to_string())
                    .bind(n)
                    .bind(moment(query.started_before))
                    .bind(query.limit.min(MOST_ROWS)),
            )
            .await?;
        rows.iter().map(|row| unresolved(&Columns(row))).collect()
    }

    pub(crate) async fn attributed(
        &self,
        send: &UnresolvedSend,
        provider_ref: &str,
    ) -> Result<Vec<String>, ReadError> {
        let query =
            sqlx::query(ATTRIBUTED).bind(provider_ref).bind(send.transaction.to_string()).bind(send.n);
        let rows = self.rows(query).await?;
        rows.iter().map(|row| Columns(row).must("reference", Columns::text)).collect()
    }

    pub(crate) async fn next_send(
        &self,
        send: &UnresolvedSend,
    ) -> Result<Option<jiff::Timestamp>, ReadError> {
        let (first, last) = send.soon_after();
        let query = sqlx::query(NEXT)
            .bind(moment(first))
            .bind(moment(last))
            .bind(&send.provider)
            .bind(send.transaction.to_string())
            .bind(send.phone_hmac.as_ref().map(otp::PhoneHmac::as_str));
        let rows = self.rows(query).await?;
        rows.first().map_or(Ok(None), |row| Columns(row).moment("next"))
    }
}

fn unresolved(row: &Columns<'_>) -> Result<UnresolvedSend, ReadError> {
    let receipt = row.must("receipt", Columns::number::<i64>)? != 0;
    let references = (row.text("provider_ref")?, row.text("attempt_ref")?);
    Ok(UnresolvedSend {
        transaction: row.must("transaction_id", Columns::id)?,
        n: row.must("n", Columns::number)?,
        provider: row.must("provider", Columns::text)?,
        started_at: row.must("started_at", Columns::moment)?,
        ended_at: row.must("ended_at", Columns::moment)?,
        http_status: row.number("http_status")?,
        provider_code: row.text("provider_code")?,
        org: row.word("org")?,
        channel: row.word("channel")?,
        phone_sealed: row.text("phone_sealed")?,
        phone_hmac: row.word("phone_hmac")?,
        status: row.must("status", Columns::word)?,
        otp_expires_at: row.moment("otp_expires_at")?,
        received_at: row.moment("received_at")?,
        receipt: receipt.then_some(references),
    })
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::{SqliteLedger, UNRESOLVED};
    use crate::Options;

    #[tokio::test]
    async fn c5_unresolved_sends_are_found_by_their_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = SqliteLedger::open(path.to_str().unwrap(), Options::default()).await.unwrap();
        ledger.migrate().await.unwrap();
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {UNRESOLVED}"));
        let steps = sqlx::query(explain).fetch_all(&ledger.readers).await.unwrap();
        // What a step belongs to (0 is the statement itself), and what it does.
        let plan: Vec<(i64, String)> =
            steps.iter().map(|step| (step.get("parent"), step.get("detail"))).collect();
        let begins = "SEARCH a USING INDEX send_attempts_unresolved ((started_at,transaction_id,n)>(?,?,?) AND started_at<?)";
        assert_eq!(plan[0], (0, begins.to_owned()), "{plan:#?}");
        assert!(plan.iter().all(|(_, step)| !step.starts_with("SCAN")), "{plan:#?}");
        let sorts = |(parent, step): &(i64, String)| *parent == 0 && step.contains("TEMP B-TREE");
        assert!(!plan.iter().any(sorts), "the index has their order: {plan:#?}");
        let receipts = "INDEX delivery_receipts_transaction (transaction_id=?)";
        assert!(plan.iter().any(|(_, step)| step.ends_with(receipts)), "{plan:#?}");
    }
}
