use std::ops::DerefMut as _;

use otp::Fact;
use sqlx::{Connection as _, SqliteConnection};

use super::{SqliteLedger, fault, write};
use crate::ApplyError;
use crate::error::Fault;
use crate::rows::Applied;

impl SqliteLedger {
    pub(crate) async fn apply(&self, facts: &[Fact]) -> Result<Applied, ApplyError> {
        if facts.is_empty() {
            return Ok(Applied::default());
        }
        let facts = facts.to_vec();
        let applied = self
            .writing(move |connection| Box::pin(async move { enter(connection, &facts).await }))
            .await??;
        Ok(applied)
    }
}

async fn enter(connection: &mut SqliteConnection, facts: &[Fact]) -> Result<Applied, Fault> {
    match together(connection, facts).await {
        Err(Fault::Content(_)) => one_by_one(connection, facts).await,
        other => other,
    }
}

/// The usual way: nothing is refused.
async fn together(connection: &mut SqliteConnection, facts: &[Fact]) -> Result<Applied, Fault> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault::of)?;
    write::facts(&mut transaction, facts).await.map_err(fault::of)?;
    transaction.commit().await.map_err(fault::of)?;
    Ok(Applied::default())
}

/// Something was refused: again, with a savepoint around each fact, so that the refused ones leave nothing behind.
async fn one_by_one(connection: &mut SqliteConnection, facts: &[Fact]) -> Result<Applied, Fault> {
    let mut applied = Applied::default();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault::of)?;
    for (position, fact) in facts.iter().enumerate() {
        let mut savepoint = transaction.deref_mut().begin().await.map_err(fault::of)?;
        match write::fact(&mut savepoint, fact).await.map_err(fault::of) {
            Ok(()) => savepoint.commit().await.map_err(fault::of)?,
            Err(Fault::Content(reason)) => {
                savepoint.rollback().await.map_err(fault::of)?;
                applied.quarantined.push((position, format!("{}: {reason}", fact.kind())));
            }
            Err(other) => return Err(other),
        }
    }
    transaction.commit().await.map_err(fault::of)?;
    Ok(applied)
}

#[cfg(test)]
mod tests {
    use otp::{AttemptStarted, Fact};
    use uuid::Uuid;

    use super::SqliteLedger;
    use crate::{ApplyError, Options};

    fn starts(many: u128) -> Vec<Fact> {
        let start = |n| AttemptStarted {
            transaction: Uuid::from_u128(n).into(),
            n: 1,
            provider: "verify".to_owned(),
            started_at: jiff::Timestamp::UNIX_EPOCH,
        };
        (0..many).map(|n| Fact::AttemptStarted(start(n))).collect()
    }

    #[tokio::test]
    async fn a8_a_full_disk_is_transient_and_takes_no_part_of_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = SqliteLedger::open(path.to_str().unwrap(), Options::default()).await.unwrap();
        ledger.migrate().await.unwrap();
        ledger.apply(&starts(1)).await.unwrap();
        for _ in 0..3 {
            // A limit of this one connection, as if the disk ended there.
            sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&ledger.writer).await.unwrap();
            let error = ledger.apply(&starts(5_000)).await.unwrap_err();
            assert!(matches!(error, ApplyError::Unavailable(_)) && error.is_transient(), "{error}");
            assert_eq!(ledger.overview(None).await.unwrap().attempts["open"], 1, "all or nothing");
        }
        // The connection that failed was closed, so the limit is gone with it.
        ledger.apply(&starts(5_000)).await.unwrap();
        assert_eq!(ledger.overview(None).await.unwrap().attempts["open"], 5_000);
    }
}
