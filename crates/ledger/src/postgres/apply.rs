use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::ops::Range;
use std::time::Duration;

use otp::Fact;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Error, Postgres, Transaction};

use super::{PostgresLedger, fault, write};
use crate::ApplyError;
use crate::error::Fault;
use crate::rows::Applied;

/// How often a batch that met another one begins again.
const TRIES: u32 = 6;

impl PostgresLedger {
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

async fn enter(connection: &mut PgConnection, facts: &[Fact]) -> Result<Applied, Fault> {
    let mut tried = 1;
    loop {
        match once(connection, facts).await {
            Err(error) if fault::met_another(&error) && tried < TRIES => {
                tokio::time::sleep(jitter(tried)).await;
                tried += 1;
            }
            other => return other.map_err(fault::of),
        }
    }
}

async fn once(connection: &mut PgConnection, facts: &[Fact]) -> Result<Applied, Error> {
    match together(connection, facts).await? {
        None => Ok(Applied::default()),
        Some(_) => {
            let mut transaction = connection.begin().await?;
            match apart(&mut transaction, facts).await {
                Ok(applied) => transaction.commit().await.map(|()| applied),
                Err(error) => undone(transaction, error).await,
            }
        }
    }
}

/// Enters `facts`, or nothing of them and says what the database has against their content. In a transaction, or, where there is one
/// already, behind a savepoint.
async fn together(connection: &mut PgConnection, facts: &[Fact]) -> Result<Option<String>, Error> {
    let mut transaction = connection.begin().await?;
    match write::facts(&mut transaction, facts).await {
        Ok(()) => transaction.commit().await.map(|()| None),
        Err(error) => match fault::refusal(&error) {
            Some(reason) => transaction.rollback().await.map(|()| Some(reason)),
            None => undone(transaction, error).await,
        },
    }
}

/// What failed is more telling than that there may be nothing to roll back on any more.
async fn undone<T>(transaction: Transaction<'_, Postgres>, error: Error) -> Result<T, Error> {
    let _ = transaction.rollback().await;
    Err(error)
}

/// Something is refused: halves, and halves of halves, until the refused facts stand alone. All others are entered.
async fn apart(connection: &mut PgConnection, facts: &[Fact]) -> Result<Applied, Error> {
    let mut applied = Applied::default();
    let mut waiting = halves(0..facts.len());
    while let Some(range) = waiting.pop() {
        let part = facts.get(range.clone()).unwrap_or_default();
        match (together(connection, part).await?, part) {
            (None, _) => {}
            (Some(reason), [fact]) => {
                applied.quarantined.push((range.start, format!("{}: {reason}", fact.kind())));
            }
            (Some(_), _) => waiting.extend(halves(range)),
        }
    }
    applied.quarantined.sort_unstable();
    Ok(applied)
}

fn halves(range: Range<usize>) -> Vec<Range<usize>> {
    let middle = range.start + range.len() / 2;
    // One fact is not halved further; the empty half is left out.
    [range.start..middle, middle..range.end].into_iter().filter(|half| !half.is_empty()).collect()
}

/// Longer with every try, and not the same on two nodes.
fn jitter(tried: u32) -> Duration {
    let chance = RandomState::new().build_hasher().finish() % 1_000;
    Duration::from_micros((5_000 << tried) * (500 + chance) / 1_000)
}
