//! The ledger in Postgres, which may be away, slow, stopped or full at any moment.
//!
//! Every call has a deadline on this side, because a server that is stopped keeps no deadline of its own. A connection whose call
//! failed or was given up is cut, never lent again.

mod activity;
mod answers;
mod apply;
mod attention;
mod claims;
mod durability;
mod erase;
mod examine;
mod fault;
mod listing;
mod loan;
mod log_cursor;
mod matching;
mod migrate;
mod open;
mod overview;
mod purge;
mod records;
mod timings;
mod unattributed;
mod unresolved;
mod untold;
mod word;
mod write;

use std::pin::Pin;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::query::Map;
use sqlx::{Error, Postgres};

use self::loan::Loan;
use crate::ReadError;
use crate::error::Fault;

#[derive(Clone)]
pub(crate) struct PostgresLedger {
    writer: PgPool,
    /// For questions while a code or an event waits.
    askers: PgPool,
    /// For people.
    readers: PgPool,
    /// The most any one call may take.
    limit: Duration,
    /// The most a write may take that goes on behind the back of its caller.
    patience: Duration,
    require_durable: bool,
}

impl PostgresLedger {
    pub(crate) fn within(&self, limit: Duration) -> Self {
        Self { limit: limit.min(self.limit), ..self.clone() }
    }

    pub(crate) async fn close(&self) {
        // A server that is stopped says no goodbye.
        let closed = async { tokio::join!(self.askers.close(), self.readers.close(), self.writer.close()) };
        let _ = tokio::time::timeout(self.patience, closed).await;
    }

    /// Runs `work` on a connection for writing, in a task of its own, and waits no longer than the limit. The task goes on when the
    /// caller gives up: a write that is cancelled half way leaves its transaction open on the connection (sqlx 0.9.0), and the next
    /// one's commit would be none.
    async fn writing<T, E>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> Work<'c, T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Fault>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let patience = self.patience;
        self.timed(async {
            let mut loan = Loan::from(&self.writer).await.map_err(fault::of)?;
            let task = tokio::spawn(async move {
                let done = tokio::time::timeout(patience, work(&mut loan)).await;
                if matches!(done, Ok(Ok(_))) {
                    loan.give_back();
                }
                done.map_err(|_| Fault::Timeout(patience))
            });
            task.await.map_err(|panic| Fault::Failed(panic.into()))?
        })
        .await
    }

    async fn timed<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        tokio::time::timeout(self.limit, work).await.unwrap_or(Err(Fault::Timeout(self.limit)))
    }

    /// Every row of a query for people.
    async fn rows<F, T>(&self, query: Query<F>) -> Result<Vec<T>, ReadError>
    where
        F: FnMut(PgRow) -> Result<T, Error> + Send,
        T: Send + Unpin,
    {
        self.read(&self.readers, query).await
    }

    /// The one row of a query for people, if there is one.
    async fn row<F, T>(&self, query: Query<F>) -> Result<Option<T>, ReadError>
    where
        F: FnMut(PgRow) -> Result<T, Error> + Send,
        T: Send + Unpin,
    {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Every row of a query that a code or an event waits for.
    async fn ask<F, T>(&self, query: Query<F>) -> Result<Vec<T>, ReadError>
    where
        F: FnMut(PgRow) -> Result<T, Error> + Send,
        T: Send + Unpin,
    {
        self.read(&self.askers, query).await
    }

    async fn read<F, T>(&self, pool: &PgPool, query: Query<F>) -> Result<Vec<T>, ReadError>
    where
        F: FnMut(PgRow) -> Result<T, Error> + Send,
        T: Send + Unpin,
    {
        let read = async {
            let mut loan = Loan::from(pool).await?;
            let rows = query.fetch_all(&mut *loan).await?;
            loan.give_back();
            Ok(rows)
        };
        Ok(self.timed(async { read.await.map_err(fault::of) }).await?)
    }
}

/// A checked query with its values.
type Query<F> = Map<'static, Postgres, F, PgArguments>;

/// What [`PostgresLedger::writing`] runs.
type Work<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;
